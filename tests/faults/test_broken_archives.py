"""Whatever happened to an archive: spans cover it, nothing but InputError is raised, and what is undamaged is read."""

import gzip
import io
import random
import zlib
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.archives import gzip_members
from pipeline.archives.warc import Record, read_records
from pipeline.errors import InputError

PAGES = 5
SETTINGS = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def records_of(data: bytes, **limits: int) -> list[Record]:
    """All records, after the promise that holds for every file was checked: they cover it, byte for byte."""
    records = list(read_records(io.BytesIO(data), "a.warc.gz", **limits))
    at = 0
    for record in records:
        assert record.offset == at
        assert record.length >= 0
        at += record.length
    assert at == len(data)
    return records


def archive(*, packed: bool) -> tuple[list[bytes], dict[str, bytes]]:
    """The records of an archive as bytes, and the body of each page by its id."""
    parts, bodies = [], {}
    for number in range(PAGES):
        body = b"<html><p>page %d</p>" % number + random.Random(number).randbytes(40 + 90 * number).hex().encode()
        block = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n" + body
        identity = f"<urn:uuid:00000000-0000-0000-0000-{number:012}>"
        head = (
            f"WARC/1.0\r\nWARC-Type: response\r\nWARC-Record-ID: {identity}\r\nWARC-Target-URI: http://example.com/{number}\r\n"
            f"Content-Type: application/http; msgtype=response\r\nContent-Length: {len(block)}\r\n\r\n"
        )
        part = head.encode() + block + b"\r\n\r\n"
        parts.append(gzip.compress(part, mtime=0) if packed else part)
        bodies[identity] = body
    return parts, bodies


ARCHIVES = {packed: archive(packed=packed) for packed in (False, True)}
ONE_MEMBER = gzip.compress(b"".join(ARCHIVES[False][0]), mtime=0)


@SETTINGS
@given(
    st.sampled_from(
        [b"", b"WARC/1.0\r\n", b"WARC/1.1\r\nContent-Length: 7\r\n\r\n", b"\x1f\x8b\x08\x00", b"filedesc://a "]
    ),
    st.lists(st.binary(max_size=200) | st.sampled_from([*ARCHIVES[False][0][:2], *ARCHIVES[True][0][:2]]), max_size=6),
)
def test_any_bytes_are_read_or_refused_as_input(start, parts):
    data = start + b"".join(parts)
    try:
        records_of(data)
    except InputError as error:
        refusal = str(error)
    else:
        refusal = ""
    assert "\n" not in refusal


@st.composite
def damages(draw):
    """Packed or not, and up to three edits: (place, bytes to remove, bytes to insert)."""
    packed = draw(st.booleans())
    size = sum(map(len, ARCHIVES[packed][0]))
    place = st.integers(0, size)
    removed = st.integers(0, 5) | st.integers(0, 600)
    inserted = st.binary(max_size=30) | st.sampled_from([b"9", b"\n", b"\r\n\r\n", b"\x1f\x8b\x08", b"<p>" * 300])
    return packed, draw(st.lists(st.tuples(place, removed, inserted), min_size=1, max_size=3))


def damaged(parts: list[bytes], edits: list[tuple[int, int, bytes]]) -> tuple[bytes, set[int]]:
    """The archive after the edits, and which of its records none of them touched."""
    data, whole = bytearray(b"".join(parts)), set(range(len(parts)))
    behind = len(data)
    for place, wanted, inserted in sorted(edits, reverse=True):
        removed = min(wanted, behind - place)
        behind = place
        data[place : place + removed] = inserted
        start = 0
        for number, part in enumerate(parts):
            if place < start + len(part) and place + removed > start and (removed or start < place):
                whole.discard(number)
            start += len(part)
    return bytes(data), whole


@SETTINGS
@given(damages())
def test_damage_costs_only_the_records_that_it_touched(damage):
    packed, edits = damage
    parts, bodies = ARCHIVES[packed]
    data, whole = damaged(parts, edits)
    try:
        records = records_of(data)
    except InputError as error:
        assert not whole or "Zstandard" in str(error)  # noqa: PT017  that needs but four bytes in front
        return
    identities = list(bodies)
    for number in whole:
        found = [record for record in records if record.record_id == identities[number]]
        assert [record.body for record in found] == [bodies[identities[number]]]
        assert found[0].error_reason is None


@SETTINGS
@given(st.integers(1, len(ONE_MEMBER) - 1))
def test_of_a_cut_file_in_one_gzip_member_what_is_there_is_read(cut):
    try:
        records = records_of(ONE_MEMBER[:cut])
    except InputError:
        return
    assert [record.kind for record in records[:-1]] == ["page"] * (len(records) - 1)
    assert records[-1].error_reason in {"truncated_record", "corrupt_record"}


@SETTINGS
@given(st.integers(0, len(ONE_MEMBER) - 1), st.integers(1, 255))
def test_a_changed_byte_in_one_gzip_member_keeps_the_spans(place, change):
    data = bytearray(ONE_MEMBER)
    data[place] ^= change
    try:
        records_of(bytes(data))
    except InputError:
        assert place < 128  # only what the file begins with decides whether it is an archive


def kinds(records: list[Record]) -> list[str]:
    return [record.error_reason or record.kind for record in records]


@pytest.mark.parametrize("packed", [False, True])
def test_a_cut_page_keeps_what_is_there_of_it(packed):
    parts, bodies = ARCHIVES[packed]
    records = records_of(b"".join(parts)[:-60])
    assert kinds(records) == ["page"] * 4 + ["truncated_record"]
    assert records[-1].kind == "page"
    assert 100 < len(records[-1].body) < len(list(bodies.values())[-1])
    assert records[-1].url == "http://example.com/4"


@pytest.mark.parametrize("packed", [False, True])
def test_a_cut_header_is_a_corrupt_region(packed):
    parts, _ = ARCHIVES[packed]
    records = records_of(b"".join(parts[:2]) + parts[2][:40])
    assert kinds(records) == ["page", "page", "corrupt_record"]
    assert records[-1].error


def test_a_broken_gzip_member_is_a_corrupt_region_of_its_own_length():
    parts, _ = ARCHIVES[True]
    broken = bytearray(parts[2])
    broken[60] ^= 255
    records = records_of(b"".join([*parts[:2], bytes(broken), *parts[3:]]))
    assert kinds(records) == ["page", "page", "corrupt_record", "page", "page"]
    assert records[2].length == len(parts[2])
    assert "gzip" in str(records[2].error)


def test_a_wrong_checksum_is_damage_although_everything_can_be_inflated():
    parts, _ = ARCHIVES[True]
    broken = parts[1][:-8] + bytes(4) + parts[1][-4:]
    assert kinds(records_of(b"".join([parts[0], broken, *parts[2:]]))) == ["page", "corrupt_record"] + ["page"] * 3


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize(
    "garbage", [b"garbage", bytes(3 << 20), b"WARC/1.0", b"\x1f\x8b\x08\x00" * 50, b"\r\nline\r\n" * 999]
)
def test_garbage_between_records_is_one_corrupt_region(packed, garbage):
    parts, _ = ARCHIVES[packed]
    records = records_of(b"".join([*parts[:2], garbage, *parts[2:]]))
    assert kinds(records) == ["page", "page", "corrupt_record", "page", "page", "page"]
    assert records[2].length >= len(garbage.strip(b"\r\n"))


@pytest.mark.parametrize("packed", [False, True])
def test_a_zeroed_tail_is_a_corrupt_region(packed):
    parts, _ = ARCHIVES[packed]
    assert kinds(records_of(b"".join(parts) + bytes(100_000))) == ["page"] * 5 + ["corrupt_record"]


@pytest.mark.parametrize("packed", [False, True])
def test_a_broken_beginning_does_not_hide_the_rest(packed):
    parts, _ = ARCHIVES[packed]
    assert kinds(records_of(b"".join(parts)[3:])) == ["corrupt_record"] + ["page"] * 4


@pytest.mark.parametrize("length", [b"1", b"99", b"100000", b"99999999999", b"-5", b"many", b""])
def test_a_wrong_length_costs_at_most_its_own_page(length):
    parts, bodies = ARCHIVES[False]
    head, _, rest = parts[1].partition(b"Content-Length: ")
    wrong = head + b"Content-Length: " + length + rest[rest.index(b"\r\n") :]
    records = records_of(b"".join([parts[0], wrong, *parts[2:]]))
    assert [record.record_id for record in records] == list(bodies)
    assert records[1].error_reason in {None, "truncated_record"}
    assert records[1].body == list(bodies.values())[1]


def test_pages_that_unpack_to_more_than_the_limit_are_rows_without_a_body():
    parts, _ = ARCHIVES[True]
    block = b"HTTP/1.1 200 OK\r\n\r\n" + bytes(30 << 20)
    head = b"WARC/1.0\r\nWARC-Type: response\r\nContent-Type: application/http\r\nContent-Length: %d\r\n\r\n" % len(
        block
    )
    body = gzip.compress(bytes(30 << 20))
    coded = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + body
    bombs = [
        gzip.compress(head + block + b"\r\n\r\n"),
        gzip.compress(head.partition(b"Content-Length")[0] + b"\r\n" + block),
        gzip.compress(head.replace(b"%d" % len(block), b"%d" % len(coded)) + coded + b"\r\n\r\n"),
    ]
    records = records_of(b"".join([parts[0], *bombs, parts[1]]), max_body_bytes=1 << 20)
    assert kinds(records) == ["page", "over_size", "over_size", "over_size", "page"]
    assert all(record.by_limit and not record.body for record in records[1:4])
    assert [record.length for record in records[1:4]] == [len(bomb) for bomb in bombs]


HOSTILE = {
    "gzip_headers": b"\x1f\x8b\x08\x00",
    "endless_names": b"\x1f\x8b\x08\x08abcdefg",
    "empty_members": gzip.compress(b"", mtime=0),
    "members_of_line_ends": gzip.compress(b"\n", mtime=0),
    "members_of_one_letter": gzip.compress(b"a", mtime=0),
    "nested_stored_members": b"\x1f\x8b\x08\0\0\0\0\0\0\xff\0\xff\xff\0\0WARC/1.0\r\n",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_bytes_cost_work_in_proportion_to_their_number(name, monkeypatch):
    """Work is counted in bytes that zlib takes, because time says nothing on a busy machine."""
    taken = 0

    class Counting:
        def __init__(self, window):
            self._inflater = zlib.decompressobj(window)

        def __getattr__(self, attribute):
            return getattr(self._inflater, attribute)

        def decompress(self, data, *limits):
            nonlocal taken
            plain = self._inflater.decompress(data, *limits)
            taken += len(data) - len(self._inflater.unused_data or self._inflater.unconsumed_tail)
            return plain

    monkeypatch.setattr(gzip_members, "zlib", SimpleNamespace(decompressobj=Counting, error=zlib.error))
    parts, _ = ARCHIVES[True]
    work = []
    for times in (4_000, 8_000):
        records = records_of(parts[0] + HOSTILE[name] * times + parts[1])
        assert records[0].kind == "page"
        work.append(taken)
        taken = 0
    assert work[1] < 2.5 * work[0]


@pytest.mark.corpus
@pytest.mark.parametrize("folder", ["malformed/*", "common-crawl", "crawl"])
def test_every_file_of_the_corpus_is_covered(corpus, folder):
    files = [file for file in sorted(corpus.glob(f"{folder}/*")) if ".warc" in file.name or ".arc" in file.name]
    assert len(files) >= 6
    for file in files[:30]:
        at = 0
        with file.open("rb") as stream:
            for record in read_records(stream, file.name):
                assert (record.offset, record.length > 0) == (at, True), file.name
                at += record.length
        assert at == file.stat().st_size
