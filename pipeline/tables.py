"""Parquet as a part writes it: declared schema, fixed row groups, no chunk boundary left to chance.

The same rows give the same bytes because every row group is combined to one chunk first, and where it ends depends on its
rows alone: four chunkings of the same table gave four digests without that (see docs/decisions.md).
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline.errors import GristmillError, StorageError
from pipeline.receipts import FileEntry, Receipt
from pipeline.storage import Storage, Writer
from pipeline.storage_errors import damage_errors

ROW_GROUP = 2_000  # rows; some 10 MB of text, which bounds what a reader of one page must fetch
ROW_GROUP_BYTES = 64 << 20  # of text: 2,000 hostile pages could have 40 GB

_MOST = (1 << 64) - 1


class TableWriter:
    """Collects rows of one table and writes them in row groups of `row_group` rows, or fewer where they are huge.

    `level` is Zstandard's. `dictionary` names the columns whose values come back often enough to be numbered; None tries all.
    """

    def __init__(
        self,
        sink: Writer,
        path: str,
        schema: pa.Schema,
        row_group: int = ROW_GROUP,
        *,
        level: int = 3,
        dictionary: Sequence[str] | None = None,
    ) -> None:
        self.schema = schema
        self.rows = 0
        self.arrow_bytes = 0  # in memory, which is what loaders ask for before they start
        self._sink = sink
        self.path = path
        self._row_group = row_group
        self._pending: list[pa.RecordBatch] = []
        self._pending_rows = 0
        self._pending_bytes = 0
        numbered: Any = True if dictionary is None else list(dictionary)
        self._parquet = pq.ParquetWriter(
            pa.PythonFile(sink, mode="w"),
            schema,
            compression="zstd",
            compression_level=level,
            use_dictionary=numbered,
            write_statistics=True,
            store_schema=True,
        )

    def write(self, batch: pa.RecordBatch | pa.Table) -> None:
        """Adds rows; a ValueError says where they do not have the declared schema."""
        if batch.schema != self.schema:
            raise ValueError(f"{self.path}: rows of schema\n{batch.schema}\nfor a table of schema\n{self.schema}")
        for piece in batch.to_batches() if isinstance(batch, pa.Table) else [batch]:
            self._add(piece)
        self.rows += batch.num_rows
        self.arrow_bytes += batch.nbytes

    def _add(self, batch: pa.RecordBatch) -> None:
        """Holds the rows back, up to each one with which a row group is full."""
        ends = np.cumsum([0, *_row_bytes(batch.to_struct_array())])
        start = 0
        while start < batch.num_rows:
            filling = int(np.searchsorted(ends, ends[start] + ROW_GROUP_BYTES - self._pending_bytes))
            stop = min(start + self._row_group - self._pending_rows, filling, batch.num_rows)
            self._pending.append(batch.slice(start, stop - start))
            self._pending_rows += stop - start
            self._pending_bytes += int(ends[stop] - ends[start])
            if self._pending_rows == self._row_group or self._pending_bytes >= ROW_GROUP_BYTES:
                self._flush()
            start = stop

    def write_columns(self, columns: Mapping[str, Sequence[Any]]) -> None:
        """Adds rows given as Python columns."""
        arrays = [pa.array(columns[field.name], field.type) for field in self.schema]
        self.write(pa.RecordBatch.from_arrays(arrays, schema=self.schema))

    def write_row_group(self, table: pa.Table) -> None:
        """Adds rows that are a row group of their own, empty or not: a reader will want to find them by its number."""
        if table.schema != self.schema:
            raise ValueError(f"{self.path}: rows of schema\n{table.schema}\nfor a table of schema\n{self.schema}")
        if self._pending_rows:
            self._flush()
        self._pending = table.to_batches()
        self._flush()
        self.rows += table.num_rows
        self.arrow_bytes += table.nbytes

    def _flush(self) -> None:
        table = pa.Table.from_batches(self._pending, self.schema).combine_chunks()
        self._parquet.write_table(table, row_group_size=max(table.num_rows, 1))
        self._pending, self._pending_rows, self._pending_bytes = [], 0, 0

    def close(self) -> FileEntry:
        """Ends the file and says what a receipt must hold of it."""
        if self._pending_rows:
            self._flush()
        self._parquet.close()
        self._sink.close()
        return FileEntry(self.path, self._sink.sha256, self._sink.bytes, self.rows)

    def abandon(self) -> None:
        """Lets the file go: no receipt will name it, so what goes wrong with it no longer matters."""
        with suppress(GristmillError, OSError, ValueError):
            self._parquet.close()
        with suppress(GristmillError, OSError, ValueError):
            self._sink.abandon()


def _row_bytes(values: pa.Array) -> npt.NDArray[np.int64]:
    """Bytes of text in each value, however deep they stand in structs and lists."""
    kind, types = values.type, pa.types
    if types.is_struct(kind):
        return sum((_row_bytes(field) for field in values.flatten()), np.zeros(len(values), np.int64))
    if types.is_list(kind):
        inside = _row_bytes(values.flatten())
        return np.bincount(pc.call_function("list_parent_indices", [values]), inside, len(values)).astype(np.int64)
    if any(of(kind) for of in (types.is_large_string, types.is_string, types.is_large_binary, types.is_binary)):
        found = pc.call_function("binary_length", [values]).fill_null(0).to_numpy(zero_copy_only=False)
        return found.astype(np.int64, copy=False)
    return np.zeros(len(values), np.int64)


def read_table(
    storage: Storage,
    receipt: Receipt,
    table: str,
    columns: Sequence[str] | None = None,
    where: pc.Expression | None = None,
) -> pa.Table:
    """A whole table of a committed part, or the named columns and the rows that `where` is true of."""
    path = receipt.files[table].path
    with damage_errors(path):
        found = pq.read_table(storage.open(path), columns=None if columns is None else list(columns), filters=where)
    if where is None:
        _check_rows(receipt, table, found.num_rows)
    return found


def _check_rows(receipt: Receipt, table: str, rows: int) -> None:
    """Less than there should be is never taken for nothing."""
    if rows != receipt.rows(table):
        raise StorageError(f"{receipt.files[table].path} is damaged: {rows} rows, {receipt.rows(table)} committed")


def columns_of(storage: Storage, receipt: Receipt, table: str) -> list[str]:
    """The names of a committed table's columns."""
    path = receipt.files[table].path
    with damage_errors(path):
        return pq.read_schema(storage.open(path)).names


def read_row_groups(
    storage: Storage, receipt: Receipt, table: str, first: int, step: int, columns: Sequence[str] | None = None
) -> Iterator[pa.Table]:
    """Of a committed table the row groups `first`, `first + step` and so on, one after the other.

    StorageError where the file has other rows than were committed, or no whole number of `step` row groups.
    """
    path = receipt.files[table].path
    names = None if columns is None else list(columns)
    with damage_errors(path):
        file = pq.ParquetFile(storage.open(path), pre_buffer=True)
        _check_rows(receipt, table, file.metadata.num_rows)
        if file.num_row_groups % step or not file.num_row_groups:
            raise StorageError(f"{path} is damaged: {file.num_row_groups} row groups, not a multiple of {step}")
        for group in range(first, file.num_row_groups, step):
            yield file.read_row_group(group, columns=names)


def read_range(
    storage: Storage,
    receipt: Receipt,
    table: str,
    column: str,
    low: int,
    high: int,
    columns: Sequence[str] | None = None,
) -> Iterator[pa.Table]:
    """The rows of a committed table whose `column`, a uint64, is from `low` to below `high`.

    Each row group must be sorted by it. Only those that may have some are read, one after the other.
    """
    path = receipt.files[table].path
    names = None if columns is None else list(columns)
    with damage_errors(path):
        file = pq.ParquetFile(storage.open(path), pre_buffer=True)
        _check_rows(receipt, table, file.metadata.num_rows)
        place = file.schema_arrow.get_field_index(column)
        for group in range(file.num_row_groups):
            known = file.metadata.row_group(group).column(place).statistics
            if known is None or not known.has_min_max or (known.min < high and known.max >= low):
                found = file.read_row_group(group, columns=names)
                values = found[column].to_numpy()
                yield _rows(found, *(_first_from(values, bound) for bound in (low, high)))


def _rows(group: pa.Table, start: int, stop: int) -> pa.Table:
    """Rows of a row group. A slice would keep all of it in memory for as long as the rows are, so a few of them are copied."""
    if stop - start > group.num_rows // 2:
        return group.slice(start, stop - start)
    return group.take(pa.array(np.arange(start, stop)))


def read_equal(
    storage: Storage, receipt: Receipt, table: str, column: str, value: int, columns: Sequence[str]
) -> Iterator[tuple[int, pa.Table]]:
    """The row groups of a table in which `column`, an integer, may be `value`, each with the number of its first row."""
    path = receipt.files[table].path
    with damage_errors(path):
        file = pq.ParquetFile(storage.open(path), pre_buffer=True)
        _check_rows(receipt, table, file.metadata.num_rows)
        place, first = file.schema_arrow.get_field_index(column), 0
        for group in range(file.num_row_groups):
            about = file.metadata.row_group(group)
            known = about.column(place).statistics
            if known is None or not known.has_min_max or known.min <= value <= known.max:
                yield first, file.read_row_group(group, columns=list(columns))
            first += about.num_rows


def _first_from(values: npt.NDArray[np.uint64], bound: int) -> int:
    """Where in sorted `values` those from `bound` on begin; it may be 2^64, which is none of them."""
    return values.size if bound > _MOST else int(np.searchsorted(values, np.uint64(bound)))


def read_batches(
    storage: Storage, receipt: Receipt, table: str, columns: Sequence[str] | None = None, rows: int = 256
) -> Iterator[pa.RecordBatch]:
    """The same in batches of up to `rows` rows, none of which spans row groups: a part's text is never in memory whole."""
    path = receipt.files[table].path
    names = None if columns is None else list(columns)
    with damage_errors(path):
        file = pq.ParquetFile(storage.open(path), pre_buffer=True)
        _check_rows(receipt, table, file.metadata.num_rows)
        for group in range(file.num_row_groups):
            yield from file.iter_batches(batch_size=rows, row_groups=[group], columns=names)


def read_rows(storage: Storage, receipt: Receipt, table: str, first: int, count: int = 1) -> list[dict[str, Any]]:
    """Rows `first` … `first + count - 1` as dictionaries, reading only their row groups."""
    path = receipt.files[table].path
    found: list[dict[str, Any]] = []
    start = 0
    with damage_errors(path):
        file = pq.ParquetFile(storage.open(path), pre_buffer=True)
        for group in range(file.num_row_groups):
            rows = file.metadata.row_group(group).num_rows
            low, high = max(first, start), min(first + count, start + rows)
            if low < high:
                found += file.read_row_group(group).slice(low - start, high - low).to_pylist()
            start += rows
    return found
