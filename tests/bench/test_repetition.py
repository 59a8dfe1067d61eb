"""A repeated crawl: as many pages as asked, all under names of their own, otherwise the same."""

from collections import Counter
from pathlib import Path

import pytest

from jobs.bench.repetition import renamed, repeat
from jobs.synthetic.crawl import make_crawl
from pipeline.archives.warc import Record, read_records
from pipeline.errors import InputError
from pipeline.inputs import open_input


@pytest.fixture(scope="module")
def archives(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("crawl")
    make_crawl(folder, pages=60, files=2)
    return sorted(folder.rglob("*.warc.gz"))


def pages_of(files: list[Path]) -> list[Record]:
    found: list[Record] = []
    for file in files:
        with open_input(str(file)) as stream:
            found += [
                record for record in read_records(stream, file.name) if record.kind == "page" and not record.error
            ]
    return found


def test_copies_have_names_of_their_own_and_the_same_pages(archives: list[Path], tmp_path: Path) -> None:
    original = pages_of(archives)
    wanted = 3 * len(original) - 5
    assert repeat(archives, tmp_path, pages=wanted, parts=4) == wanted
    copies = pages_of(sorted(tmp_path.glob("*.warc.gz")))
    assert len(copies) == wanted
    assert len({page.record_id for page in copies}) == len({page.url for page in copies}) == wanted
    for number, page in enumerate(copies):
        same = original[number % len(original)]
        assert (page.body, page.date, page.mime, page.http_status, page.error_reason) == (
            same.body,
            same.date,
            same.mime,
            same.http_status,
            same.error_reason,
        )
    assert [page.record_id for page in copies[: len(original)]] == [page.record_id for page in original]


def test_archives_are_of_equal_size_in_pages_and_hold_the_other_records_too(
    archives: list[Path], tmp_path: Path
) -> None:
    repeat(archives, tmp_path, pages=100, parts=3)
    sizes, types = [], Counter()
    for file in sorted(tmp_path.glob("*.warc.gz")):
        with open_input(str(file)) as stream:
            records = list(read_records(stream, file.name))
        sizes.append(sum(record.kind == "page" for record in records))
        types.update(record.type for record in records)
    assert sizes == [34, 33, 33]
    assert types["request"] >= 99
    assert "corrupt" not in types


def test_the_same_arguments_give_the_same_bytes(archives: list[Path], tmp_path: Path) -> None:
    for name in "ab":
        repeat(archives, tmp_path / name, pages=90, parts=2)
    for file in (tmp_path / "a").iterdir():
        assert file.read_bytes() == (tmp_path / "b" / file.name).read_bytes()


def test_an_address_gets_one_more_parameter_before_its_fragment() -> None:
    head = b"WARC/1.0\r\nWARC-Target-URI: <https://example.org/a?b=1#c>\r\nWARC-Record-ID: <urn:uuid:1>\r\n\r\nWARC-Target-URI: x"
    told = renamed(head, 2)
    assert b"WARC-Target-URI: https://example.org/a?b=1&r=2#c\r\n" in told
    assert told.endswith(b"\r\n\r\nWARC-Target-URI: x")
    assert b"urn:uuid:1>" not in told


def test_a_plain_archive_is_refused(tmp_path: Path) -> None:
    (tmp_path / "plain.warc").write_bytes(b"WARC/1.0\r\n")
    with pytest.raises(InputError, match="only gzip archives"):
        repeat([tmp_path / "plain.warc"], tmp_path / "out", pages=1, parts=1)
