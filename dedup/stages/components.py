"""The stages that join edges to the components that they connect: `components`, and the rounds before it.

One partition joins all edges at once. Of several, each owns a range of documents and gets the edges with an end in it. In a
round it joins what it got and replaces it by stars: each document that it has heard of becomes a neighbour of the smallest one
that it is connected with. The stars go to the owners of both their ends. So in each round the smallest document of a component
gets more neighbours until it has them all, because the owner of a neighbour that has one farther away connects that one
with the smallest. Then no star is new, and only then. Along a path distances halve in a round at least.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
import pyarrow as pa

from dedup.minhash import MinHash
from dedup.numbering import Numbers
from dedup.routing import by_ends, owners, read_dealt, read_written_for, together
from pipeline.errors import GristmillError
from pipeline.identity import IDENTITY_IF_CHANGED
from pipeline.schemas import COMPONENTS, EDGES
from pipeline.steps import PartRun

ROW_GROUP = 1 << 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """One round of joining the edges that step `before` wrote, in partitions that begin at the documents `starts`.

    `most` is how many documents one partition can hold. With several `groups` of partitions edges are dealt to these in between.
    """

    name: ClassVar[str] = "round"
    version: ClassVar[int] = 1

    minhash: MinHash
    before: str
    starts: tuple[int, ...]
    most: int
    groups: int = field(default=1, metadata=IDENTITY_IF_CHANGED)

    def run(self, part: PartRun) -> dict[str, int]:
        """Writes `edges`; counts those that are `new` to this partition.

        Where the round before found none that were new, it writes nothing: `settled` is then 1, and that round is the last.
        """
        writer, starts = part.writer("edges", EDGES), grouped(self.starts, self.groups)
        if self.before != "edges" and not _total(part, self.before, "new"):
            for _ in starts:
                writer.write_row_group(EDGES.empty_table())
            return {"edges": 0, "new": 0, "settled": 1}
        from dedup.clusters import clusters  # with its kernels, so only where they are used

        joined = clusters(edges_at(part, self.before, len(self.starts), self.groups), self.most)
        document, cluster = joined["document"].to_numpy(), joined["cluster"].to_numpy()
        stars = pa.table([cluster, document], schema=EDGES).filter(pa.array(cluster != document))
        for routed in by_ends(stars, starts):
            writer.write_row_group(routed)
        return {"edges": stars.num_rows, "new": stars.num_rows - self._heard(part, document, cluster), "settled": 0}

    def _heard(self, part: PartRun, document: Numbers, cluster: Numbers) -> int:
        """How many of the stars were among the edges."""
        found = np.zeros(document.size, np.bool_)
        for table in edges_at(part, self.before, len(self.starts), self.groups):
            places = np.searchsorted(document, table["b"].to_numpy())
            found[places[cluster[places] == table["a"].to_numpy()]] = True
        return int(np.count_nonzero(found))


@dataclass(frozen=True, slots=True, kw_only=True)
class Joined:
    """Joins all edges to components, each named by its smallest document; partition `p` tells its own documents.

    Several partitions begin at the documents `starts`; then the last of `rounds` that did something must have found nothing new.
    """

    name: ClassVar[str] = "components"
    version: ClassVar[int] = 1

    minhash: MinHash
    starts: tuple[int, ...] = field(default=(0,), metadata=IDENTITY_IF_CHANGED)
    rounds: tuple[str, ...] = field(default=(), metadata=IDENTITY_IF_CHANGED)
    most: int = field(default=5_000_000, metadata=IDENTITY_IF_CHANGED)
    groups: int = field(default=1, metadata=IDENTITY_IF_CHANGED)

    def run(self, part: PartRun) -> dict[str, int]:
        """Writes `components`, sorted by document; counts the documents."""
        from dedup.clusters import clusters  # with its kernels, so only where they are used

        found = clusters(edges_at(part, self._last(part), len(self.starts), self.groups), self.most)
        mine = owners(found["document"].to_numpy(), self.starts) == part.partition
        table = found.filter(pa.array(mine)).cast(COMPONENTS)
        part.writer("components", COMPONENTS, row_group=ROW_GROUP).write(table)
        return {"documents": table.num_rows}

    def _last(self, part: PartRun) -> str:
        """The step whose edges are the answer; GristmillError where they are none yet."""
        if not self.rounds:
            return "edges"
        last = next(name for name in reversed(self.rounds) if not _total(part, name, "settled"))
        if new := _total(part, last, "new"):
            raise GristmillError(
                f"components are not joined after {len(self.rounds)} rounds, the last of which found {new:,} new edges; "
                "raise the memory of the recipe's scale, so that there are fewer partitions"
            )
        return last


def edges_at(part: PartRun, step: str, partitions: int, groups: int) -> Iterator[pa.Table]:
    """The edges that all parts of `step` wrote for this partition, one row group after the other."""
    if groups > 1:
        return read_dealt(part, f"routed-{step}", "edges", partitions, groups)
    return read_written_for(part.storage, part.receipts(step), "edges", part.partition, partitions)


def grouped(starts: tuple[int, ...], groups: int) -> tuple[int, ...]:
    """Where the groups of partitions begin that begin at the documents `starts`; without groups these."""
    return starts[:: together(len(starts), groups)] if groups > 1 else starts


def _total(part: PartRun, step: str, count: str) -> int:
    return sum(receipt.counts[count] for receipt in part.receipts(step))
