"""A row group of Parquet a few rows at a time, as many as memory holds of what they really are.

A group's size in the footer is that of its pages. A text that many rows share stands there once, in a dictionary: 529 bytes may
hold 4,096 rows of 300 kB each. So few rows are read at first, and fewer where they are large.
"""

from collections.abc import Iterator, Sequence

import pyarrow as pa
import pyarrow.parquet as pq

PULL_ROWS = 128  # of 1 MB at most, as large as a dictionary's values are by ordinary writers, a tenth of a small memory


def pulled(
    file: pq.ParquetFile, group: int, columns: Sequence[str] | None, most_bytes: int, most_rows: int = PULL_ROWS
) -> Iterator[pa.RecordBatch]:
    """The rows of a group in order, some at a time: not many more than `most_bytes` once such rows were seen, or one row.

    Where rows turn out larger, the group is begun anew with fewer at a time; this happens seven times at most.
    """
    about = file.metadata.row_group(group)
    told = most_bytes * about.num_rows // max(about.total_byte_size, 1)
    done, size = 0, max(1, min(PULL_ROWS, most_rows, told))
    while size:
        row, again = 0, 0
        for batch in file.iter_batches(batch_size=size, row_groups=[group], columns=columns, use_threads=False):
            fresh = batch.slice(max(done - row, 0))
            row += batch.num_rows
            if not fresh.num_rows:
                continue
            yield fresh
            done = row
            if size > 1 and (taken := _taken(batch)) > 2 * most_bytes:
                again = max(1, size * most_bytes // taken)
                break
        size = again


def gathered(batches: Iterator[pa.RecordBatch], most_rows: int, most_bytes: int) -> Iterator[pa.RecordBatch]:
    """The same rows in larger batches, of up to `most_rows` and not many more than `most_bytes`."""
    some: list[pa.RecordBatch] = []
    rows = held = 0
    for batch in batches:
        taken = _taken(batch)
        if some and (rows + batch.num_rows > most_rows or held + taken > most_bytes):
            yield from _together(some)
            some, rows, held = [], 0, 0
        some.append(batch)
        rows += batch.num_rows
        held += taken
    if some:
        yield from _together(some)


def _together(some: list[pa.RecordBatch]) -> list[pa.RecordBatch]:
    """One batch of several; they stay several where Arrow cannot put a type together."""
    try:
        return [pa.concat_batches(some)]
    except pa.ArrowNotImplementedError:
        return some


def _taken(batch: pa.RecordBatch) -> int:
    """Bytes of the values, those in a dictionary counted for each row that has them: who reads them takes them out of it."""
    return sum(map(_bytes_of, batch.columns))


def _bytes_of(column: pa.Array) -> int:
    if pa.types.is_dictionary(column.type):
        return column.dictionary_decode().nbytes
    if pa.types.is_struct(column.type):
        return sum(map(_bytes_of, column.flatten()))
    return column.nbytes
