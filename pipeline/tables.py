"""Parquet as a part writes it: declared schema, fixed row groups, no chunk boundary left to chance.

The same rows give the same bytes because every row group is combined to one chunk first and holds a fixed number of rows:
four chunkings of the same table gave four digests without that (see docs/decisions.md).
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.errors import GristmillError
from pipeline.receipts import FileEntry, Receipt
from pipeline.storage import Storage, Writer

ROW_GROUP = 2_000  # rows; some 10 MB of text, which bounds what a reader of one page must fetch


class TableWriter:
    """Collects rows of one table and writes them in row groups of `row_group` rows."""

    def __init__(self, sink: Writer, path: str, schema: pa.Schema, row_group: int = ROW_GROUP) -> None:
        self.schema = schema
        self.rows = 0
        self._sink = sink
        self.path = path
        self._row_group = row_group
        self._pending: list[pa.RecordBatch] = []
        self._pending_rows = 0
        self._parquet = pq.ParquetWriter(
            pa.PythonFile(sink, mode="w"),
            schema,
            compression="zstd",
            compression_level=3,
            write_statistics=True,
            store_schema=True,
        )

    def write(self, batch: pa.RecordBatch | pa.Table) -> None:
        """Adds rows; a ValueError says where they do not have the declared schema."""
        if batch.schema != self.schema:
            raise ValueError(f"{self.path}: rows of schema\n{batch.schema}\nfor a table of schema\n{self.schema}")
        batches = batch.to_batches() if isinstance(batch, pa.Table) else [batch]
        self._pending += batches
        self._pending_rows += batch.num_rows
        self.rows += batch.num_rows
        while self._pending_rows >= self._row_group:
            self._flush(self._row_group)

    def write_columns(self, columns: Mapping[str, Sequence[Any]]) -> None:
        """Adds rows given as Python columns."""
        arrays = [pa.array(columns[field.name], field.type) for field in self.schema]
        self.write(pa.RecordBatch.from_arrays(arrays, schema=self.schema))

    def end_row_group(self) -> None:
        """Closes the current row group early, empty or not, where a reader will want to find a boundary."""
        self._flush(self._pending_rows)

    def _flush(self, rows: int) -> None:
        table = pa.Table.from_batches(self._pending, self.schema)
        rest = table.slice(rows)
        self._parquet.write_table(table.slice(0, rows).combine_chunks(), row_group_size=max(rows, 1))
        self._pending = rest.to_batches()
        self._pending_rows = rest.num_rows

    def close(self) -> FileEntry:
        """Ends the file and says what a receipt must hold of it."""
        if self._pending_rows:
            self._flush(self._pending_rows)
        self._parquet.close()
        self._sink.close()
        return FileEntry(self.path, self._sink.sha256, self._sink.bytes, self.rows)

    def abandon(self) -> None:
        """Lets the file go: no receipt will name it, so what goes wrong with it no longer matters."""
        with suppress(GristmillError, OSError, ValueError):
            self._parquet.close()
        with suppress(GristmillError, OSError, ValueError):
            self._sink.close()


def read_table(storage: Storage, receipt: Receipt, table: str, columns: Sequence[str] | None = None) -> pa.Table:
    """A whole table of a committed part, or the named columns of it."""
    return pq.read_table(storage.open(receipt.files[table].path), columns=None if columns is None else list(columns))


def read_batches(
    storage: Storage, receipt: Receipt, table: str, columns: Sequence[str] | None = None, rows: int = 256
) -> Iterator[pa.RecordBatch]:
    """The same in batches of up to `rows` rows, so that a part's text is never in memory whole."""
    file = pq.ParquetFile(storage.open(receipt.files[table].path))
    yield from file.iter_batches(batch_size=rows, columns=None if columns is None else list(columns))


def read_rows(storage: Storage, receipt: Receipt, table: str, first: int, count: int = 1) -> list[dict[str, Any]]:
    """Rows `first` … `first + count - 1` as dictionaries, reading only their row groups."""
    file = pq.ParquetFile(storage.open(receipt.files[table].path))
    found: list[dict[str, Any]] = []
    start = 0
    for group in range(file.num_row_groups):
        rows = file.metadata.row_group(group).num_rows
        low, high = max(first, start), min(first + count, start + rows)
        if low < high:
            found += file.read_row_group(group).slice(low - start, high - low).to_pylist()
        start += rows
    return found
