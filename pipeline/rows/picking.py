"""Some rows of an input file: of Parquet only the row groups that they are in are read, and of lines none behind the last."""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.errors import InputError
from pipeline.inputs import open_seekable
from pipeline.rows.batches import document_batches
from pipeline.rows.columns import RowColumns
from pipeline.rows.parquet import unreadable
from pipeline.rows.pieces import Piece


def pick(
    piece: Piece, columns: RowColumns, rows: Sequence[int], *, score: str | None = None
) -> Iterator[dict[str, Any]]:
    """What is known of the given rows (ascending, from 0 at the piece's first), in order: text, date, `record_id` and url.

    `score` too, where a column is named for it. InputError where the file is not the one that was planned with, or has no such
    row.
    """
    wanted = list(rows)
    for first, part in _narrowed(piece, wanted) if piece.is_parquet else [(0, piece)]:
        row = first
        for batch in document_batches(part, columns, score=score):
            stop = bisect_left(wanted, row + batch.num_rows)
            yield from batch.take(pa.array([each - row for each in wanted[:stop]], pa.int64())).to_pylist()
            wanted, row = wanted[stop:], row + batch.num_rows
            if not wanted:
                return
    if wanted:
        raise InputError(f"{piece.name}: there is no row {piece.first + wanted[0]:,}")


def _narrowed(piece: Piece, rows: Sequence[int]) -> Iterator[tuple[int, Piece]]:
    """Pieces of one row group each, from the first to the last wanted row in it, and the number of that row."""
    with closing(open_seekable(piece.location)) as source, unreadable(piece.name):
        about = pq.ParquetFile(source).metadata
        ends = np.cumsum([about.row_group(group).num_rows for group in range(about.num_row_groups)])
    wanted = np.asarray(rows, np.int64)
    groups = np.searchsorted(ends, wanted + piece.first, side="right")
    for group in np.unique(groups).tolist():
        here = wanted[groups == group]
        if group < ends.size:
            low, count = int(here[0]), int(here[-1] - here[0]) + 1
            yield low, replace(piece, first=piece.first + low, rows=count, groups=(group, group + 1))
