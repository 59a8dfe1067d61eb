"""Reads the file that an annotation is from, in batches: its keys as text, and the wanted columns in their declared types."""

from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import csv

from pipeline.annotations.annotation import TYPES
from pipeline.errors import InputError, RecipeError
from pipeline.inputs import open_input, open_seekable
from pipeline.measures import schema
from pipeline.rows.jsonl import MAX_LINE, parse_json, split_lines, unpacked
from pipeline.storage_errors import first_line

BATCH_ROWS = 32_768
LOOKED_AT = 10_000  # rows of JSONL that say of which type a column is
_HASHED = 1 << 20

Columns = tuple[tuple[str, str], ...]


def sha256_of(location: str) -> str:
    """The digest of a file, which is read once from its beginning to its end."""
    with open_input(location) as stream:
        while stream.read(_HASHED):
            pass
        return stream.sha256


def side_columns(location: str, key: str, wanted: Sequence[str] | None) -> Columns:
    """Names and types of the `wanted` columns of a file, or of all but its key.

    Raises:
        InputError: the file cannot be read or has no such column.
        RecipeError: a column is of a type that no rule can judge.
    """
    there = _declared(location, key)
    listed = ", ".join(there)
    for name in (key, *(wanted or ())):
        if name not in there:
            raise InputError(f"{location}: no column {name}; there are {listed}")
    names = list(dict.fromkeys(wanted)) if wanted else [name for name in there if name != key]
    for name in names:
        if name == key or there[name] not in TYPES:
            why = "the key" if name == key else f"{there[name]}, not {', '.join(TYPES)}"
            raise RecipeError(f"{location}: column {name} is {why}; choose others with --columns")
    return tuple((name, there[name]) for name in names)


def side_batches(location: str, key: str, columns: Columns) -> Iterator[pa.RecordBatch]:
    """The rows of a file in batches: `key` first, as text, then `columns`.

    Raises:
        InputError: the file is damaged, or a value is not of its column's type.
    """
    whole = pa.schema([pa.field(key, pa.large_string()), *schema(**dict(columns))])
    with _readable(location):
        for batch in _raw(location, whole, key):
            arrays = [batch.column(field.name).cast(field.type) for field in whole]
            yield pa.RecordBatch.from_arrays(arrays, schema=whole)


def _raw(location: str, whole: pa.Schema, key: str) -> Iterator[pa.RecordBatch]:
    if location.endswith(".parquet"):
        with open_seekable(location) as file:
            parquet = pq.ParquetFile(file, buffer_size=8 << 20, pre_buffer=False)
            yield from parquet.iter_batches(BATCH_ROWS, columns=whole.names, use_threads=False)
    elif _is_csv(location):
        with _open_csv(location, {field.name: field.type for field in whole}) as reader:
            for batch in reader:
                yield batch.select(whole.names)
    else:
        rows = _json_rows(location)
        while some := list(islice(rows, BATCH_ROWS)):
            yield _batch(location, some, whole, key)


def _batch(location: str, rows: list[dict[str, Any]], whole: pa.Schema, key: str) -> pa.RecordBatch:
    arrays: list[pa.Array] = []
    for field in whole:
        values = [row.get(field.name) for row in rows]
        if field.name == key:
            values = [str(value) if isinstance(value, int) else value for value in values]
        try:
            arrays.append(pa.array(values, field.type))
        except (pa.ArrowException, TypeError, OverflowError) as error:
            raise InputError(f"{location}: column {field.name} is not {field.type} throughout: {error}") from error
    return pa.RecordBatch.from_arrays(arrays, schema=whole)


def _declared(location: str, key: str) -> dict[str, str]:
    """Names and types of all columns, as `TYPES` spells them where it has them."""
    with _readable(location):
        if location.endswith(".parquet"):
            with open_seekable(location) as file:
                fields: Any = pq.read_schema(file)
        elif _is_csv(location):
            with _open_csv(location, {key: pa.string()}) as reader:
                fields = reader.schema
        else:
            return _json_types(list(islice(_json_rows(location), LOOKED_AT)))
        return {field.name: _kind(field.type) for field in fields}


def _kind(type_: pa.DataType) -> str:
    types = pa.types
    if types.is_dictionary(type_):
        return _kind(type_.value_type)
    if types.is_string(type_) or types.is_large_string(type_) or types.is_null(type_) or types.is_string_view(type_):
        return "string"
    if types.is_integer(type_) and not types.is_uint64(type_):
        return "int64"
    return "float64" if types.is_floating(type_) else str(type_)


def _json_types(rows: list[dict[str, Any]]) -> dict[str, str]:
    kinds: dict[str, set[type]] = {}
    for row in rows:
        for name, value in row.items():
            kinds.setdefault(name, set()).update([type(value)] if value is not None else [])
    return {name: _json_kind(found) for name, found in kinds.items()}


def _json_kind(found: set[type]) -> str:
    for kind, types in (("string", {str}), ("bool", {bool}), ("int64", {int}), ("float64", {int, float})):
        if found <= types:
            return kind
    return " or ".join(sorted(each.__name__ for each in found))


def _json_rows(location: str) -> Iterator[dict[str, Any]]:
    with open_input(location) as stream:
        for number, line in enumerate(split_lines(unpacked(stream, location), MAX_LINE), 1):
            if line.data is not None and not line.data.strip():
                continue
            try:
                row = parse_json(line.data) if line.data is not None else None
            except (ValueError, RecursionError) as error:
                raise InputError(f"{location}: line {number} is no JSON: {first_line(error)}") from error
            if not isinstance(row, dict):
                raise InputError(
                    f"{location}: line {number} holds no JSON object, or one of more than {MAX_LINE} bytes"
                )
            yield row


def _is_csv(location: str) -> bool:
    return location.endswith((".csv", ".csv.gz"))


@contextmanager
def _open_csv(location: str, types: dict[str, pa.DataType]) -> Generator[Any]:
    with open_seekable(location) as file:
        source = pa.CompressedInputStream(file, "gzip") if location.endswith(".gz") else file
        options = csv.ConvertOptions(column_types=types, strings_can_be_null=True)
        with csv.open_csv(source, csv.ReadOptions(use_threads=False), convert_options=options) as reader:
            yield reader


@contextmanager
def _readable(location: str) -> Generator[None]:
    """Turns what a reader says of the file into one line that names it."""
    try:
        yield
    except pa.ArrowMemoryError:
        raise
    except (pa.ArrowException, OSError, KeyError, UnicodeDecodeError) as error:
        raise InputError(f"{location} cannot be read: {first_line(error)}") from error
