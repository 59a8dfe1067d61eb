"""Rows picked from a file are those that a whole reading gives."""

from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import InputError
from pipeline.rows import pieces
from pipeline.rows.batches import document_batches
from pipeline.rows.columns import RowColumns
from pipeline.rows.picking import pick
from pipeline.rows.pieces import divided, piece_of
from pipeline.sources import Source, find_source

ROWS = [{"text": f"text {row}", "id": row, "url": f"https://example.org/{row}"} for row in range(50)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same rows as Parquet, in row groups of 7, and as lines of JSON with blank ones in between."""
    folder = tmp_path_factory.mktemp("rows")
    pq.write_table(pa.Table.from_pylist(ROWS), folder / "a.parquet", row_group_size=7)
    (folder / "b.jsonl").write_bytes(b"".join(orjson.dumps(row) + b"\n" * (1 + row["id"] % 2) for row in ROWS))
    return folder


@pytest.fixture(scope="module", params=[10, 1 << 19])
def source(request: pytest.FixtureRequest, folder: Path) -> Source:
    """The files, in pieces of so many rows at most."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pieces, "PIECE_ROWS", request.param)
        return divided(find_source([str(folder)]))[0]


@given(st.sets(st.integers(0, 49)))
def test_picked_rows_are_those_of_a_whole_reading_in_any_pieces(source: Source, wanted: set[int]) -> None:
    for part in source.parts:
        piece = piece_of(part)
        whole = pa.Table.from_batches(document_batches(piece, RowColumns())).to_pylist()
        rows = sorted(row for row in wanted if row < len(whole))
        assert list(pick(piece, RowColumns(), rows)) == [whole[row] for row in rows]


def test_only_the_row_groups_of_the_rows_are_read(source: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[int] = []
    real = pq.ParquetFile.iter_batches

    def counting(file: pq.ParquetFile, *, row_groups: list[int], **options: Any) -> Any:
        read.extend(row_groups)
        return real(file, row_groups=row_groups, **options)

    piece = piece_of(next(part for part in source.parts if ".parquet" in part.name))
    monkeypatch.setattr(pq.ParquetFile, "iter_batches", counting)
    assert [each["text"] for each in pick(piece, RowColumns(), [5, 6])] == ["text 5", "text 6"]
    assert read == [0]


def test_a_row_that_is_not_there_is_an_error(folder: Path) -> None:
    for part in find_source([str(folder)]).parts:
        with pytest.raises(InputError, match="there is no row 50"):
            list(pick(piece_of(part), RowColumns(), [3, 50]))
