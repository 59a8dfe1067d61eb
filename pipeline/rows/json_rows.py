"""Lines of JSON as rows: a line that is no object is an error that names it, because rows are counted by those before."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pyarrow as pa

from pipeline.errors import InputError
from pipeline.inputs import open_input
from pipeline.rows.columns import RowColumns, missing_column
from pipeline.rows.jsonl import LOOKED_AT, MAX_LINE, Line, look_up, names_in, parse_json, split_lines, unpacked
from pipeline.rows.pieces import MOST_ROWS, Piece
from pipeline.rows.shapes import Shapes, held
from pipeline.storage_errors import first_line

BATCH_ROWS, BATCH_BYTES = 1_024, 16 << 20

Row = dict[str, Any]


def json_lines(piece: Piece) -> Iterator[list[bytes]]:
    """The lines of the file that are not blank, some at a time; InputError for one of more than 64 MiB, or a broken file."""
    some: list[bytes] = []
    held = rows = 0
    with open_input(piece.location) as stream:
        for number, line in enumerate(split_lines(unpacked(stream, piece.name), MAX_LINE), 1):
            data = _data(line, f"{piece.name}, line {number}")
            if not data.strip():
                continue
            some.append(data)
            held += len(data)
            rows += 1
            if rows > MOST_ROWS:
                raise InputError(
                    f"{piece.name}: more than {MOST_ROWS:,} rows, as many as can be numbered; divide the file"
                )
            if len(some) == BATCH_ROWS or held >= BATCH_BYTES:
                yield some
                some, held = [], 0
    if some:
        yield some


def _data(line: Line, where: str) -> bytes:
    if line.data is None:
        raise InputError(f"{where}: a line of {line.length:,} bytes; at most {MAX_LINE:,} are read")
    return line.data.removeprefix(b"\xef\xbb\xbf") if line.offset == 0 else line.data


def json_rows(piece: Piece) -> Iterator[list[Row]]:
    """The objects of the file's lines."""
    done = 0
    for lines in json_lines(piece):
        yield [_row(data, f"{piece.name}, row {done + place}") for place, data in enumerate(lines)]
        done += len(lines)


def _row(data: bytes, where: str) -> Row:
    try:
        row = parse_json(data)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{where}: no JSON ({first_line(error)})") from error
    if not isinstance(row, dict):
        raise InputError(f"{where}: a JSON {type(row).__name__}, not an object")
    return row


def json_lookups(piece: Piece, columns: RowColumns, score: str | None = None) -> Iterator[list[Row]]:
    """What the columns say of each row, `score` what the column of that name says.

    InputError where no row has a column that has to be there, or a score is no number.
    """
    names = columns.demanded() | ({"score": score} if score else {})
    demanded = set(names)
    there: list[str] = []
    rows = 0
    for some in json_rows(piece):
        found = [_found(row, columns) for row in some]
        for place, row in enumerate(some if score else ()):
            found[place] |= _score(row, score or "", f"{piece.name}, row {rows + place}")
        there = there or names_in(some[0])
        demanded -= {what for row in found for what in row}
        rows += len(some)
        if demanded and rows >= LOOKED_AT:
            break
        yield found
    for what in sorted(demanded if rows else ()):
        raise missing_column(piece.name, what, names[what], there)


def _found(row: Row, columns: RowColumns) -> Row:
    found: Row = {}
    for what, names in columns.candidates().items():
        for name in names:
            there, value = look_up(row, name)
            if there:
                found[what] = value
                break
    return found


def _score(row: Row, name: str, where: str) -> dict[str, float | None]:
    there, value = look_up(row, name)
    if not there:
        return {}
    if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
        raise InputError(f"{where}: column {name} is a {type(value).__name__}, not a number; name one with --score")
    try:
        return {"score": None if value is None else float(value)}
    except OverflowError as error:
        raise InputError(f"{where}: column {name} is {value}, too large a number") from error


def json_batches(piece: Piece, schema: pa.Schema | None = None) -> Iterator[pa.RecordBatch]:
    """All columns of each row: those of `schema`, or those that a batch has, with the types of its values."""
    shapes = Shapes(piece.name)
    for rows in json_rows(piece):
        if schema is None:
            shapes.add(rows)
            names = list(dict.fromkeys(name for row in rows for name in row))
            yield pa.RecordBatch.from_arrays([_column(piece, rows, name) for name in names], names=names)
        else:
            arrays = [_column(piece, rows, field.name, field.type) for field in schema]
            yield pa.RecordBatch.from_arrays(arrays, schema=schema)


def _column(piece: Piece, rows: list[Row], name: str, kind: pa.DataType | None = None) -> pa.Array:
    values = [row.get(name) for row in rows]
    with suppress(pa.ArrowException, UnicodeEncodeError, OverflowError):
        return pa.array(values, kind)
    try:
        return pa.array([held(value, kind) for value in values], kind)
    except (pa.ArrowException, UnicodeEncodeError, OverflowError) as error:
        raise InputError(f"{piece.name}: column {name} cannot be one column of a table: {first_line(error)}") from error
