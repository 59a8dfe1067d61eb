"""Rows of Parquet come in batches that are as large in memory as is said, whatever the file says of their size."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.reading import open_reader
from pipeline.rows import pulling
from pipeline.rows.batches import BATCH_BYTES, document_batches, whole_batches
from pipeline.rows.columns import RowColumns
from pipeline.rows.pieces import piece_of
from pipeline.rows.pulling import gathered, pulled
from pipeline.sources import SourcePart, find_source

LARGE = "a b c d " * 40_000


def repeated(texts: list[str], places: list[int], kind: pa.DataType) -> pa.Array:
    column = pa.DictionaryArray.from_arrays(pa.array(places, pa.int32()), pa.array(texts))
    return column.cast(kind) if kind != column.type else column


KINDS = [pa.dictionary(pa.int32(), pa.string()), pa.large_string()]


@pytest.mark.parametrize("kind", KINDS, ids=str)
@pytest.mark.parametrize("small", [0, 500])
def test_a_text_that_many_rows_share_is_never_in_memory_for_all_of_them(
    tmp_path: Path, kind: pa.DataType, small: int
) -> None:
    texts = ["a small text", LARGE]
    table = pa.table({"text": repeated(texts, [0] * small + [1] * 400, kind)})
    pq.write_table(table, tmp_path / "a.parquet", compression="zstd")
    assert (tmp_path / "a.parquet").stat().st_size < 2_000
    (part,) = find_source([str(tmp_path)]).parts
    for batches in (
        document_batches(piece_of(part), RowColumns()),
        whole_batches(piece_of(part), pa.schema([("text", pa.large_string())])),
    ):
        rows, sizes = 0, []
        for batch in batches:
            found = batch["text"].to_pylist()
            assert found == [texts[row >= small] for row in range(rows, rows + len(found))]
            rows += len(found)
            sizes.append(batch.nbytes)
        assert rows == small + 400
        first, *others = sorted(sizes, reverse=True)
        assert first < 1.1 * pulling.PULL_ROWS * len(LARGE)  # by which the rest is known to be as large
        assert max(others) < 1.1 * BATCH_BYTES
    with open_reader(part, RowColumns(), 1 << 20, {}) as reader:
        assert [len(record.text or "") for record in reader.records()] == [12] * small + [len(LARGE)] * 400


@settings(max_examples=30)
@given(
    st.lists(st.integers(0, 2), max_size=120),
    st.integers(1, 3_000),
    st.integers(1, 40),
    st.sampled_from([5, 17, 1_000]),
)
def test_rows_are_all_there_once_and_in_order_whatever_their_sizes(
    tmp_path_factory: pytest.TempPathFactory, places: list[int], most_bytes: int, most_rows: int, group: int
) -> None:
    file = tmp_path_factory.mktemp("rows") / "a.parquet"
    texts = ["x", "y" * 100, "z" * 2_000]
    table = pa.table({"text": repeated(texts, places, pa.string()), "n": range(len(places))})
    pq.write_table(table, file, row_group_size=group)
    opened, found = pq.ParquetFile(file), []
    for number in range(opened.num_row_groups):
        for batch in gathered(pulled(opened, number, None, most_bytes, most_rows), most_rows, most_bytes):
            assert batch.num_rows <= max(most_rows, 1)
            found.append(batch)
    assert pa.Table.from_batches(found, table.schema).equals(table)


def test_where_one_row_is_larger_than_a_batch_rows_come_one_by_one(tmp_path: Path) -> None:
    places = [0] * 160 + [1] * 160
    pq.write_table(pa.table({"text": repeated(["x", LARGE], places, pa.string())}), tmp_path / "a.parquet")
    sizes = [batch.num_rows for batch in pulled(pq.ParquetFile(tmp_path / "a.parquet"), 0, None, len(LARGE) // 2)]
    assert sizes == [pulling.PULL_ROWS, pulling.PULL_ROWS, *[1] * 64]


def test_a_group_whose_footer_says_that_rows_are_large_is_read_so_from_the_first(tmp_path: Path) -> None:
    texts = [f"{row} {LARGE}" for row in range(40)]
    pq.write_table(pa.table({"text": texts}), tmp_path / "a.parquet", use_dictionary=False)
    part = SourcePart("a.parquet", str(tmp_path / "a.parquet"), (tmp_path / "a.parquet").stat().st_size, "")
    file = pq.ParquetFile(part.location)
    assert {batch.num_rows for batch in pulled(file, 0, None, 4 * len(LARGE))} <= {3, 4, 1}
