"""The archives of the demo's crawl: shaped like Common Crawl's, whole but for the damage that is planted in them."""

import gzip
import zlib
from collections import Counter
from io import BytesIO
from pathlib import Path
from uuid import UUID

import pytest
from fastwarc.warc import ArchiveIterator as FastIterator
from fastwarc.warc import WarcRecordType
from warcio.archiveiterator import ArchiveIterator

from jobs.synthetic.crawl import Planted, make_crawl
from pipeline.archives.warc import read_records

DAMAGED = {"corrupt_record", "truncated_record"}


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Planted]]:
    folder = tmp_path_factory.mktemp("demo")
    return folder, make_crawl(folder)


def archives(folder: Path) -> list[Path]:
    lists = list(folder.glob("crawl-data/*/warc.paths.gz"))
    assert len(lists) == 1
    return [folder / line for line in gzip.decompress(lists[0].read_bytes()).decode().splitlines()]


def members(path: Path) -> list[tuple[bytes, bytes | None]]:
    """Each gzip member as compressed, found by its magic number, and as it was before (None: it cannot be read)."""
    found: list[tuple[bytes, bytes | None]] = []
    pieces = path.read_bytes().split(b"\x1f\x8b\x08\0\0\0\0\0")
    assert not pieces[0]
    for piece in pieces[1:]:
        member = b"\x1f\x8b\x08\0\0\0\0\0" + piece
        try:
            found.append((member, gzip.decompress(member)))
        except (EOFError, zlib.error, gzip.BadGzipFile):
            found.append((member, None))
    return found


def whole_records(path: Path) -> bytes:
    """The archive without the members that are damaged."""
    return b"".join(member for member, content in members(path) if content is not None)


@pytest.mark.parametrize(("pages", "files"), [(50, 1), (50, 4), (60, 9), (50, 80), (301, 7)])
def test_no_page_is_lost_between_archives(tmp_path: Path, pages: int, files: int) -> None:
    planted = make_crawl(tmp_path, pages=pages, files=files)
    paths = archives(tmp_path)
    assert len(paths) == files
    requests = [content for path in paths for _, content in members(path) if content and b"Type: request" in content]
    assert len(requests) == max(pages, len(planted))


def test_a_crawl_without_archives_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="at least one archive"):
        make_crawl(tmp_path, files=0)


def test_each_page_is_a_request_a_response_and_metadata_in_members_of_their_own(
    demo: tuple[Path, list[Planted]],
) -> None:
    unreadable = 0
    for path in archives(demo[0]):
        kinds: list[str] = []
        for _, content in members(path):
            unreadable += content is None
            assert content is None or content.count(b"WARC/1.0\r\n") == 1
            kinds.append("response" if content is None else content.split(b"WARC-Type: ")[1].split(b"\r\n")[0].decode())
        assert kinds[0] == "warcinfo"
        kinds = [kind.replace("revisit", "response") for kind in kinds[1:]]
        assert kinds == (["request", "response", "metadata"] * 100)[: len(kinds)]
    assert unreadable == 2


def test_fastwarc_reads_every_whole_record_and_its_digests_are_right(demo: tuple[Path, list[Planted]]) -> None:
    counts: Counter[str] = Counter()
    for path in archives(demo[0]):
        for record in FastIterator(
            BytesIO(whole_records(path)), record_types=WarcRecordType.any_type, parse_http=False
        ):
            kind = record.headers["WARC-Type"]
            counts[kind] += 1
            assert record.verify_block_digest(), record.record_id
            assert record.headers["WARC-Date"].startswith("2026-11-20T0")
            if kind == "response":
                assert record.headers["WARC-Payload-Digest"].startswith("sha1:")
                assert record.headers["WARC-Target-URI"].startswith("https://")
    assert counts == {"warcinfo": 4, "request": 300, "response": 297, "revisit": 1, "metadata": 299}


def test_warcio_reads_the_same_and_finds_no_wrong_digest(demo: tuple[Path, list[Planted]]) -> None:
    for path in archives(demo[0]):
        ids: list[str] = []
        for record in ArchiveIterator(BytesIO(whole_records(path)), check_digests="raise"):
            record.raw_stream.read()  # content_stream() of warcio 1.8.1 fails on Brotli 1.2
            ids.append(record.rec_headers.get_header("WARC-Record-ID"))
        assert len(set(ids)) == len(ids)
        assert all(UUID(name.strip("<>").removeprefix("urn:uuid:")).variant == "specified in RFC 4122" for name in ids)


def test_types_are_identified_as_common_crawl_does(demo: tuple[Path, list[Planted]]) -> None:
    mimes = Counter(
        record.headers.get("WARC-Identified-Payload-Type")
        for path in archives(demo[0])
        for record in FastIterator(BytesIO(whole_records(path)), record_types=WarcRecordType.response)
    )
    assert mimes[None] == mimes["application/pdf"] == mimes["image/png"] == mimes["application/json"] == 1
    assert mimes["text/html"] == 293


def test_every_planted_page_is_there_once_under_its_record_id(demo: tuple[Path, list[Planted]]) -> None:
    folder, planted = demo
    found = [
        (record.headers["WARC-Target-URI"], record.record_id.strip("<>"))
        for path in archives(folder)
        for record in FastIterator(BytesIO(whole_records(path)), record_types=WarcRecordType.any_type)
        if record.headers["WARC-Type"] in {"response", "revisit"}
    ]
    assert len({url for url, _ in found}) == len(found)
    assert len({each.url for each in planted}) == len(planted)
    for each in planted:
        assert ((each.url, each.record_id) in found) == (each.expectation not in DAMAGED), each


def test_one_member_is_broken_in_the_middle_and_the_last_file_is_cut(demo: tuple[Path, list[Planted]]) -> None:
    paths = archives(demo[0])
    broken = [number for number, (_, content) in enumerate(members(paths[0])) if content is None]
    assert len(broken) == 1
    assert 60 < broken[0] < 180
    assert all(content is not None for path in paths[1:-1] for _, content in members(path))
    *whole, (cut, content) = members(paths[-1])
    assert content is None
    assert all(content is not None for _, content in whole)
    with pytest.raises(EOFError):
        gzip.decompress(cut)


def test_one_record_says_that_it_was_cut_by_the_crawler(demo: tuple[Path, list[Planted]]) -> None:
    records = [r for path in archives(demo[0]) for r in read_records(BytesIO(path.read_bytes()), path.name)]
    cut = [record for record in records if record.truncated]
    assert [record.truncated for record in cut] == ["length"]
    assert b"</html>" not in cut[0].body
