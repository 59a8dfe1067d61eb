"""Which partition gets what: documents by ranges of their numbers, clusters by their hash.

Where many parts write for many partitions, each would open all of what the others wrote. Then a level of merging stands between:
neighbouring partitions share a group, parts write a row group for each group, and a partition of the level reads that of its
group and deals it to its members, some rows at a time: a *set* of row groups each. Of very many parts each of several partitions
of the level reads a *slice*. What a partition then finds is in the order in which it was written.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from dedup.bands import mixed
from dedup.numbering import files_of
from pipeline.errors import StorageError
from pipeline.receipts import Receipt
from pipeline.steps import PartRun
from pipeline.storage import Storage
from pipeline.tables import TableWriter, read_row_groups

Numbers = npt.NDArray[np.uint64]
Places = npt.NDArray[np.int64]


def owners(documents: Numbers, starts: Sequence[int]) -> Places:
    """The partition of each document, where partition `p` begins at document `starts[p]`."""
    return np.searchsorted(np.array(starts, np.uint64), documents, side="right") - 1


def by_ends(edges: pa.Table, starts: Sequence[int]) -> Iterator[pa.Table]:
    """For each partition the edges with an end in it: an edge goes to one partition or to two."""
    if len(starts) == 1:
        yield edges
        return
    a, b = (owners(edges[end].to_numpy(), starts) for end in ("a", "b"))
    other = np.flatnonzero(a != b)
    rows, at = np.concatenate([np.arange(a.size), other]), np.concatenate([a, b[other]])
    yield from _dealt(edges, rows[np.lexsort((rows, at))], np.sort(at), len(starts))


def by_cluster(clusters: Numbers, partitions: int) -> npt.NDArray[np.uint64]:
    """The partition of each cluster."""
    return mixed(clusters.astype(np.uint64)) % np.uint64(partitions)


def dealt(table: pa.Table, at: Places, partitions: int) -> Iterator[pa.Table]:
    """For each partition the rows that are `at` it, in their order."""
    if partitions == 1:
        yield table
        return
    order = np.argsort(at, kind="stable")
    yield from _dealt(table, order, at[order], partitions)


def _dealt(table: pa.Table, rows: Places, at: Places, partitions: int) -> Iterator[pa.Table]:
    """The same of `rows`, which are in the order of their partition."""
    taken = table.take(pa.array(rows))
    ends = np.searchsorted(at, np.arange(partitions + 1)).tolist()
    for place in range(partitions):
        yield taken.slice(ends[place], ends[place + 1] - ends[place])


def together(partitions: int, groups: int) -> int:
    """How many partitions share a group."""
    return -(-partitions // groups)


def sets(tables: Iterable[pa.Table], schema: pa.Schema, most: int) -> Iterator[pa.Table]:
    """The rows of all `tables`, in sets of at most `most` rows, or one table of more; an empty set where there are none."""
    held, rows = [schema.empty_table()], 0
    for table in tables:
        if rows and rows + table.num_rows > most:
            yield pa.concat_tables(held)
            held, rows = [held[0]], 0
        held.append(table)
        rows += table.num_rows
    yield pa.concat_tables(held)


def share(part: PartRun, steps: Sequence[str], number: int = 0, slices: int = 1) -> Iterator[Receipt]:
    """The parts of all `steps`, or the `number`-th of so many slices of them."""
    written = [part.receipts(step) for step in steps]
    low, high = (sum(map(len, written)) * end // slices for end in (number, number + 1))
    for receipts in written:
        yield from receipts[max(low, 0) : max(high, 0)]
        low, high = low - len(receipts), high - len(receipts)


def read_written_for(
    storage: Storage,
    receipts: Iterable[Receipt],
    table: str,
    place: int,
    places: int,
    columns: Sequence[str] | None = None,
) -> Iterator[pa.Table]:
    """What parts wrote for the `place`-th of `places`: a row group of each, or more."""
    for receipt in receipts:
        yield from read_row_groups(storage, receipt, table, place, places, columns)


def dealt_to(receipts: Sequence[Receipt], groups: int, group: int) -> Sequence[Receipt]:
    """The partitions of a level that are those of a group."""
    slices = len(receipts) // groups
    return receipts[group * slices : (group + 1) * slices]


def read_dealt(
    part: PartRun, level: str, table: str, partitions: int, groups: int, columns: Sequence[str] | None = None
) -> Iterator[pa.Table]:
    """What the step `level` dealt to this one of `partitions`: a row group of each set."""
    each = together(partitions, groups)
    group, place = divmod(part.partition, each)
    receipts = dealt_to(part.receipts(level), groups, group)
    yield from read_written_for(part.storage, receipts, table, place, each, columns)


def write_bundles(writer: TableWriter, table: pa.Table, span: int, column: str = "document") -> None:
    """Writes rows sorted by a `column` of documents in a row group for each bundle of `span` files that has some."""
    bundle = files_of(table[column].to_numpy()) // np.uint64(span)
    begins = np.flatnonzero(np.diff(bundle)) + 1
    for start, stop in pairwise([0, *begins.tolist(), table.num_rows]):
        writer.write_row_group(table.slice(start, stop - start))


class ByRange:
    """Writes tables that come in the order of their documents: a row group for each range, which begin at `starts`."""

    def __init__(self, writer: TableWriter, starts: Sequence[int]) -> None:
        self._writer = writer
        self._starts = starts
        self._held: list[pa.Table] = []
        self._place = 0

    def write(self, table: pa.Table) -> None:
        """StorageError for documents before those of an earlier table."""
        at = owners(table["document"].to_numpy(), self._starts)
        if at.size and (at[0] < self._place or (np.diff(at) < 0).any()):
            raise StorageError(f"{self._writer.path}: documents are not in their order")
        ends = np.searchsorted(at, np.arange(len(self._starts) + 1)).tolist()
        for place in np.unique(at).tolist():
            self._end(place)
            self._held.append(table.slice(ends[place], ends[place + 1] - ends[place]))

    def close(self) -> None:
        """Writes what is held, and the ranges that nothing came for."""
        self._end(len(self._starts))

    def _end(self, place: int) -> None:
        """Writes the row groups of all ranges before that one."""
        while self._place < place:
            self._writer.write_row_group(pa.concat_tables([self._writer.schema.empty_table(), *self._held]))
            self._held = []
            self._place += 1
