"""The HTTP response inside a record: its header, its body without transfer and content codings, and what type it is.

Archives are full of responses whose header and body disagree: crawlers undo a coding and keep its header, servers cut bodies
and miscount chunks. As browsers do, what can be read is kept; only a body of which nothing can be read is an error.
"""

import re
import zlib
from dataclasses import dataclass
from io import BytesIO

from fastwarc.stream_io import BrotliReader, WarcReader, ZstdReader

from pipeline.archives.frames import MAX_HEAD
from pipeline.errors import RecordError

LINE = 1024
"""Bytes in which a status line must begin."""
STEP = 1 << 14
"""Compressed bytes a call: what damage costs of the body before it."""

_HEAD_END = re.compile(rb"\r?\n\r?\n")
_STATUS = re.compile(rb"\s*HTTP(?:/\S*)?[ \t]+(\d{3})?")
_CHUNK = re.compile(rb"[ \t]*([0-9A-Fa-f]{1,15})[ \t]*(?:;[^\r\n]*)?\r?\n")
_CHARSET = re.compile(r"charset\s*=\s*(?:[\"']\s*)?([^\s\"';,]+)", re.IGNORECASE)
_MEDIA_TYPE = re.compile(r"\s*([\w!#$&^.+-]+/[\w!#$&^.+-]+)\s*(?:[;,]|$)", re.ASCII)
_GENERIC = ("application/octet-stream", "text/plain", "application/unknown", "unknown/unknown")
_PAGES = ("text/html", "application/xhtml+xml")
_HTML = re.compile(
    # what browsers take for HTML: https://mimesniff.spec.whatwg.org/#identifying-a-resource-with-an-unknown-mime-type
    rb"<(?:!doctype html|html|head|script|iframe|h1|div|font|table|a|style|title|b|body|br|p|!--)[\s>]",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Response:
    """A response: status (None where the status line has none), header fields, and the payload as it was archived."""

    status: int | None
    fields: dict[str, str]
    payload: bytes


def header_fields(head: bytes) -> dict[str, str]:
    """Fields by lower-case name from all lines but the first; the first of a name wins, folded lines are joined."""
    fields: dict[str, str] = {}
    folded: dict[str, list[str]] = {}
    name = ""
    for line in head.decode("utf-8", "replace").split("\n")[1:]:
        if line[:1] in {" ", "\t"}:
            if name:
                folded.setdefault(name, [fields[name]]).append(line.strip())
            continue
        key, colon, value = line.partition(":")
        name = key.strip().lower() if colon else ""
        if name in fields:
            name = ""
        if name:
            fields[name] = value.strip()
    return fields | {name: " ".join(lines) for name, lines in folded.items()} if folded else fields


def split_response(block: bytes) -> Response:
    """Header and payload of an HTTP response; RecordError `bad_http` where there is no header."""
    status = _STATUS.match(block[:LINE])
    if status is None:
        raise RecordError("bad_http", "the response does not begin with an HTTP status line")
    end = _HEAD_END.search(block, status.end(), MAX_HEAD)
    if end is None and len(block) > MAX_HEAD:
        raise RecordError("bad_http", f"the HTTP header has no end within {MAX_HEAD} bytes")
    stop = end.end() if end else len(block)
    return Response(int(status[1]) if status[1] else None, header_fields(block[:stop].lstrip()), block[stop:])


def decode_body(response: Response, limit: int) -> bytes:
    """The body without its codings.

    RecordError `bad_http` where nothing of it can be read, `over_size` where it has more than `limit` bytes.
    """
    body = response.payload
    if "chunked" in response.fields.get("transfer-encoding", "").lower():
        body = dechunk(body)
    codings = response.fields.get("content-encoding", "").lower().split(",")
    for coding in reversed(codings):
        body = _decode(coding.strip(), body, limit)
    if len(body) > limit:
        raise RecordError("over_size", f"the body has {len(body)} bytes, more than {limit}", by_limit=True)
    return body


def dechunk(payload: bytes) -> bytes:
    """A chunked payload's data up to the first size that is none; a payload that begins with none is not chunked."""
    parts: list[bytes] = []
    at = 0
    while size := _CHUNK.match(payload, at):
        length = int(size[1], 16)
        if length == 0:
            return b"".join(parts)
        parts.append(payload[size.end() : size.end() + length])
        at = size.end() + length
        at += 2 if payload.startswith(b"\r\n", at) else payload.startswith(b"\n", at)
    return b"".join(parts) if parts else payload


def _decode(coding: str, body: bytes, limit: int) -> bytes:
    """One coding undone; a body that is not coded that way, or a coding nobody knows, is left alone."""
    if coding in {"gzip", "x-gzip"} and body.startswith(b"\x1f\x8b"):
        plain = _inflate(body, 31, limit)
    elif coding == "deflate":  # RFC 9110 means zlib's format, some servers send bare deflate
        plain = _inflate(body, 15, limit) or _inflate(body, -15, limit)
    elif coding == "br":
        plain = _drain(BrotliReader(BytesIO(body)), limit)
    elif coding == "zstd" and body.startswith(b"\x28\xb5\x2f\xfd"):
        plain = _drain(ZstdReader(BytesIO(body)), limit)
    else:
        return body
    if not plain and body and is_html(body):
        return body
    if not plain and body:
        raise RecordError("bad_http", f"nothing of the body can be read as {coding}")
    return plain


def without_silent_gzip(response: Response, body: bytes, limit: int) -> bytes:
    """The body of a page that is still gzip although no header says so, as in some ARC files; others as they are.

    RecordError `over_size` where it has more than `limit` bytes.
    """
    declared = media_type(response.fields.get("content-type"))
    if not body.startswith(b"\x1f\x8b\x08") or not (declared is None or declared in _PAGES or declared in _GENERIC):
        return body
    plain = _inflate(body, 31, limit)
    if len(plain) > limit:
        raise RecordError("over_size", f"the body unpacks to more than {limit} bytes", by_limit=True)
    return plain if is_html(plain) else body


def _inflate(body: bytes, window: int, limit: int) -> bytes:
    """What zlib can read before the end, an error, or `limit`."""
    inflater, plain = zlib.decompressobj(window), bytearray()
    for start in range(0, len(body), STEP):
        data = body[start : start + STEP]
        while data and not inflater.eof and len(plain) <= limit:
            try:
                plain += inflater.decompress(data, limit + 1 - len(plain))
            except zlib.error:
                return bytes(plain)
            data = inflater.unconsumed_tail
    return bytes(plain)


def _drain(reader: WarcReader, limit: int) -> bytes:
    """What FastWARC's reader can read before the end, an error, or `limit`."""
    plain = bytearray()
    while len(plain) <= limit:
        try:
            part = reader.read(min(1 << 16, limit + 1 - len(plain)))
        except OSError:
            break
        if not part:
            break
        plain += part
    return bytes(plain)


def media_type(value: str | None) -> str | None:
    """The media type of a Content-Type, lower case and without parameters; None where there is none."""
    found = _MEDIA_TYPE.match(value or "")
    return found[1].lower() if found else None


def charset_of(value: str | None) -> str | None:
    """The charset of a Content-Type."""
    found = _CHARSET.search(value or "")
    return found[1] if found else None


def is_html(body: bytes) -> bool:
    """Whether a browser would take the body for HTML; in UTF-16 it looks the same between the zero bytes."""
    start = body[:1024].replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n\f")
    return _HTML.match(start) is not None or (start.startswith(b"<?xml") and b"<html" in start.lower())


def mime_of(identified: str | None, content_type: str | None, body: bytes) -> str | None:
    """What the crawler identified, else what the server declared, else (or where that says nothing) what it looks like."""
    if known := media_type(identified):
        return known
    declared = media_type(content_type)
    if declared is not None and declared not in _GENERIC:
        return declared
    return "text/html" if is_html(body) else declared
