"""What a span of an archive is to the rest of the pipeline: a page with its body, another record, or a corrupt region."""

import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Literal

from pipeline.archives.frames import Frame
from pipeline.archives.grammars import Arc, Grammar, arc_fields
from pipeline.archives.http_body import (
    Response,
    charset_of,
    dechunk,
    decode_body,
    header_fields,
    mime_of,
    split_response,
    without_silent_gzip,
)
from pipeline.errors import RecordError

_SHORT = "the record ends before its declared length"
_PAGES = ("response", "conversion")
_ARC = "arc"
_OTHERS = ("warcinfo", "request", "metadata", "revisit", "resource", "continuation")  # the rest of the standard's eight
_CUT_IN_ARC = ("x-commoncrawl-contenttruncated", "x_commoncrawl_contenttruncated")  # Common Crawl, 2008 to 2012
_TYPE = re.compile(rb"\nwarc-type: ?([a-z]+)\r?\n(?![ \t])")
_BASE32 = re.compile(r"[a-z2-7]{32}")
_DIGITS = str.maketrans("abcdefghijklmnopqrstuvwxyz234567", "0123456789abcdefghijklmnopqrstuv")  # as `int` reads them
_DATE = re.compile(
    # WARC's W3C dates down to the year alone, and ARC's 8 to 17 digits
    r"(\d{4})(?:-?(\d\d)(?:-?(\d\d)(?:[T ]?(\d\d):?(\d\d)(?::?(\d\d)(?:[.,]?(\d+))?)?)?)?)?\s*(?:Z|([+-])(\d\d):?(\d\d))?",
    re.ASCII,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One span of the input file; fields from `record_id` on are filled for pages only.

    `type` is the WARC-Type in lower case (`unknown` where the standard has no such type), `arc` for an ARC document. `length`
    counts input bytes up to the next record. `body` is without transfer and content codings. `payload_sha1_ok` is None where the
    archive gives no SHA-1 of the payload, `block_sha1_ok` where it gives none of the block, or not all of the block is there.
    `text` is what somebody else extracted, `dump` and `file_path` where they say it is from: None for a record of an archive.
    `error_reason` says why a page counts as failed, `error` how that showed.
    """

    kind: Literal["page", "other", "corrupt"]
    type: str
    offset: int
    length: int = 0
    record_id: str = ""
    url: str = ""
    date: datetime | None = None
    http_status: int | None = None
    mime: str | None = None
    http_charset: str | None = None
    body: bytes = b""
    text: str | None = None
    dump: str | None = None
    file_path: str | None = None
    payload_sha1_ok: bool | None = None
    block_sha1_ok: bool | None = None
    truncated: str | None = None
    error: str | None = None
    error_reason: str | None = None
    by_limit: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Head:
    """What the archive's own header says of a block; `http` says whether the block is an HTTP response."""

    type: str
    url: str
    date: datetime | None
    http: bool
    content_type: str
    record_id: str = ""
    identified: str | None = None
    digest: str | None = None
    block_digest: str | None = None
    truncated: str | None = None


def describe(frame: Frame, grammar: Grammar, name: str, limit: int) -> Record:
    """The record of a frame of file `name`; bodies of more than `limit` bytes are left out."""
    if frame.lost:
        return _corrupt(frame, frame.broken or "")
    head = _arc_head(frame) if isinstance(grammar, Arc) else _warc_head(frame)
    short = frame.short or frame.broken is not None
    if isinstance(head, _Head):
        return _page(frame, head, name, limit, short=short)
    if short:
        return _corrupt(frame, f"{_SHORT} (its type is {head})")
    return Record(kind="other", type=head, offset=frame.offset, length=frame.length)


def _corrupt(frame: Frame, why: str) -> Record:
    return Record(
        kind="corrupt",
        type="corrupt",
        offset=frame.offset,
        length=frame.length,
        error=why,
        error_reason="corrupt_record",
    )


def _warc_head(frame: Frame) -> _Head | str:
    """The header of a page, or only the type of another record."""
    if (other := _plainly_other(frame.head)) is not None:
        return other
    fields = header_fields(frame.head)
    kind = fields.get("warc-type", "").lower()
    if kind not in _PAGES:
        return kind if kind in _OTHERS else "unknown"
    content_type = fields.get("content-type", "")
    http = content_type.lower().startswith("application/http")
    return _Head(
        type=kind,
        url=(fields.get("warc-target-uri") or fields.get("uri", ""))
        .removeprefix("<")
        .removesuffix(">"),  # wget's habit
        date=parse_date(fields.get("warc-date") or fields.get("archive-date", "")),
        http=http or (kind == "response" and not content_type and frame.block[:5] == b"HTTP/"),
        content_type=content_type,
        record_id=fields.get("warc-record-id", ""),
        identified=fields.get("warc-identified-payload-type"),
        digest=fields.get("warc-payload-digest"),
        block_digest=fields.get("warc-block-digest"),
        truncated=fields.get("warc-truncated"),
    )


def _plainly_other(head: bytes) -> str | None:
    """The type of a record that is no page, where its header says it once and without ado; no other field is read then."""
    lower = head.lower()
    found = _TYPE.search(lower)
    kind = found[1].decode() if found and lower.count(b"warc-type") == 1 else None
    return kind if kind in _OTHERS else None


def _arc_head(frame: Frame) -> _Head | str:
    """The header of a document, or `filedesc` where the file describes itself."""
    fields = arc_fields(frame.head)
    if fields is None:
        raise AssertionError("an ARC frame begins with a document's line")
    url, date, mime = (field.decode("utf-8", "replace") for field in fields)
    scheme = url.partition(":")[0].lower()
    if scheme == "filedesc":
        return scheme
    return _Head(
        type=_ARC,
        url=url,
        date=parse_date(date),
        http=scheme in {"http", "https"},
        content_type=mime,
    )


def _page(frame: Frame, head: _Head, name: str, limit: int, *, short: bool) -> Record:
    """The page of a frame; whatever is wrong with it is said in the record, the first thing first."""
    response, body, failure = _read(frame, head, limit)
    if short:
        failure = RecordError("truncated_record", _SHORT)
    content_type = response.fields.get("content-type")
    return Record(
        kind="page",
        type=head.type,
        offset=frame.offset,
        length=frame.length,
        record_id=head.record_id or f"<gristmill:{name}:{frame.offset}>",
        url=head.url,
        date=head.date,
        http_status=response.status,
        mime=mime_of(head.identified, content_type, body),
        http_charset=charset_of(content_type),
        body=body,
        payload_sha1_ok=None if frame.over else _payload_ok(head.digest, response.payload, body),
        block_sha1_ok=None if frame.over or short else _sha1_ok(head.block_digest, frame.block),
        truncated=head.truncated or (_cut_in_arc(response) if head.type == _ARC else None),
        error=failure.detail if failure else None,
        error_reason=failure.reason if failure else None,
        by_limit=failure.by_limit if failure else False,
    )


def _read(frame: Frame, head: _Head, limit: int) -> tuple[Response, bytes, RecordError | None]:
    """The response in a frame, its body, and what went wrong."""
    response = Response(None, {} if head.http else {"content-type": head.content_type}, frame.block)
    try:
        if frame.over:
            raise RecordError("over_size", f"the record has more than {limit} bytes", by_limit=True)
        if head.http:
            response = split_response(frame.block)
            body = decode_body(response, limit)
            return response, without_silent_gzip(response, body, limit) if head.type == _ARC else body, None
    except RecordError as error:
        return response, b"", error
    return response, frame.block, None


def _cut_in_arc(response: Response) -> str | None:
    """Why Common Crawl's crawlers before WARC cut a page; they said it in a field that they added to the HTTP header."""
    return next((response.fields[name] for name in _CUT_IN_ARC if response.fields.get(name)), None)


def _payload_ok(digest: str | None, payload: bytes, body: bytes) -> bool | None:
    """Whether the payload has this digest.

    Crawlers take it of the payload as sent (wget, warcio), without its chunks (warcprox), or without any coding (Common Crawl).
    """
    answer = _sha1_ok(digest, payload)
    if answer is False and body != payload:
        return bool(_sha1_ok(digest, dechunk(payload)) or _sha1_ok(digest, body))
    return answer


def _sha1_ok(digest: str | None, data: bytes) -> bool | None:
    """Whether `data` has this SHA-1, in base 32 or hexadecimal; None where the digest is of another kind, or none."""
    algorithm, _, value = (digest or "").partition(":")
    if algorithm.strip().lower() not in {"sha1", "sha-1"}:
        return None
    sha1 = hashlib.sha1(data, usedforsecurity=False)
    value = value.strip().lower()
    if not _BASE32.fullmatch(value):
        return value == sha1.hexdigest()
    return int(value.translate(_DIGITS), 32) == int.from_bytes(sha1.digest())


def parse_date(value: str) -> datetime | None:
    """A WARC or ARC date in UTC; None where it is none."""
    found = _DATE.fullmatch(value.strip())
    if found is None:
        return None
    year, month, day, hour, minute, second, fraction, sign, hours, minutes = found.groups()
    try:
        zone = timezone(timedelta(hours=int(f"{sign}{hours}"), minutes=int(f"{sign}{minutes}"))) if sign else UTC
        time = (int(hour or 0), int(minute or 0), int(second or 0), int((fraction or "0")[:6].ljust(6, "0")))
        return datetime(int(year), int(month or 1), int(day or 1), *time, tzinfo=zone).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
