"""Writes captured pages as Common Crawl does: warcinfo, then request, response and metadata of each page, a gzip member each.

Nothing comes from the clock, the host or the system's randomness: dates count from a fixed evening, and record ids can be
read (`00000012-0003-4002-…` is page 12 of archive 3, 4001 its request, 4002 its response, 4003 its metadata).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import BytesIO
from urllib.parse import urlsplit

from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from jobs.synthetic.text import dice

CRAWL = "DEMO-2026-47"
_BEGIN = datetime(2026, 11, 20, 4, 0, 0, tzinfo=UTC)
_SECONDS_A_PAGE = 7
_AGENT = "gristmill-demo (no crawler: these pages were made up)"
FLIPPED, CUT = "flipped", "cut"


@dataclass(frozen=True, slots=True, kw_only=True)
class Capture:
    """One answer of a web server, and how its record is to be written.

    `mime` becomes WARC-Identified-Payload-Type (None: left out), `truncated` WARC-Truncated. `damage` is done to the record
    as compressed: `flipped` bytes in its middle, or the file `cut` off there. `kind`, `expectation` and `family` say what the
    page is planted to show; pages of a family have the same text.
    """

    url: str
    body: bytes
    status: str = "200 OK"
    content_type: str = "text/html; charset=UTF-8"
    fields: tuple[tuple[str, str], ...] = ()
    mime: str | None = "text/html"
    record: str = "response"
    truncated: str | None = None
    damage: str | None = None
    kind: str = ""
    expectation: str = ""
    family: str = ""


def archive_path(number: int) -> str:
    """Where archive `number` lies below the crawl's folder, as a line of `warc.paths` says it."""
    evening, end = (f"{moment:%Y%m%d%H%M%S}" for moment in (_BEGIN, _BEGIN + timedelta(hours=3)))
    segment = f"{_BEGIN.timestamp() * 1000:.0f}.{number % 100:02}"
    return f"crawl-data/{CRAWL}/segments/{segment}/warc/DEMO-{evening}-{end}-{number:05}.warc.gz"


def record_id(seed: int, archive: int, page: int, role: int = 2) -> str:
    """`urn:uuid:…` of a record; roles are 0 warcinfo, 1 request, 2 response, 3 metadata."""
    return f"urn:uuid:{page:08}-{archive:04}-400{role}-8000-{dice(seed, archive, page).getrandbits(48):012x}"


def archive_bytes(captures: list[Capture], *, seed: int, archive: int, first_page: int) -> Iterator[bytes]:
    """The archive in pieces; `first_page` counts the pages of the archives before it, for the dates."""
    yield _warcinfo(seed, archive)
    for page, capture in enumerate(captures):
        moment = _BEGIN + timedelta(seconds=_SECONDS_A_PAGE * (first_page + page))
        request, response, metadata = _members(capture, seed, archive, page, f"{moment:%Y-%m-%dT%H:%M:%SZ}")
        yield request
        if capture.damage == CUT:
            yield response[: len(response) // 2]
            return
        yield _flip(response) if capture.damage == FLIPPED else response
        yield metadata


def _warcinfo(seed: int, archive: int) -> bytes:
    headers = _headers(record_id(seed, archive, 0, 0), f"{_BEGIN:%Y-%m-%dT%H:%M:%SZ}")
    headers["WARC-Filename"] = archive_path(archive).rpartition("/")[2]
    text = (
        f"isPartOf: {CRAWL}\r\ndescription: a synthetic crawl, written to try Gristmill on\r\n"
        "format: WARC File Format 1.0\r\nrobots: not asked, because nobody was visited\r\n"
    )
    return _member("", "warcinfo", text.encode(), headers)


def _members(capture: Capture, seed: int, archive: int, page: int, date: str) -> tuple[bytes, bytes, bytes]:
    ids = [record_id(seed, archive, page, role) for role in range(4)]
    common = {
        "WARC-Warcinfo-ID": f"<{record_id(seed, archive, 0, 0)}>",
        "WARC-IP-Address": f"192.0.2.{1 + page % 250}",  # a block for documentation, RFC 5737
    }
    request = _headers(ids[1], date) | common
    response = _headers(ids[2], date) | common | {"WARC-Concurrent-To": f"<{ids[1]}>"} | _about(capture, date)
    metadata = _headers(ids[3], date) | {
        "WARC-Warcinfo-ID": common["WARC-Warcinfo-ID"],
        "WARC-Concurrent-To": f"<{ids[2]}>",
    }
    note = f"fetchTimeMs: {40 + page * 37 % 400}\r\n".encode()
    body = b"" if capture.record == "revisit" else capture.body
    return (
        _member(capture.url, "request", b"", request, _request_head(capture.url)),
        _member(capture.url, capture.record, body, response, _response_head(capture)),
        _member(capture.url, "metadata", note, metadata),
    )


def _headers(identity: str, date: str) -> dict[str, str]:
    return {"WARC-Record-ID": f"<{identity}>", "WARC-Date": date}


def _about(capture: Capture, date: str) -> dict[str, str]:
    about: dict[str, str] = {}
    if capture.mime:
        about["WARC-Identified-Payload-Type"] = capture.mime
    if capture.truncated:
        about["WARC-Truncated"] = capture.truncated
    if capture.record == "revisit":
        about["WARC-Profile"] = "http://netpreserve.org/warc/1.0/revisit/identical-payload-digest"
        about["WARC-Refers-To-Target-URI"] = capture.url
        about["WARC-Refers-To-Date"] = date.replace("2026-11-20", "2026-10-16")
    return about


def _request_head(url: str) -> StatusAndHeaders:
    parts = urlsplit(url)
    target = f"{parts.path}?{parts.query}" if parts.query else parts.path
    fields = [
        ("Host", parts.netloc),
        ("User-Agent", _AGENT),
        ("Accept", "text/html,*/*;q=0.5"),
        ("Connection", "close"),
    ]
    return StatusAndHeaders(f"GET {target} HTTP/1.1", fields, is_http_request=True)


def _response_head(capture: Capture) -> StatusAndHeaders:
    fields = [("Server", "demo"), ("Content-Type", capture.content_type), *capture.fields]
    if not any(name == "Transfer-Encoding" for name, _ in capture.fields):
        fields.append(("Content-Length", str(len(capture.body))))
    return StatusAndHeaders(capture.status, fields, protocol="HTTP/1.1")


def _member(
    url: str, record: str, payload: bytes, headers: dict[str, str], http: StatusAndHeaders | None = None
) -> bytes:
    file = BytesIO()
    writer = WARCWriter(file, gzip=True)  # zlib writes no time into the gzip header
    stream = BytesIO(payload)
    writer.write_record(
        writer.create_warc_record(
            url, record, payload=stream, length=len(payload), warc_headers_dict=headers, http_headers=http
        )
    )
    return file.getvalue()


def _flip(member: bytes) -> bytes:
    """The member with sixteen bytes in its middle inverted: its header is whole, its data are not."""
    middle = len(member) // 2
    return member[:middle] + bytes(255 - byte for byte in member[middle : middle + 16]) + member[middle + 16 :]
