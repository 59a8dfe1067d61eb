"""Documents as numbers of 64 bits, whole columns at a time: source (16), input file (24), row (24)."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipeline.errors import StorageError
from pipeline.receipts import Receipt
from pipeline.schemas import TABLES, document_number
from pipeline.steps import PartRun
from pipeline.tables import read_range

Numbers = npt.NDArray[np.uint64]

SOURCE = 1 << 48  # where the numbers of another source begin
END = 1 << 64  # behind all numbers
_ROW_BITS = np.uint64(24)


def bundles(receipts: Sequence[Receipt], span: int) -> Iterator[tuple[Receipt, int]]:
    """Each bundle of input files with the number of its first one."""
    return ((receipt, place * span) for place, receipt in enumerate(receipts))


def numbers(first: int, member: npt.NDArray[np.int32], row: npt.NDArray[np.int32]) -> Numbers:
    """Numbers of the documents at `row` of the `member`-th file of a bundle whose first input file is `first`."""
    return ((member.astype(np.uint64) + np.uint64(first)) << _ROW_BITS) | row.astype(np.uint64)


def contains(known: Numbers, asked: Numbers) -> npt.NDArray[np.bool_]:
    """Which of `asked` are in `known`, which is sorted; a few of many take the time of looking these few up."""
    if not known.size:
        return np.zeros(asked.size, np.bool_)
    return known[np.minimum(np.searchsorted(known, asked), known.size - 1)] == asked


def files_of(documents: Numbers) -> Numbers:
    """The number of each document's input file; its source is in the bits above."""
    return documents >> _ROW_BITS


def among(
    part: PartRun, step: str, first: int, files: int, table: str | None = None, starts: Sequence[int] | None = None
) -> pa.Table:
    """The rows of a barrier's table, called as its step unless `table` says otherwise, about documents of `files` input files.

    Each row group must be sorted by document; what is found is. Where ranges begin at the documents `starts`, each of
    which has as many partitions, only those are opened that may have some of these.
    """
    return between(part, step, document_number(first, 0), document_number(first + files, 0), table, starts)


def between(
    part: PartRun, step: str, low: int, high: int, table: str | None = None, starts: Sequence[int] | None = None
) -> pa.Table:
    """The same about the documents from `low` to below `high`."""
    name = table or step
    found = read_between(part, step, name, "document", low, high, starts)
    return pa.concat_tables([TABLES[name].empty_table(), *found]).sort_by("document")


def read_between(
    part: PartRun, step: str, table: str, column: str, low: int, high: int, starts: Sequence[int] | None = None
) -> Iterator[pa.Table]:
    """The same rows as they come, by the documents of any `column` that each row group is sorted by."""
    receipts = part.receipts(step)
    if starts is not None:
        slices, uneven = divmod(len(receipts), len(starts))
        if uneven:
            raise StorageError(f"step {step}: {len(receipts)} partitions for {len(starts)} ranges of documents")
        first, stop = max(0, bisect_right(starts, low) - 1), bisect_left(starts, high)
        receipts = receipts[first * slices : stop * slices]
    for receipt in receipts:
        yield from read_range(part.storage, receipt, table, column, low, high)
