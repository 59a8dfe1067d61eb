"""One record for each row of a Parquet file; what is broken costs its row or its row group."""

import hashlib
import os
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rowfiles import MOST_CHARS, read, told

from pipeline.errors import InputError
from pipeline.rows import parquet


def written(folder: Path, table: pa.Table | dict[str, Any], **options: Any) -> Path:
    file = folder / "rows.parquet"
    pq.write_table(table if isinstance(table, pa.Table) else pa.table(table), file, **options)
    return file


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("parquet")


@given(st.lists(st.none() | st.text(max_size=20)), st.integers(1, 5), st.sampled_from(["string", "large_string"]))
def test_every_row_becomes_one_record_at_its_number(
    folder: Path, texts: list[str | None], group: int, kind: str
) -> None:
    table = pa.table({"text": pa.array(texts, kind)})
    records, _ = read(written(folder, table, row_group_size=group))
    assert [(record.offset, record.length) for record in records] == [(row, 1) for row in range(len(texts))]
    assert [told(record) for record in records] == ["no_text" if text is None else text for text in texts]


def test_the_digest_of_a_local_file_is_kept(folder: Path) -> None:
    file = written(folder, {"text": ["a"]})
    assert read(file)[1]["input_sha256"] == hashlib.sha256(file.read_bytes()).hexdigest()


def test_a_row_group_that_is_larger_than_a_batch_is_read_in_batches(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parquet, "BATCH_BYTES", 10_000)
    texts = [os.urandom(400).hex() for _ in range(200)]
    file = written(folder, {"text": texts}, row_group_size=100)
    sizes: list[int] = []
    whole = parquet.ParquetReader._records
    monkeypatch.setattr(
        parquet.ParquetReader,
        "_records",
        lambda self, batch, first: sizes.append(len(batch)) or whole(self, batch, first),
    )
    assert [told(record) for record in read(file)[0]] == texts
    assert max(sizes) < 20


def test_a_row_whose_text_is_no_utf8_is_a_row_with_that_reason(folder: Path) -> None:
    bad = pa.array([b"good", b"caf\xe9", None], pa.binary())
    as_text = pa.Array.from_buffers(pa.string(), 3, bad.buffers())
    for column in (bad, as_text):
        records, _ = read(written(folder, {"text": column, "url": as_text}))
        assert [told(record) for record in records] == ["good", "not_utf8", "no_text"]
        assert [record.url for record in records] == ["good", "", ""]


@pytest.mark.parametrize("kind", [pa.binary(), pa.string_view(), pa.dictionary(pa.int8(), pa.string())], ids=str)
def test_text_may_have_any_of_parquets_types_for_text(folder: Path, kind: pa.DataType) -> None:
    values = pa.array(["a", "ö", None]).cast(kind)
    assert [told(record) for record in read(written(folder, {"text": values}))[0]] == ["a", "ö", "no_text"]


def test_a_column_of_nothing_gives_rows_without_text(folder: Path) -> None:
    assert [told(record) for record in read(written(folder, {"text": pa.nulls(2)}))[0]] == ["no_text"] * 2


def test_a_text_of_too_many_characters_is_stopped_by_a_limit(folder: Path) -> None:
    records, _ = read(written(folder, {"text": ["a", "x" * (MOST_CHARS + 1)]}))
    assert [(told(record), record.by_limit) for record in records] == [("a", False), ("over_size", True)]


WHEN = datetime(2013, 5, 18, 5, 48, 59, tzinfo=UTC)


@pytest.mark.parametrize(
    ("values", "found"),
    [
        (pa.array(["2013-05-18T05:48:59Z", "never"]), [WHEN, None]),
        (pa.array([WHEN, None]), [WHEN, None]),
        (pa.array([WHEN.replace(tzinfo=None), None]), [WHEN, None]),
        (pa.array([WHEN, None]).cast(pa.timestamp("ns", "Europe/Berlin")), [WHEN, None]),
        (pa.array([date(2013, 5, 18), None]), [datetime(2013, 5, 18, tzinfo=UTC), None]),
        (pa.array([WHEN.timestamp() * 1e6, 2**62], pa.int64()).cast(pa.timestamp("us", "UTC")), [WHEN, None]),
        (pa.array([7, 8]), [None, None]),
    ],
    ids=["string", "utc", "naive", "nanoseconds", "day", "far future", "number"],
)
def test_a_date_may_be_text_or_time(folder: Path, values: pa.Array, found: list[datetime | None]) -> None:
    records, _ = read(written(folder, {"text": ["a", "b"], "date": values}))
    assert [record.date for record in records] == found


def test_fineweb_and_datatrove_name_their_columns_alike_enough(folder: Path) -> None:
    origin = {"url": "http://u/", "date": "2013-05-18T05:48:59Z", "dump": "D", "file_path": "f"}
    flat = {"text": ["t"], "id": [7]} | {name: [value] for name, value in origin.items()}
    nested = {"text": ["t"], "id": ["7"], "metadata": [origin]}
    for table in (flat, nested):
        (record,), _ = read(written(folder, table))
        assert (record.text, record.record_id, record.url) == ("t", "7", "http://u/")
        assert (record.date, record.dump, record.file_path) == (WHEN, "D", "f")


def test_a_missing_id_is_made_of_file_and_row(folder: Path) -> None:
    records, _ = read(written(folder, {"text": ["a", "b"], "id": ["", None]}))
    assert [record.record_id for record in records] == ["<gristmill:rows.parquet:0>", "<gristmill:rows.parquet:1>"]


def test_other_columns_are_named_by_option_also_inside_structs(folder: Path) -> None:
    table = {"raw": [{"deep": {"content": "t"}, "id": 5}], "link": ["u"], "text": [7]}
    (record,), _ = read(written(folder, table), text="raw.deep.content", id="raw.id", url="link")
    assert (record.text, record.record_id, record.url) == ("t", "5", "u")


@pytest.mark.parametrize(
    ("named", "says"),
    [
        ({}, "no column text; there are body.html, body.plain, n"),
        ({"text": "body.plain", "date": "when"}, "no column when; .*--date-column"),
        ({"text": "n"}, "column n is int64, not text"),
    ],
)
def test_a_column_that_is_not_there_or_no_text_is_one_clear_error(
    folder: Path, named: dict[str, str], says: str
) -> None:
    file = written(folder, {"body": [{"html": "h", "plain": "p"}], "n": [1]})
    with pytest.raises(InputError, match=says):
        read(file, **named)


def test_a_broken_row_group_is_one_row_over_those_it_held_and_costs_no_other(folder: Path) -> None:
    texts = [os.urandom(30).hex() for _ in range(300)]
    file = written(folder, {"text": texts}, row_group_size=100, use_dictionary=False)
    column = pq.ParquetFile(file).metadata.row_group(1).column(0)
    data = bytearray(file.read_bytes())
    middle = column.data_page_offset + column.total_compressed_size // 2
    data[column.data_page_offset : column.data_page_offset + 10] = b"\xff" * 10
    data[middle : middle + 50] = b"\xff" * 50
    file.write_bytes(data)
    records, _ = read(file)
    assert [told(record) for record in records] == [*texts[:100], "corrupt_record", *texts[200:]]
    assert (records[100].kind, records[100].offset, records[100].length) == ("corrupt", 100, 100)
    assert (records[100].error or "").startswith("row group 1: ")


@pytest.mark.parametrize("kept", [0, 3, 0.5, 0.99])
def test_a_file_that_is_cut_off_or_no_parquet_is_one_clear_error(folder: Path, kept: float) -> None:
    file = written(folder, {"text": ["some text"] * 100})
    data = file.read_bytes()
    file.write_bytes(data[: kept if isinstance(kept, int) else int(len(data) * kept)])
    with pytest.raises(InputError, match=r"rows\.parquet is no readable Parquet file"):
        read(file)


def test_a_file_without_rows_has_no_records(folder: Path) -> None:
    assert read(written(folder, pa.table({"text": pa.array([], pa.string())})))[0] == []
