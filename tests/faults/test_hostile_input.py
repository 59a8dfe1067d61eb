"""An archive or a list of paths made to do harm: what it can reach, and what it can make a worker hold."""

import gzip
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.archives.record import Record
from pipeline.archives.warc import read_records
from pipeline.batch import BATCH_BYTES, batches
from pipeline.errors import InputError, RecipeError
from pipeline.inputs import InputStream
from pipeline.receipts import Receipt
from pipeline.schemas import DOCUMENTS
from pipeline.sources import find_source
from pipeline.storage import LocalStorage
from pipeline.tables import ROW_GROUP_BYTES, TableWriter, read_batches


def page(size: int) -> Record:
    return Record(kind="page", type="response", offset=0, body=bytes(size))


def test_a_batch_of_huge_pages_ends_early() -> None:
    big, small = BATCH_BYTES // 2, 10
    sizes = [[len(each.body) for each in batch] for batch in batches(iter(map(page, [big, big, big, small])), 64)]
    assert sizes == [[big, big], [big, small]]


def test_only_one_batch_is_held() -> None:
    read: list[int] = []

    def records() -> Iterator[Record]:
        for number in range(6):
            read.append(number)
            yield page(BATCH_BYTES)

    taken = batches(records(), 64)
    next(taken)
    assert read == [0]


@pytest.mark.parametrize("split", [1, 3, 7])
def test_a_row_group_of_huge_texts_ends_early_and_depends_on_the_rows_alone(tmp_path: Path, split: int) -> None:
    texts = ["x" * (ROW_GROUP_BYTES // 3 + 1)] * 4 + ["x"] * 3
    storage = LocalStorage(tmp_path)
    writer = TableWriter(storage.writer("t"), "t", DOCUMENTS)
    for at in range(0, len(texts), split):
        writer.write(_documents(texts[at : at + split]))
    entry = writer.close()
    file = pq.ParquetFile(tmp_path / "t")
    assert [file.metadata.row_group(group).num_rows for group in range(file.num_row_groups)] == [3, 4]
    assert entry.rows == 7


def test_what_a_transform_took_out_counts_as_text(tmp_path: Path) -> None:
    writer = TableWriter(LocalStorage(tmp_path).writer("t"), "t", DOCUMENTS)
    writer.write(_documents(["", "", ""], removed="x" * ROW_GROUP_BYTES))
    writer.close()
    assert pq.ParquetFile(tmp_path / "t").num_row_groups == 3


def _documents(texts: list[str], removed: str = "") -> pa.RecordBatch:
    edit = [{"transform": "t", "start": 0, "removed": removed, "inserted": ""}]
    rows = [
        {"record_row": 0, "record_id": "i", "url": "u", "text": text, "edits": edit if removed else None}
        for text in texts
    ]
    return pa.RecordBatch.from_pylist(rows, schema=DOCUMENTS)


def test_a_batch_that_is_read_spans_no_row_groups(tmp_path: Path) -> None:
    storage = LocalStorage(tmp_path)
    writer = TableWriter(storage.writer("t"), "t", DOCUMENTS, row_group=3)
    writer.write(_documents(["a"] * 8))
    files = {"t": writer.close()}
    receipt = Receipt(step="s", fingerprint="f", source="s", key="k", name="n", attempt="a", files=files, counts={})
    assert [batch.num_rows for batch in read_batches(storage, receipt, "t", rows=256)] == [3, 3, 2]


def test_record_types_that_an_archive_invents_are_counted_as_one(tmp_path: Path) -> None:
    record = "WARC/1.0\r\nWARC-Type: {}\r\nContent-Length: 0\r\n\r\n\r\n\r\n"
    path = tmp_path / "x.warc"
    path.write_text("".join(record.format(kind) for kind in ("metadata", "aaaa", "aaab", "Revisit", "aaac")))
    with path.open("rb") as file:
        assert [each.type for each in read_records(InputStream(file), "x")] == [
            "metadata",
            "unknown",
            "unknown",
            "revisit",
            "unknown",
        ]


def test_a_crawl_that_is_called_dot_dot_is_no_folder_of_a_run(tmp_path: Path) -> None:
    (tmp_path / "a" / "crawl-data").mkdir(parents=True)
    (tmp_path / "a" / "x.warc.gz").write_bytes(gzip.compress(b""))
    listed = tmp_path / "hostile.paths"
    listed.write_text(f"{tmp_path}/a/crawl-data/../x.warc.gz\n")
    with pytest.raises(RecipeError, match="a source is a folder's name"):
        find_source([str(listed)])


def test_a_list_from_elsewhere_cannot_name_files_of_this_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x.paths"
    path.write_text("crawl-data/CC/x.warc.gz\n/etc/passwd\n")
    monkeypatch.setattr("pipeline.sources.open_input", lambda _: InputStream(path.open("rb")))
    with pytest.raises(InputError, match="/etc/passwd, a file of this machine"):
        find_source(["https://host.example/crawl-data/x.paths"])


def test_a_file_name_that_is_no_utf8_is_refused_and_named(tmp_path: Path) -> None:
    try:
        Path(str(tmp_path) + "/x\udcff.warc.gz").write_bytes(b"")
    except OSError:
        pytest.skip("this file system has no such names")
    with pytest.raises(InputError, match="is not UTF-8"):
        find_source([str(tmp_path)])


@pytest.mark.parametrize("address", ["https://", "s3://", "https://[::1/x.warc.gz"])
def test_an_address_that_is_none_is_one_clear_error(address: str) -> None:
    with pytest.raises(InputError, match="no address of a file"):
        find_source([address])
