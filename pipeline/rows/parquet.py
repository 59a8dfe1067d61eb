"""Parquet, batch by batch: a row group of any size is never in memory whole, and one that is broken costs no other."""

from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline.archives.record import Record
from pipeline.errors import InputError
from pipeline.rows.columns import NOT_UTF8, RowColumns, missing_column, record_of
from pipeline.rows.pulling import pulled
from pipeline.storage_errors import first_line

BATCH_BYTES = 16 << 20  # of rows at a time, where one is not larger
READ_BYTES = (
    8 << 20
)  # of a column at a time; pyarrow would take a row group's whole column, which may be all of the file

_TIME = pa.timestamp("us", tz="UTC")


class ParquetReader:
    """Reads one file; `extent` counts its rows, and so do the offsets of its records."""

    has_html: ClassVar[bool] = False

    def __init__(self, file: pa.NativeFile, name: str, columns: RowColumns, max_chars: int) -> None:
        self._name = name
        self._max_chars = max_chars
        with unreadable(name):
            self._file = pq.ParquetFile(file, buffer_size=READ_BYTES, pre_buffer=False)
            self._columns = found_columns(self._file.schema_arrow, columns, name)
        self.extent = self._file.metadata.num_rows

    def records(self) -> Iterator[Record]:
        """A record for each row, and one for the rows of a row group from a break on."""
        first = 0
        for group in range(self._file.num_row_groups):
            rows = self._file.metadata.row_group(group).num_rows
            done = 0
            why = "the row group has fewer rows than the file says"
            batches = self._batches(group)
            while True:
                try:
                    batch = next(batches, None)
                except pa.ArrowMemoryError:
                    raise
                except (pa.ArrowException, OSError) as error:
                    batch, why = None, first_line(error)
                if batch is None:
                    break
                yield from self._records(batch, first + done)
                done += batch.num_rows
            if done < rows:
                yield _broken(first + done, rows - done, f"row group {group}: {why}")
            first += rows

    def _batches(self, group: int) -> Iterator[pa.RecordBatch]:
        leaves = list(dict.fromkeys(".".join(path) for path in self._columns.values()))
        return pulled(self._file, group, leaves, BATCH_BYTES)

    def _records(self, batch: pa.RecordBatch, first: int) -> Iterator[Record]:
        columns = {what: _values(column_at(batch, path)) for what, path in self._columns.items()}
        for place in range(batch.num_rows):
            row = {what: values[place] for what, values in columns.items()}
            yield record_of(row, self._name, offset=first + place, length=1, max_chars=self._max_chars)


@contextmanager
def unreadable(name: str) -> Generator[None]:
    """Turns what Parquet's reader says of the file into one line."""
    try:
        yield
    except pa.ArrowMemoryError:
        raise
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:  # the last of a column's name
        raise InputError(f"{name} is no readable Parquet file: {first_line(error)}") from error


def found_columns(schema: pa.Schema, columns: RowColumns, name: str) -> dict[str, tuple[str, ...]]:
    """The path of each column that the file has, from struct to struct, by what it says of a row."""
    found: dict[str, tuple[str, ...]] = {}
    for what, candidates in columns.candidates().items():
        paths = (_path(schema, candidate) for candidate in candidates)
        if path := next((path for path in paths if path), None):
            _check_single(schema, path, name)
            found[what] = path
    for what, column in columns.demanded().items():
        if what not in found:
            raise missing_column(name, what, column, list(leaves(schema)))
    kind = type_at(schema, found["text"])
    if not (is_text(kind) or pa.types.is_null(kind)):
        raise InputError(f"{name}: column {'.'.join(found['text'])} is {kind}, not text; name one with --text-column")
    return found


def found_score(schema: pa.Schema, column: str, name: str) -> tuple[str, ...]:
    """The path of the column with a row's score; InputError where it is missing or holds no numbers."""
    path = _path(schema, column)
    if path is None:
        raise missing_column(name, "score", column, list(leaves(schema)))
    _check_single(schema, path, name)
    kind, types = type_at(schema, path), pa.types
    if not any(of(kind) for of in (types.is_integer, types.is_floating, types.is_decimal, types.is_null)):
        raise InputError(f"{name}: column {column} is {kind}, not a number; name one with --score")
    return path


def _check_single(fields: Any, path: Sequence[str], name: str) -> None:
    """InputError where several columns on the way have one name: nobody can say which is meant."""
    for place, step in enumerate(path, 1):
        there = [field for field in fields if field.name == step]
        if len(there) > 1:
            raise InputError(f"{name}: there are several columns {'.'.join(path[:place])}; rename them")
        fields = there[0].type


def _path(fields: Any, name: str) -> tuple[str, ...] | None:
    names = [field.name for field in fields]
    if name in names:
        return (name,)
    outer, dot, inner = name.partition(".")
    kind = next((field.type for field in fields if dot and field.name == outer), None)
    below = _path(kind, inner) if kind is not None and pa.types.is_struct(kind) else None
    return (outer, *below) if below else None


def type_at(schema: pa.Schema, path: Sequence[str]) -> pa.DataType:
    """The type of the column at a path."""
    kind: Any = schema
    for name in path:
        kind = kind.field(name) if isinstance(kind, pa.Schema) else kind.type.field(name)
    return kind.type


def is_text(kind: pa.DataType) -> bool:
    """Whether a column of this type may hold text: strings or bytes, in a dictionary or not."""
    types = pa.types
    if types.is_dictionary(kind):
        return is_text(kind.value_type)
    texts = (types.is_string, types.is_large_string, types.is_binary, types.is_large_binary, types.is_string_view)
    return any(is_text(kind) for is_text in (*texts, types.is_binary_view))


def leaves(fields: Any) -> Iterator[str]:
    """The names of all columns, those in structs with dots."""
    for field in fields:
        if pa.types.is_struct(field.type) and field.type.num_fields:
            yield from (f"{field.name}.{inner}" for inner in leaves(field.type))
        else:
            yield field.name


def column_at(batch: pa.RecordBatch, path: Sequence[str]) -> pa.Array:
    """The column at a path, from struct to struct."""
    column = batch.column(path[0])
    return pc.call_function("struct_field", [column], pc.StructFieldOptions(list(path[1:]))) if path[1:] else column


def _values(column: pa.Array) -> list[Any]:
    """The values as Python has them; text that is no UTF-8 as `NOT_UTF8`, and a date that Python cannot hold as None."""
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if is_text(column.type):
        return texts_of(column)
    if pa.types.is_temporal(column.type) and not pa.types.is_time(column.type):
        return times_of(column)
    return column.to_pylist()


def texts_of(column: pa.Array) -> list[Any]:
    """The texts of a column as Python has them; `NOT_UTF8` for what is none."""
    if pa.types.is_string_view(column.type) or pa.types.is_binary_view(column.type):
        column = column.cast(pa.large_string() if pa.types.is_string_view(column.type) else pa.large_binary())
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        try:
            return column.to_pylist()
        except UnicodeDecodeError:
            column = column.cast(pa.large_binary())
    return [None if value is None else _decoded(value) for value in column.to_pylist()]


def _decoded(value: bytes) -> Any:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return NOT_UTF8


def times_of(column: pa.Array) -> list[Any]:
    """The times of a column as Python has them; None for what it cannot hold."""
    try:
        return column.cast(_TIME, safe=False).to_pylist()
    except (pa.ArrowException, OverflowError, ValueError):
        return [times_of(column.slice(place, 1))[0] for place in range(len(column))] if len(column) > 1 else [None]


def _broken(offset: int, length: int, why: str) -> Record:
    return Record(
        kind="corrupt", type="corrupt", offset=offset, length=length, error=why, error_reason="corrupt_record"
    )
