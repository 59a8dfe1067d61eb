"""Documents as numbers of 64 bits, whole columns at a time: source (16), input file (24), row (24)."""

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.receipts import Receipt
from pipeline.steps import PartRun
from pipeline.tables import read_table

Numbers = npt.NDArray[np.uint64]

_ROW_BITS = np.uint64(24)


def bundles(receipts: Sequence[Receipt], span: int) -> Iterator[tuple[Receipt, int]]:
    """Each bundle of input files with the number of its first one."""
    return ((receipt, place * span) for place, receipt in enumerate(receipts))


def numbers(first: int, member: npt.NDArray[np.int32], row: npt.NDArray[np.int32]) -> Numbers:
    """Numbers of the documents at `row` of the `member`-th file of a bundle whose first input file is `first`."""
    return ((member.astype(np.uint64) + np.uint64(first)) << _ROW_BITS) | row.astype(np.uint64)


def among(part: PartRun, step: str, low: int, high: int) -> pl.DataFrame:
    """The rows of a barrier's table, called as its step, about documents from `low` to below `high`, by row-group statistics."""
    here = (pc.field("document") >= _number(low)) & (pc.field("document") < _number(high))
    tables = [read_table(part.storage, receipt, step, where=here) for receipt in part.receipts(step)]
    return pl.DataFrame(pl.from_arrow(pa.concat_tables(tables)))


def _number(value: int) -> pa.Scalar:
    return pa.scalar(value, pa.uint64())
