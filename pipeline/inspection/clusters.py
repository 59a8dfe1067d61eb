"""The clusters of near-duplicates that a run found: all of them counted, and the members of one.

Read from the tables of the step `clusters`, a batch at a time; of one cluster only the row groups that its members may be in.
Where exact copies were taken away before, they are members too, and `survivors` says of which cluster.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from pipeline.inspection import answers
from pipeline.inspection.reading import frame
from pipeline.receipts import Receipt
from pipeline.runs import OpenRun
from pipeline.tables import read_batches, read_range

STEP = "clusters"
BINS = 20  # of similarity, from 0 to below 1; those of exactly 1 are counted apart
_BATCH = 1 << 16
_LAST = (1 << 64) - 1


class Head(NamedTuple):
    """A cluster: its number, which is that of its first document, how many documents it has, and the one that stays."""

    cluster: int
    size: int
    survivor: int


class Member(NamedTuple):
    """A document of a cluster: whether it stays and, where the run looked at it, how similar it is to the one that does.

    Of an exact copy `reason` says what is the same.
    """

    document: int
    keep: bool
    similarity: float | None
    reason: str | None = None

    @property
    def is_copy(self) -> bool:
        """Whether it went as an exact copy, before near-duplicates were sought."""
        return (self.reason or "").startswith("same_")


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """`sizes`: how many clusters (`clusters`) have how many documents (`size`), ascending. `largest`: some clusters.

    `similar`: how many removed documents have a similarity to the one that stays in each of `BINS` equal bins, and last how
    many one of 1; `unknown` of how many the run does not say. Neither counts exact copies.
    """

    sizes: pl.DataFrame
    largest: list[Head]
    similar: list[int]
    unknown: int

    @property
    def clusters(self) -> int:
        """How many clusters there are."""
        return int(self.sizes["clusters"].sum())

    def bins(self) -> Iterator[tuple[float, float, int]]:
        """From and to of each bin of similarity that documents are in, and how many; both are 1 of the last."""
        for place, count in enumerate(self.similar):
            if count:
                yield place / BINS, min((place + 1) / BINS, 1.0), count


def overview(run: OpenRun, *, most: int = 0, size: int | None = None) -> Overview:
    """All clusters; the `most` largest of them, the earlier of equals first, or those of `size` documents alone."""
    counts, similar, unknown = np.zeros(0, np.int64), np.zeros(BINS + 1, np.int64), 0
    heads = pl.DataFrame(schema={"cluster": pl.UInt64, "cluster_size": pl.Int32, "survivor": pl.UInt64})
    for batch in _batches(run, ["keep", "similarity"]) if run.step(STEP) else ():
        values = batch["similarity"].filter(pa.array(~batch["keep"].to_numpy(zero_copy_only=False)))
        unknown += values.null_count
        similar += _binned(values.drop_null().to_numpy())
    for batch in answers.clustered(run) if answers.passes(run) else _batches(run, [*heads.columns, "keep"]):
        keep = batch["keep"].to_numpy(zero_copy_only=False)
        sizes = batch["cluster_size"].to_numpy()[keep]  # one row a cluster stays
        here = np.bincount(sizes, minlength=counts.size)
        here[: counts.size] += counts
        counts = here
        if most:
            some = frame(pa.Table.from_batches([batch]).select(heads.columns).filter(pa.array(keep)))
            some = some if size is None else some.filter(pl.col("cluster_size") == size)
            heads = pl.concat([heads, some]).sort("cluster_size", "survivor", descending=[True, False]).head(most)
    there = np.flatnonzero(counts)
    table = pl.DataFrame({"size": there, "clusters": counts[there]}, schema={"size": pl.Int64, "clusters": pl.Int64})
    return Overview(
        sizes=table, largest=[Head(*row) for row in heads.rows()], similar=similar.tolist(), unknown=unknown
    )


def _batches(run: OpenRun, columns: list[str]) -> Iterator[pa.RecordBatch]:
    for receipt in run.receipts(STEP).values():
        yield from read_batches(run.storage, receipt, STEP, columns, _BATCH)


def _binned(values: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    """An estimate can be a little below 0."""
    return np.bincount(np.clip((values * BINS).astype(np.int64), 0, BINS), minlength=BINS + 1)


class Found(NamedTuple):
    """A cluster, and which partition of the step told of it; None where all its members are exact copies."""

    head: Head
    partition: int | None


def cluster_of(run: OpenRun, document: int) -> Found | None:
    """The cluster of a document; None where it has none."""
    if not answers.passes(run):
        return _near(run, document)
    told = answers.answer(run, document)
    if told is None or told["cluster"] is None:
        return None
    near = _near(run, told["cluster"]) if run.step(STEP) else None
    head = Head(told["cluster"], told["cluster_size"], told["survivor"])
    return Found(head, near.partition if near else None)


def _near(run: OpenRun, document: int) -> Found | None:
    """What the step says of a document."""
    for partition, receipt in enumerate(_partitions(run)):
        for table in read_range(run.storage, receipt, STEP, "document", document, document + 1):
            for row in table.to_pylist():
                return Found(Head(row["cluster"], row["cluster_size"], row["survivor"]), partition)
    return None


def members_of(run: OpenRun, found: Found) -> Iterator[Member]:
    """The documents of a cluster by their number, a row group's after the other."""
    near = _near_members(run, found, found.partition) if found.partition is not None else iter(())
    if not answers.passes(run):
        yield from near
        return
    compared = next(near, None)
    for told in answers.members(run, found.head.cluster, found.head.size):
        similarity = None
        if compared and compared.document == told.document:
            similarity, compared = compared.similarity, next(near, None)
        yield Member(told.document, told.keep, similarity, told.reason)


def _near_members(run: OpenRun, found: Found, partition: int) -> Iterator[Member]:
    left = found.head.size
    receipt = _partitions(run)[partition]
    for table in read_range(run.storage, receipt, STEP, "document", found.head.cluster, _LAST):
        mine = pa.array(table["cluster"].to_numpy() == np.uint64(found.head.cluster))
        for row in table.select(["document", "keep", "similarity"]).filter(mine).to_pylist():
            yield Member(row["document"], row["keep"], row["similarity"])
            left -= 1
        if left <= 0:
            return


def _partitions(run: OpenRun) -> list[Receipt]:
    """The receipts of the step, whose parts are named by their number."""
    return [receipt for _, receipt in sorted(run.receipts(STEP).items())]
