"""Reading archives that are whole: WARC, WET and ARC, plain and gzip, old and new, and the HTTP inside them."""

import base64
import gzip
import hashlib
import io
import struct
import tracemalloc
import zlib
from datetime import UTC, datetime

import brotli
import orjson
import pytest
import zstandard
from fastwarc.warc import ArchiveIterator
from warcio.archiveiterator import ArchiveIterator as WarcioIterator

from pipeline.archives.http_body import header_fields
from pipeline.archives.record import parse_date
from pipeline.archives.warc import Record, read_record_at, read_records
from pipeline.errors import InputError

HTML = b"<html><body><p>What a page says, at some length.</p></body></html>"
DAY = datetime(2021, 3, 4, 5, 6, 7, tzinfo=UTC)


def read(data: bytes, **options: int) -> list[Record]:
    records = list(read_records(io.BytesIO(data), "part.warc.gz", **options))
    assert sum(record.length for record in records) == len(data)
    return records


def warc(block: bytes, kind: str = "response", version: str = "1.0", **fields: str | None) -> bytes:
    """A record; fields replace the usual ones, None leaves one out."""
    usual: dict[str, str | None] = {
        "WARC-Type": kind,
        "WARC-Record-ID": "<urn:uuid:0>",
        "WARC-Target-URI": "http://example.com/",
        "WARC-Date": "2021-03-04T05:06:07Z",
        "Content-Type": "application/http; msgtype=response",
        "Content-Length": str(len(block)),
    }
    usual |= {name.replace("_", "-"): value for name, value in fields.items()}
    lines = [f"{name}: {value}\r\n" for name, value in usual.items() if value is not None]
    return f"WARC/{version}\r\n{''.join(lines)}\r\n".encode() + block + b"\r\n\r\n"


def http(body: bytes = HTML, *fields: str, status: str = "HTTP/1.1 200 OK") -> bytes:
    return "\r\n".join([status, *(fields or ("Content-Type: text/html",)), "", ""]).encode() + body


def page(data: bytes) -> Record:
    (record,) = read(data)
    assert record.kind == "page"
    return record


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_a_page_has_what_its_headers_say(pack):
    digest = "sha1:" + base64.b32encode(hashlib.sha1(HTML).digest()).decode()
    data = pack(
        warc(
            http(HTML, "content-type: text/html; Charset='windows-1251'"),
            **{"WARC-Payload-Digest": digest, "WARC-Truncated": "length", "WARC-Record-ID": "<urn:uuid:7>"},
        )
    )
    assert page(data) == Record(
        kind="page",
        type="response",
        offset=0,
        length=len(data),
        record_id="<urn:uuid:7>",
        url="http://example.com/",
        date=DAY,
        http_status=200,
        mime="text/html",
        http_charset="windows-1251",
        body=HTML,
        payload_sha1_ok=True,
        truncated="length",
    )


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_other_records_are_spans_with_a_type(pack):
    kinds = ["warcinfo", "request", "response", "metadata", "revisit", "resource", "Continuation", "no word!"]
    parts = [pack(warc(http(), kind)) for kind in kinds]
    records = read(b"".join(parts))
    assert [(record.kind, record.type) for record in records] == [
        ("page" if kind == "response" else "other", kind.lower() if kind.isalpha() else "unknown") for kind in kinds
    ]
    assert [record.length for record in records] == [len(part) for part in parts]


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        (b"WARC-Type: request\r\nwarc-type: response", "request"),
        (b"WARC-Type: response\r\nWARC-Type: request", "response"),
        (b"WARC-Type : response\r\nWARC-Type: request", "response"),
        (b"WARC-Type: request\r\n folded", "unknown"),
        (b"X: y\r\n WARC-Type: request\r\nWARC-Type: response", "response"),
        (b"X: y\r\n\tWARC-Type: request", "unknown"),
        (b"wArc-tYpe:REQUEST", "request"),
        (b"X-WARC-Type: request", "unknown"),
        (b"WARC-Type: request now", "unknown"),
        (b"WARC-Type: request", "request"),
    ],
)
def test_the_first_field_that_says_a_type_counts(fields, kind):
    block = http()
    head = b"WARC/1.0\r\n%b\r\nContent-Length: %d\r\n\r\n" % (fields, len(block))
    (record,) = read(head + block + b"\r\n\r\n")
    assert record.type == kind


def test_a_conversion_record_is_a_page_of_plain_text():
    found = page(warc(b"Text of a page.", "conversion", **{"Content-Type": "text/plain; charset=utf-8"}))
    assert (found.type, found.mime, found.http_charset, found.http_status) == (
        "conversion",
        "text/plain",
        "utf-8",
        None,
    )
    assert found.body == b"Text of a page."


def test_a_response_that_is_not_http_is_its_block():
    found = page(warc(b"example.com. 1 IN A 1.2.3.4", WARC_Target_URI="dns:example.com", Content_Type="text/dns"))
    assert (found.mime, found.body[:7], found.error_reason) == ("text/dns", b"example", None)


@pytest.mark.parametrize("version", ["0.17", "0.18", "1.0", "1.1"])
def test_every_version_and_bare_line_feeds_are_read(version):
    data = warc(http(), version=version).replace(b"\r\n", b"\n")
    found = page(
        data.replace(b"Content-Length: %d" % len(http()), b"Content-Length: %d" % len(http().replace(b"\r\n", b"\n")))
    )
    assert (found.body, found.url, found.error_reason) == (HTML, "http://example.com/", None)


def test_old_names_of_fields_are_known():
    fields = {
        "WARC-Target-URI": None,
        "WARC-Date": None,
        "uri": "http://old.example/",
        "archive-date": "20210304050607",
    }
    found = page(warc(http(), **fields))
    assert (found.url, found.date) == ("http://old.example/", DAY)


@pytest.mark.parametrize("url", ["http://example.com/a b c", "http://example.com/é", "http://example.com/?a=b:c"])
def test_a_url_is_kept_as_it_stands_without_angle_brackets(url):
    assert page(warc(http(), WARC_Target_URI=f"<{url}>")).url == url


def test_a_record_without_id_gets_one_from_its_place():
    first, second = read(warc(http()) + warc(http(), **{"WARC-Record-ID": None}))
    assert second.record_id == f"<gristmill:part.warc.gz:{first.length}>"


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_a_missing_length_is_the_way_to_the_next_record(pack):
    records = read(pack(warc(http(), **{"Content-Length": None})) + pack(warc(http())))
    assert [(record.body, record.error_reason) for record in records] == [(HTML, None)] * 2


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("2021-03-04T05:06:07Z", DAY),
        ("2021-03-04T05:06:07.123456789Z", DAY.replace(microsecond=123456)),
        ("2021-03-04T07:06:07+02:00", DAY),
        ("2021-03-03T22:06:07-0700", DAY),
        ("2021-03-04T05:06Z", DAY.replace(second=0)),
        ("2021", datetime(2021, 1, 1, tzinfo=UTC)),
        ("20210304050607", DAY),
        ("2008-10-294T05:21:46-0700", None),
        ("2021-02-30T00:00:00Z", None),
        ("0001-01-01T00:00:00+14:00", None),
        ("", None),
        ("yesterday", None),
    ],
)
def test_dates_are_read_where_they_are_dates(text, date):
    assert parse_date(text) == date


def deflate(body: bytes, window: int = -15) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, window)
    return packer.compress(body) + packer.flush()


GZIP = "Content-Encoding: gzip"
CHUNKED = "Transfer-Encoding: chunked"


@pytest.mark.parametrize(
    ("payload", "fields"),
    [
        (gzip.compress(HTML), [GZIP]),
        (gzip.compress(HTML), ["content-encoding: X-GZIP"]),
        (deflate(HTML, 15), ["Content-Encoding: deflate"]),
        (deflate(HTML), ["Content-Encoding: deflate"]),
        (brotli.compress(HTML), ["Content-Encoding: br"]),
        (zstandard.compress(HTML), ["Content-Encoding: zstd"]),
        (brotli.compress(gzip.compress(HTML)), ["Content-Encoding: gzip, br"]),
        (b"20\r\n" + HTML[:32] + b"\r\n%x\r\n" % len(HTML[32:]) + HTML[32:] + b"\r\n0\r\n\r\n", [CHUNKED]),
        (b"%X;name=value\r\n" % len(HTML) + HTML + b"\r\n0\r\nTrailer: yes\r\n\r\n", [CHUNKED]),
        (b"%06x  \n" % len(HTML) + HTML + b"\n0\n\n", [CHUNKED]),
        (b"%x\r\n" % len(gzip.compress(HTML)) + gzip.compress(HTML) + b"\r\n0\r\n\r\n", [CHUNKED, GZIP]),
        # the crawler undid the coding and left the header
        (HTML, [GZIP]),
        (HTML, ["Content-Encoding: deflate"]),
        (HTML, ["Content-Encoding: br"]),
        (HTML, ["Content-Encoding: zstd"]),
        (HTML, [CHUNKED]),
        # codings that are none
        (HTML, ["Content-Encoding: utf-8"]),
        (HTML, ["Content-Encoding: identity"]),
    ],
)
def test_the_body_is_without_its_codings(payload, fields):
    found = page(warc(http(payload, "Content-Type: text/html", *fields)))
    assert (found.body, found.error_reason) == (HTML, None)


LONG = b"".join(b"<p>paragraph %d</p>" % number for number in range(9000))


@pytest.mark.parametrize(
    ("payload", "field"),
    [
        (gzip.compress(LONG)[:-3000], GZIP),
        (gzip.compress(LONG)[:-8] + bytes(8), GZIP),
        (deflate(LONG)[:-3000], "Content-Encoding: deflate"),
        (b"8000\r\n" + LONG[:0x8000] + b"\r\nnot a size\r\n" + LONG, CHUNKED),
        (b"8000\r\n" + LONG[:0x8000] + b"\r\n8000\r\n" + LONG[0x8000:0x9000], CHUNKED),
        (b"8000\r\n" + LONG[:0x7FF0] + b"\r\n8000\r\n" + LONG[0x8000:0x9000], CHUNKED),
    ],
)
def test_of_a_damaged_coding_what_can_be_read_is_kept(payload, field):
    found = page(warc(http(payload, "Content-Type: text/html", field)))
    assert found.error_reason is None
    assert LONG.startswith(found.body[:0x7F00])
    assert len(found.body) >= 0x7F00


@pytest.mark.parametrize(
    "block",
    [
        b"",
        HTML,
        b"\0\1\2\3" * 100,
        http(b"\xce\xb2" * 50, "Content-Encoding: br"),
        http(b"\x1f\x8b\xff\xff" * 50, GZIP),
        b"HTTP/1.1 200 OK\r\nField: value\r\n" + b"x" * (2 << 20),
    ],
)
def test_a_page_whose_http_cannot_be_read_is_a_row_that_says_so(block):
    found = page(warc(block))
    assert (found.error_reason, found.body, found.by_limit) == ("bad_http", b"", False)
    assert found.error
    assert found.url == "http://example.com/"


def test_a_header_without_a_body_is_an_empty_page():
    found = page(warc(b"HTTP/1.1 301 Moved\r\nLocation: /"))
    assert (found.http_status, found.body, found.error_reason) == (301, b"", None)


@pytest.mark.parametrize(
    ("status", "code"), [("HTTP/1.1 404", 404), ("HTTP/2 200", 200), ("HTTP/1.0 oops", None), ("HTTP/1.1 20", None)]
)
def test_a_status_is_a_number_or_nothing(status, code):
    found = page(warc(http(HTML, "A: b", status=status)))
    assert (found.http_status, found.body) == (code, HTML)


def test_a_field_goes_on_in_lines_that_begin_with_a_blank():
    head = b"HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\td\r\nE: f\r\na: again\r\n lost\r\nno colon\r\n lost too\r\nE:\r\n\r\n"
    assert header_fields(head) == {"a": "b c d", "e": "f"}
    assert header_fields(head.replace(b"\r", b"")) == {"a": "b c d", "e": "f"}


def test_odd_header_fields_are_survived():
    fields = [
        "no colon",
        " folded: line",
        ": no name",
        "Set-Cookie: \0\1",
        "Content-Type: text/html",
        "Content-Type: image/png",
    ]
    assert page(warc(http(HTML, *fields, "Big: " + "x" * 500_000))).mime == "text/html"


@pytest.mark.parametrize(
    ("identified", "declared", "body", "mime"),
    [
        ("application/xhtml+xml", "text/html", HTML, "application/xhtml+xml"),
        (None, "Text/HTML; charset=utf-8", HTML, "text/html"),
        ("", "application/pdf", HTML, "application/pdf"),
        (None, "text/plain", HTML, "text/html"),
        (None, "text/plain", b"Just <b>text</b>.", "text/plain"),
        (None, "application/octet-stream", b" \r\n<!DOCTYPE html><p>", "text/html"),
        (None, None, b"\xef\xbb\xbf<!-- a comment --><html>", "text/html"),
        (None, None, b'<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml">', "text/html"),
        (None, None, "<html><p>wide".encode("utf-16"), "text/html"),
        (None, None, b"%PDF-1.4", None),
        (None, "html", HTML, "text/html"),
    ],
)
def test_the_type_is_identified_or_declared_or_seen(identified, declared, body, mime):
    fields = ["A: b"] if declared is None else [f"Content-Type: {declared}"]
    assert page(warc(http(body, *fields), **{"WARC-Identified-Payload-Type": identified})).mime == mime


@pytest.mark.parametrize("taken_of", ["as sent", "without chunks", "without codings"])
def test_a_payload_digest_may_be_taken_before_or_after_the_codings(taken_of):
    packed = gzip.compress(HTML)
    sent = b"%x\r\n" % len(packed) + packed + b"\r\n0\r\n\r\n"
    data = {"as sent": sent, "without chunks": packed, "without codings": HTML}[taken_of]
    block = http(sent, CHUNKED, GZIP)
    assert (
        page(warc(block, **{"WARC-Payload-Digest": "sha1:" + hashlib.sha1(data).hexdigest()})).payload_sha1_ok is True
    )
    assert page(warc(block, **{"WARC-Payload-Digest": "sha1:" + "A" * 32})).payload_sha1_ok is False
    assert page(warc(block, **{"WARC-Payload-Digest": "md5:1234"})).payload_sha1_ok is None


def arc(block: bytes, url: str = "http://example.com/", middle: str = "text/html") -> bytes:
    return f"{url} 1.2.3.4 20210304050607 {middle} {len(block)}\n".encode() + block + b"\n"


FILEDESC = arc(
    b"1 0 Archive\nURL IP-address Archive-date Content-type Archive-length\n", "filedesc://a.arc", "text/plain"
)


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
@pytest.mark.parametrize(
    "middle", ["text/html", "text/html 200 a1b2 - 1234567890 a.arc", "text/html; charset=utf-8", "no-type"]
)
def test_arc_files_of_both_versions_are_read(pack, middle):
    parts = [
        FILEDESC,
        arc(http(), "http://example.com/with space", middle),
        arc(b"1.2.3.4", "dns:example.com", "text/dns"),
    ]
    records = read(b"".join(map(pack, parts)))
    assert [(record.kind, record.type) for record in records] == [
        ("other", "filedesc"),
        ("page", "arc"),
        ("page", "arc"),
    ]
    _, first, second = records
    assert (first.url, first.date, first.mime, first.body) == ("http://example.com/with space", DAY, "text/html", HTML)
    assert first.record_id == f"<gristmill:part.warc.gz:{first.offset}>"
    assert (second.mime, second.body, second.error_reason) == ("text/dns", b"1.2.3.4", None)


CUT_FIELD = "x-commoncrawl-ContentTruncated: TruncatedInDownload,TruncatedInInflate"


@pytest.mark.parametrize("name", [CUT_FIELD, CUT_FIELD.replace("x-commoncrawl-", "x_commoncrawl_")])
def test_an_arc_page_that_common_crawl_cut_says_how(name):
    found = page(arc(http(HTML, "Content-Type: text/html", name)))
    assert found.truncated == "TruncatedInDownload,TruncatedInInflate"
    assert page(warc(http(HTML, "Content-Type: text/html", name))).truncated is None
    assert page(arc(http(HTML, "Content-Type: text/html", name.partition(":")[0] + ":"))).truncated is None


ALEXA = b"\x1f\x8b\x08\x04\0\0\0\0\0\x03\x08\0LX\x04\0\x01\0\0\0"  # the gzip header of Alexa's and Common Crawl's tools


def alexa_gzip(data: bytes) -> bytes:
    return ALEXA + deflate(data) + struct.pack("<II", zlib.crc32(data), len(data))


@pytest.mark.parametrize("pack", [bytes, gzip.compress, alexa_gzip])
def test_arc_files_of_common_crawls_first_years_are_read(pack):
    """Their bodies are plain although the header says gzip, or gzip although it says nothing; lengths are off by one."""
    packed, silent = gzip.compress(HTML, mtime=0), http(gzip.compress(HTML, mtime=0))
    off_by_one = arc(http()).replace(b" %d\n" % len(http()), b" %d\n" % (len(http()) + 1), 1)
    blocks = [
        http(HTML, "Content-Type: text/html", GZIP, CHUNKED),
        http(packed, "Content-Type: text/html", GZIP),
        silent,
    ]
    records = read(b"".join(map(pack, [FILEDESC, *map(arc, blocks), off_by_one, arc(http())])))
    assert [record.type for record in records] == ["filedesc"] + ["arc"] * 5
    assert [record.body.rstrip(b"\n") for record in records[1:]] == [HTML] * 5
    assert [record.error_reason for record in records] == [None] * 6


def test_a_silent_gzip_body_is_left_alone_where_it_may_be_meant():
    packed = gzip.compress(HTML, mtime=0)
    assert page(arc(http(packed, "Content-Type: application/x-gzip"))).body == packed
    assert page(warc(http(packed))).body == packed
    notes = gzip.compress(b"no page", mtime=0)
    assert page(arc(http(notes))).body == notes
    bomb = arc(http(gzip.compress(b"<html>" + bytes(3 << 20))))
    (stopped,) = read(bomb, max_body_bytes=1 << 20)
    assert (stopped.error_reason, stopped.by_limit, stopped.body) == ("over_size", True, b"")


def sha1(data: bytes) -> str:
    return "sha1:" + base64.b32encode(hashlib.sha1(data).digest()).decode()


def test_a_block_has_the_digest_that_was_archived_or_has_not():
    block = http()
    assert page(warc(block, **{"WARC-Block-Digest": sha1(block)})).block_sha1_ok is True
    assert page(warc(block, **{"WARC-Block-Digest": sha1(b"another")})).block_sha1_ok is False
    assert page(warc(block, **{"WARC-Block-Digest": "sha256:" + "0" * 64})).block_sha1_ok is None
    assert page(warc(block)).block_sha1_ok is None


def test_a_digest_is_read_in_either_form_and_no_other():
    block = http()
    base32, hexadecimal = sha1(block)[5:], hashlib.sha1(block).hexdigest()
    for value in (base32, base32.lower(), f" {base32} ", hexadecimal, hexadecimal.upper()):
        assert page(warc(block, **{"WARC-Block-Digest": f"sha1:{value}"})).block_sha1_ok is True
    wrong = [base32[:-1], base32 + "=", "_" + base32[1:], "1" + base32[1:], hexadecimal[1:], "0x" + hexadecimal, ""]
    wrong += [base32[:at] + ("A" if base32[at] != "A" else "B") + base32[at + 1 :] for at in range(32)]
    for value in wrong:
        assert page(warc(block, **{"WARC-Block-Digest": f"sha1:{value}"})).block_sha1_ok is False


def test_of_a_block_that_is_not_all_there_no_digest_is_asked():
    block = http(HTML * 100)
    whole = warc(block, **{"WARC-Block-Digest": sha1(block)})
    assert page(whole).block_sha1_ok is True
    assert page(whole[: len(whole) // 2]).block_sha1_ok is None
    (large,) = read(warc(http(bytes(3 << 20)), **{"WARC-Block-Digest": sha1(b"")}), max_body_bytes=1 << 20)
    assert (large.error_reason, large.block_sha1_ok) == ("over_size", None)


def test_a_part_of_an_arc_file_needs_no_file_description():
    assert page(gzip.compress(arc(http()))).body == HTML


def numbered(count: int, size: int = 3000) -> list[bytes]:
    bodies = [hashlib.sha256(b"%d" % number).hexdigest().encode() * (size // 64) for number in range(count)]
    return [warc(http(body), **{"WARC-Record-ID": f"<urn:uuid:{number}>"}) for number, body in enumerate(bodies)]


def test_one_gzip_member_of_many_records_is_read_with_growing_offsets():
    parts = numbered(40)
    data = gzip.compress(b"".join(parts))
    records = read(data)
    assert [record.record_id for record in records] == [f"<urn:uuid:{number}>" for number in range(40)]
    offsets = [record.offset for record in records]
    assert offsets == sorted(set(offsets))


@pytest.mark.parametrize("size", [100, 1000, 5000])
def test_records_may_lie_across_gzip_members(size):
    plain = b"".join(numbered(10))
    data = b"".join(gzip.compress(plain[start : start + size]) for start in range(0, len(plain), size))
    records = read(data)
    assert [(record.record_id, len(record.body), record.error_reason) for record in records] == [
        (f"<urn:uuid:{number}>", 2944, None) for number in range(10)
    ]


def test_line_ends_and_empty_members_belong_to_the_record_before():
    first, second = map(gzip.compress, numbered(2))
    empty = gzip.compress(b"") + gzip.compress(b"\r\n\r\n")
    assert [record.length for record in read(empty + first + empty + second + empty)] == [
        len(empty + first + empty),
        len(second + empty),
    ]


class Trickle(io.RawIOBase):
    """A stream that gives a few bytes a call, as sockets do, and cannot seek."""

    def __init__(self, data: bytes) -> None:
        self._data = io.BytesIO(data)

    def read(self, size: int = -1) -> bytes:
        return self._data.read(min(size, 7) if size > 0 else 7)


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_how_many_bytes_a_read_gives_does_not_matter(pack):
    data = b"".join(map(pack, numbered(5)))
    assert list(read_records(Trickle(data), "part.warc.gz")) == read(data)


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_a_record_is_read_again_from_its_offset(pack):
    data = b"".join(map(pack, numbered(5)))
    for record in read(data):
        again = read_record_at(io.BytesIO(data[record.offset :]), "part.warc.gz", offset=record.offset)
        assert again == record


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_reading_goes_on_from_a_later_offset(pack):
    data = b"".join(map(pack, numbered(5)))
    records = read(data)
    rest = list(read_records(io.BytesIO(data[records[2].offset :]), "part.warc.gz", offset=records[2].offset))
    assert rest == records[2:]


class Endless(io.RawIOBase):
    """The same bytes again and again, up to a number of times."""

    def __init__(self, data: bytes, times: int) -> None:
        self._data, self._times = data, times

    def read(self, _size: int = -1) -> bytes:
        self._times -= 1
        return self._data if self._times >= 0 else b""


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_memory_does_not_grow_with_the_file(pack):
    block = b"".join(map(pack, numbered(30, size=100_000)))
    peaks = []
    for times in (10, 40):
        tracemalloc.start()
        assert sum(1 for _ in read_records(Endless(block, times), "part.warc.gz")) == 30 * times
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] + (1 << 20)


def test_a_page_over_the_limit_is_a_row_without_a_body():
    block = http(b"x" * (3 << 20))
    small, large = read(warc(http()) + warc(block), max_body_bytes=1 << 20)
    assert (small.error_reason, large.error_reason, large.by_limit, large.body) == (None, "over_size", True, b"")


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"", "is empty"),
        (b"\r\n\r\n", "is no archive"),
        (HTML, "is no archive"),
        (gzip.compress(HTML), "is no archive"),
        (gzip.compress(b""), "is no archive"),
        (b"PAR1" + bytes(100), "is no archive"),
        (zstandard.compress(warc(http())), "is compressed with Zstandard"),
    ],
)
def test_what_is_no_archive_is_refused_in_one_line(data, what):
    with pytest.raises(InputError, match=rf"^part\.warc\.gz {what}[^\n]*$"):
        list(read_records(io.BytesIO(data), "part.warc.gz"))


@pytest.mark.corpus
def test_pages_of_the_crawl_are_where_its_index_says(corpus):
    lines = (corpus / "crawl" / "pages.jsonl").read_bytes().splitlines()
    known = {page["record_id"]: page for page in map(orjson.loads, lines) if page["warc"] == "dev-00005.warc.gz"}
    with (corpus / "crawl" / "dev-00005.warc.gz").open("rb") as stream:
        pages = [record for record in read_records(stream, "dev-00005.warc.gz") if record.kind == "page"]
    assert len(pages) == len(known)
    for found in pages:
        told = known[found.record_id]
        assert (found.offset, found.length, found.url) == (told["offset"], told["length"], told["url"])
        assert (len(found.body), found.payload_sha1_ok, found.mime) == (told["bytes"], True, "text/html")


WHOLE = [
    "common-crawl/resiliparse-CC-MAIN-2020-34.warc",
    "common-crawl/resiliparse-CC-MAIN-2020-34.warc.gz",
    "common-crawl/whirlwind.warc.gz",
    "common-crawl/whirlwind.warc.wet.gz",
    "common-crawl/cdx_toolkit-records.warc.gz",
    "crawl-extra/dev_extra-00001.warc.gz",
]


@pytest.mark.corpus
@pytest.mark.parametrize("name", WHOLE)
def test_fastwarc_reads_the_same_records(corpus, name):
    with (corpus / name).open("rb") as stream:
        records = list(read_records(stream, name))
    with (corpus / name).open("rb") as stream:
        theirs = [
            (found.stream_pos, str(found.record_type), found.record_id, found.reader.read())
            for found in ArchiveIterator(stream, auto_decode="all")
        ]
    assert [(record.offset, record.type) for record in records] == [(at, kind) for at, kind, _, _ in theirs]
    for record, (_, _, identity, body) in zip(records, theirs, strict=True):
        if record.kind == "page":
            assert (record.record_id, record.body) == (identity, body)


@pytest.mark.corpus
@pytest.mark.parametrize(
    "name",
    [
        "webrecorder+warcio/example-space-in-url.arc",
        "webrecorder+warcio/example-iana.org-chunked.warc",
        "webrecorder+warcio/example-wget-bad-target-uri.warc.gz",
        "oduwsdl+ipwb/baconIpsum_chunked.warc",
        "netarchivesuite+solrwayback/transfer_compression_gzip_chunked.warc.gz",
        "oduwsdl+ipwb/baconIpsum_chunked_httpTrailors.warc",
    ],
)
def test_warcio_reads_the_same_pages_where_it_does_not_give_up(corpus, name):
    with (corpus / "malformed" / name).open("rb") as stream:
        pages = [record for record in read_records(stream, name) if record.kind == "page"]
    with (corpus / "malformed" / name).open("rb") as stream:
        theirs = [
            (found.rec_headers.get_header("WARC-Target-URI", "").strip("<>"), found.content_stream().read().rstrip())
            for found in WarcioIterator(stream, arc2warc=True)
            if found.rec_type == "response"
        ]
    assert [(record.url.replace(" ", "%20"), record.body.rstrip()) for record in pages] == theirs
