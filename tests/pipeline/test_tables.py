"""The same rows give the same bytes, and only rows of the declared schema get in."""

import hashlib
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from obstore.store import MemoryStore

from pipeline.column_types import TEXT, TIME
from pipeline.receipts import FileEntry, Receipt
from pipeline.schemas import DOCUMENTS, EDIT
from pipeline.storage import ObjectStorage, Storage
from pipeline.tables import TableWriter, read_batches, read_rows, read_table

MIXED = pa.schema(
    [
        pa.field("n", pa.int32(), nullable=False),
        pa.field("text", TEXT),
        pa.field("score", pa.float64()),
        pa.field("flag", pa.bool_()),
        pa.field("time", TIME),
        pa.field("numbers", pa.list_(pa.int16())),
        pa.field("edits", pa.list_(EDIT)),
        pa.field("raw", pa.large_binary()),
    ]
)
NUMBERS = pa.schema([pa.field("n", pa.int64(), nullable=False)])


def storage() -> Storage:
    return ObjectStorage("s3://bucket", store=MemoryStore())


def receipt_of(entry: FileEntry) -> Receipt:
    return Receipt(step="s", fingerprint="f", source="s", key="k", name="n", attempt="a", files={"t": entry}, counts={})


def numbers(store: Storage, rows: int, row_group: int) -> Receipt:
    writer = TableWriter(store.writer("t"), "t", NUMBERS, row_group)
    writer.write_columns({"n": range(rows)})
    return receipt_of(writer.close())


EDITS = st.fixed_dictionaries(
    {
        "transform": st.just("c4"),
        "start": st.integers(0, 9),
        "removed": st.text("ab"),
        "inserted": st.none() | st.just(""),
    }
)
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "n": st.integers(0, 9),
            "text": st.none() | st.text("aä\0", max_size=4),
            "score": st.none() | st.floats(allow_nan=False),
            "flag": st.none() | st.booleans(),
            "time": st.none() | st.just(datetime(2024, 5, 1, tzinfo=UTC)),
            "numbers": st.none() | st.lists(st.none() | st.integers(0, 9), max_size=3),
            "edits": st.none() | st.lists(EDITS, max_size=2),
            "raw": st.none() | st.binary(max_size=3),
        }
    ),
    max_size=40,
)


def written(rows: list[dict[str, Any]], cuts: list[int], row_group: int) -> bytes:
    """The bytes of a table whose rows arrive in the batches that `cuts` makes."""
    store = storage()
    writer = TableWriter(store.writer("t"), "t", MIXED, row_group)
    edges = [0, *sorted(cut % (len(rows) + 1) for cut in cuts), len(rows)]
    for turn, (first, last) in enumerate(pairwise(edges)):
        if turn % 2:
            whole = pa.Table.from_pylist(rows, MIXED)  # a slice of something larger, with an offset
            writer.write(whole.slice(first, last - first))
        else:
            writer.write(pa.RecordBatch.from_pylist(rows[first:last], MIXED))
    entry = writer.close()
    data = store.get("t")
    assert entry == FileEntry("t", hashlib.sha256(data).hexdigest(), len(data), len(rows))
    return data


@settings(max_examples=60)
@given(ROWS, st.lists(st.integers(0, 50), max_size=6), st.integers(1, 12))
def test_the_same_rows_in_any_chunks_give_the_same_bytes(rows: list[Any], cuts: list[int], row_group: int) -> None:
    assert written(rows, cuts, row_group) == written(rows, [], row_group)


@settings(max_examples=30)
@given(ROWS, st.integers(1, 12))
def test_what_is_written_is_read_again(rows: list[Any], row_group: int) -> None:
    assert pq.read_table(pa.BufferReader(written(rows, [7], row_group))).to_pylist() == rows


def test_many_rows_in_any_chunks_give_the_same_bytes() -> None:
    """Pages of a column are cut at a size in bytes and after 1,024 values: this many rows cross both."""
    texts = [f"{n} " * (n % 700) for n in range(5000)]
    column = pa.array([text or None for text in texts], TEXT)
    table = pa.table([column], schema=pa.schema([pa.field("text", TEXT)]))

    def digest(chunk: int) -> str:
        store = storage()
        writer = TableWriter(store.writer("t"), "t", table.schema)
        for first in range(0, 5000, chunk):
            writer.write(table.slice(first, chunk))
        return writer.close().sha256

    assert len({digest(chunk) for chunk in (5000, 1999, 256, 64, 1025)}) == 1


@pytest.mark.parametrize(
    "other",
    [
        pa.schema([pa.field("n", pa.int32(), nullable=False)]),
        pa.schema([pa.field("n", pa.int64())]),
        pa.schema([pa.field("m", pa.int64(), nullable=False)]),
        pa.schema([*NUMBERS, pa.field("m", pa.int64())]),
    ],
)
def test_rows_of_another_schema_are_refused(other: pa.Schema) -> None:
    writer = TableWriter(storage().writer("t"), "steps/t.parquet", NUMBERS)
    with pytest.raises(ValueError, match=r"steps/t\.parquet: rows of schema"):
        writer.write(other.empty_table())
    writer.abandon()


@pytest.mark.parametrize("columns", [{}, {"m": [1]}])
def test_a_missing_column_is_refused(columns: dict[str, list[int]]) -> None:
    writer = TableWriter(storage().writer("t"), "t", NUMBERS)
    with pytest.raises(KeyError, match="n"):
        writer.write_columns(columns)
    writer.abandon()


def test_null_is_refused_where_the_schema_has_none() -> None:
    writer = TableWriter(storage().writer("t"), "t", NUMBERS)
    writer.write_columns({"n": [None]})
    with pytest.raises(pa.ArrowInvalid, match=r"n.*non-nullable"):
        writer.close()
    writer.abandon()


def test_row_groups_hold_the_declared_number_of_rows() -> None:
    store = storage()
    receipt = numbers(store, 25, 10)
    file = pq.ParquetFile(store.open("t"))
    assert [file.metadata.row_group(n).num_rows for n in range(file.num_row_groups)] == [10, 10, 5]
    assert receipt.rows("t") == 25


def test_rows_can_be_a_row_group_of_their_own_also_none_or_more_than_others_have() -> None:
    store = storage()
    writer = TableWriter(store.writer("t"), "t", NUMBERS, row_group=2)
    writer.write_columns({"n": [0]})
    for rows in ([], [1, 2, 3], [], [4]):
        writer.write_row_group(pa.table({"n": rows}, schema=NUMBERS))
    assert writer.close().rows == 5
    file = pq.ParquetFile(store.open("t"))
    assert [file.read_row_group(n)["n"].to_pylist() for n in range(file.num_row_groups)] == [
        [0],
        [],
        [1, 2, 3],
        [],
        [4],
    ]


def test_an_empty_table_is_a_table() -> None:
    store = storage()
    writer = TableWriter(store.writer("t"), "t", DOCUMENTS)
    receipt = receipt_of(writer.close())
    assert read_table(store, receipt, "t").schema.equals(DOCUMENTS)
    assert list(read_batches(store, receipt, "t")) == []
    assert read_rows(store, receipt, "t", 0) == []


@given(st.integers(0, 30), st.integers(1, 8), st.integers(0, 35), st.integers(0, 12))
def test_rows_are_found_across_row_groups(rows: int, row_group: int, first: int, count: int) -> None:
    store = storage()
    receipt = numbers(store, rows, row_group)
    want = list(range(rows))[first : first + count]
    assert [row["n"] for row in read_rows(store, receipt, "t", first, count)] == want


@given(st.integers(0, 30), st.integers(1, 8), st.integers(1, 12))
def test_batches_are_the_table_in_order(rows: int, row_group: int, batch: int) -> None:
    store = storage()
    receipt = numbers(store, rows, row_group)
    batches = list(read_batches(store, receipt, "t", ["n"], batch))
    assert [n for each in batches for n in each["n"].to_pylist()] == list(range(rows))
    assert all(each.num_rows <= batch for each in batches)


def test_columns_are_read_in_the_order_asked_for() -> None:
    store = storage()
    writer = TableWriter(store.writer("t"), "t", pa.schema([("a", pa.int8()), ("b", pa.int8()), ("c", pa.int8())]))
    writer.write_columns({"a": [1], "b": [2], "c": [3]})
    receipt = receipt_of(writer.close())
    assert read_table(store, receipt, "t", ["c", "a"]).to_pydict() == {"c": [3], "a": [1]}
    assert read_table(store, receipt, "t", []).num_columns == 0


def test_an_abandoned_table_can_be_removed_whatever_was_written() -> None:
    store = storage()
    writer = TableWriter(store.writer("t"), "t", NUMBERS)
    writer.write_columns({"n": [1]})
    writer.abandon()
    writer.abandon()
    store.delete("t")
    assert store.names("") == []
