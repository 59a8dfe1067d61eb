"""Rows of an input file in batches of Arrow: the few columns that say what a row is, or all of them as they are.

Batches come in the order of the file and their size depends on the file alone. Memory is that of one batch.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline.column_types import TEXT, TIME
from pipeline.inputs import open_seekable
from pipeline.rows.columns import NOT_UTF8, RowColumns, date_of, id_of
from pipeline.rows.json_rows import json_batches, json_lookups
from pipeline.rows.parquet import (
    READ_BYTES,
    column_at,
    found_columns,
    found_score,
    is_text,
    texts_of,
    times_of,
    unreadable,
)
from pipeline.rows.pieces import Piece, check_unchanged
from pipeline.rows.pulling import gathered, pulled
from pipeline.rows.united import fitted, united
from pipeline.scores import SCORE, score_of

BATCH_ROWS, BATCH_BYTES = 4_096, 16 << 20

ROW_SCHEMA = pa.schema([("text", TEXT), ("date", TIME), ("record_id", TEXT), ("url", TEXT)])


def document_batches(
    piece: Piece, columns: RowColumns, rows: int = BATCH_ROWS, *, score: str | None = None
) -> Iterator[pa.RecordBatch]:
    """`ROW_SCHEMA` for each row, up to `rows` at a time: text and `record_id` are empty where there is none that can be read.

    Where a column is named that says the score, the last column is `score`, null for what is null or NaN.

    Raises:
        InputError: the file cannot be read, lacks a column that has to be there, or is not the one that was planned with.
    """
    check_unchanged(piece)
    if not piece.is_parquet:
        for found in json_lookups(piece, columns, score):
            yield from (
                _of_json(found[start : start + rows], scored=score is not None) for start in range(0, len(found), rows)
            )
    else:
        with closing(open_seekable(piece.location)) as source, unreadable(piece.name):
            file = pq.ParquetFile(source, buffer_size=READ_BYTES, pre_buffer=False)
            paths = found_columns(file.schema_arrow, columns, piece.name)
            paths = {what: paths[what] for what in ("text", "date", "id", "url") if what in paths}
            paths |= {"score": found_score(file.schema_arrow, score, piece.name)} if score else {}
            for batch in _parquet_batches(file, piece, [".".join(path) for path in paths.values()], rows):
                yield _of_parquet(batch, {what: column_at(batch, path) for what, path in paths.items()})
    check_unchanged(piece)


def whole_batches(piece: Piece, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    """All columns of each row as `schema` has them, null where the file has no such column; errors as `document_batches`."""
    check_unchanged(piece)
    if not piece.is_parquet:
        yield from json_batches(piece, schema)
    else:
        with closing(open_seekable(piece.location)) as source, unreadable(piece.name):
            file = pq.ParquetFile(source, buffer_size=READ_BYTES, pre_buffer=False)
            for batch in _parquet_batches(file, piece, None, BATCH_ROWS):
                yield fitted(batch, schema, piece.name)
    check_unchanged(piece)


def rows_of(piece: Piece) -> tuple[int, pa.Schema]:
    """How many rows there are, and the columns that they have; errors as `document_batches`."""
    check_unchanged(piece)
    if not piece.is_parquet:
        batches = json_batches(piece)
        rows, found = 0, pa.schema([])
        for batch in batches:
            rows += batch.num_rows
            found = united(
                found, batch.schema, (f"the rows of {piece.name} before", f"row {rows - batch.num_rows} and after")
            )
        return rows, found
    with closing(open_seekable(piece.location)) as source, unreadable(piece.name):
        file = pq.ParquetFile(source)
        rows = file.metadata.num_rows if piece.rows is None else piece.rows
        return rows, file.schema_arrow.remove_metadata()


def _parquet_batches(
    file: pq.ParquetFile, piece: Piece, names: list[str] | None, rows: int
) -> Iterator[pa.RecordBatch]:
    groups = [file.metadata.row_group(group) for group in range(file.num_row_groups)]
    first, stop = piece.first, _rows_in(groups) if piece.rows is None else piece.first + piece.rows
    chosen = range(*(piece.groups or (0, len(groups))))
    row = _rows_in(groups[: chosen.start])
    for number in chosen:
        pulls = pulled(file, number, names, BATCH_BYTES, rows)
        yield from gathered(_within(pulls, first - row, stop - row), rows, BATCH_BYTES)
        row += groups[number].num_rows
        if row >= stop:
            return


def _within(batches: Iterator[pa.RecordBatch], start: int, stop: int) -> Iterator[pa.RecordBatch]:
    """The rows from `start` to before `stop`."""
    row = 0
    for batch in batches:
        low, high = max(start - row, 0), min(stop - row, batch.num_rows)
        if low < high:
            yield batch.slice(low, high - low)
        row += batch.num_rows
        if row >= stop:
            return


def _rows_in(groups: Sequence[pq.RowGroupMetaData]) -> int:
    return sum(group.num_rows for group in groups)


def _of_parquet(batch: pa.RecordBatch, found: Mapping[str, pa.Array]) -> pa.RecordBatch:
    rows = batch.num_rows
    columns = [
        _text(found["text"]).fill_null(""),
        _times(found["date"]) if "date" in found else pa.nulls(rows, TIME),
        _ids(found["id"]) if "id" in found else pa.repeat(pa.scalar("", TEXT), rows),
        _text(found["url"]) if "url" in found and is_text(found["url"].type) else pa.nulls(rows, TEXT),
    ]
    return _documents(columns, score_of(found["score"]) if "score" in found else None)


def _documents(columns: list[pa.Array], scores: pa.Array | None) -> pa.RecordBatch:
    batch = pa.RecordBatch.from_arrays(columns, schema=ROW_SCHEMA)
    return batch if scores is None else batch.append_column(SCORE, scores)


def _text(column: pa.Array) -> pa.Array:
    """As `large_string`, without a string of Python's where all of it is UTF-8."""
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if pa.types.is_null(column.type):
        return column.cast(TEXT)
    try:
        text = column.cast(TEXT)
        text.validate(full=True)
    except pa.ArrowInvalid:
        return pa.array([None if text is NOT_UTF8 else text for text in texts_of(column)], TEXT)
    return text


def _ids(column: pa.Array) -> pa.Array:
    if is_text(column.type):
        return _text(column).fill_null("")
    if pa.types.is_integer(column.type):
        return column.cast(TEXT).fill_null("")
    return pa.repeat(pa.scalar("", TEXT), len(column))


def _times(column: pa.Array) -> pa.Array:
    if pa.types.is_timestamp(column.type) or pa.types.is_date(column.type):
        try:
            return column.cast(TIME)
        except pa.ArrowInvalid:
            return pa.array(times_of(column), TIME)
    if is_text(column.type):
        text = _text(column)
        try:
            return pc.cast(text, TIME)
        except pa.ArrowInvalid:
            return pa.array([date_of(value) for value in text.to_pylist()], TIME)
    return pa.nulls(len(column), TIME)


def _of_json(found: list[dict[str, Any]], *, scored: bool) -> pa.RecordBatch:
    columns = [
        pa.array([_string(row.get("text")) or "" for row in found], TEXT),
        pa.array([date_of(row.get("date")) for row in found], TIME),
        pa.array([_string(id_of(row.get("id"))) or "" for row in found], TEXT),
        pa.array([_string(row.get("url")) for row in found], TEXT),
    ]
    return _documents(columns, score_of(pa.array([row.get("score") for row in found], SCORE.type)) if scored else None)


def _string(value: object) -> str | None:
    """The value where it is text that UTF-8 can hold; halves of surrogate pairs it cannot."""
    if not isinstance(value, str) or (not value.isascii() and any("\ud800" <= char <= "\udfff" for char in value)):
        return None
    return value
