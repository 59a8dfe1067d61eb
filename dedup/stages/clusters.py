"""The stage of the step `clusters`: who survives of each cluster."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
import pyarrow as pa

from dedup.columns import member_schema
from dedup.documents import Documents, Judged
from dedup.minhash import MinHash
from dedup.reading import FromTexts
from dedup.releases import Release, is_earlier
from dedup.routing import ByRange, read_dealt, read_written_for, share
from dedup.survival import Components, Star, Survival, columns_of, release_first
from dedup.survivors import elected, frame_of, judged
from pipeline.errors import StorageError
from pipeline.identity import IDENTITY_IF_CHANGED
from pipeline.schemas import CLUSTERED
from pipeline.steps import PartRun
from pipeline.tables import TableWriter

ROW_GROUP = 1 << 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Clusters:
    """Partition `p` elects the survivors of its share of the clusters, of which `most` documents fit in memory.

    `copies`: exact copies were taken away before, and are counted in the size of a cluster. Documents of the releases `against`
    come before all others and stay; they have no rows. With several `groups` of elections documents come from `gathered`. There
    is a row group for each partition of `answers`, which begin at the documents `answers`, where there is such a step.
    """

    name: ClassVar[str] = "clusters"
    version: ClassVar[int] = 2

    minhash: MinHash
    documents: Documents = field(default_factory=Judged, metadata=IDENTITY_IF_CHANGED)
    survival: Survival = field(default_factory=Components, metadata=IDENTITY_IF_CHANGED)
    elections: int = field(default=1, metadata=IDENTITY_IF_CHANGED)
    most: int = field(default=8_000_000, metadata=IDENTITY_IF_CHANGED)
    copies: bool = field(default=False, metadata=IDENTITY_IF_CHANGED)
    against: tuple[Release, ...] = field(default=(), metadata=IDENTITY_IF_CHANGED)
    groups: int = field(default=1, metadata=IDENTITY_IF_CHANGED)
    answers: tuple[int, ...] = field(default=(), metadata=IDENTITY_IF_CHANGED)

    def run(self, part: PartRun) -> dict[str, int]:
        """Writes `clusters`, sorted by document; counts the documents of clusters, clusters and the documents to remove.

        With releases, also the clusters whose survivor is in one.
        """
        self._check(part)
        writer = part.writer("clusters", CLUSTERED, row_group=ROW_GROUP)
        survival = release_first(self.survival) if self.against else self.survival
        stars = survival if isinstance(survival, Star) else None
        rows = ByRange(writer, self.answers) if self.answers else writer
        clusters, earlier = self._stars(part, stars, rows) if stars else self._components(part, survival.order, rows)
        if isinstance(rows, ByRange):
            rows.close()
        counts = {"documents": writer.rows, "clusters": clusters, "removed": writer.rows - clusters + earlier}
        return counts | ({"earlier": earlier} if self.against else {})

    def _components(self, part: PartRun, order: tuple[str, ...], writer: TableWriter | ByRange) -> tuple[int, int]:
        """One document of each component stays; members are read twice, so memory grows with the components alone."""
        members = self._members(
            part, ["document", "cluster", *(("copies",) if self.copies else ()), *columns_of(order)]
        )
        chosen = elected(map(frame_of, members), order)
        for table in self._members(part, ["document", "cluster"], with_earlier=False):
            writer.write(judged(frame_of(table), chosen))
        return chosen.height, int(is_earlier(chosen["survivor"].to_numpy()).sum())

    def _stars(self, part: PartRun, survival: Star, writer: TableWriter | ByRange) -> tuple[int, int]:
        """StorageError where the clusters of this partition have more documents than fit in memory."""
        from dedup.election import elect_stars  # with its kernels, so only where they are used

        tables: list[pa.Table] = [member_schema(self.minhash, survival, copies=self.copies).empty_table()]
        documents = 0
        for table in self._members(part):
            documents += table.num_rows
            if documents > self.most:
                raise StorageError(
                    f"{documents:,} clustered documents of which {self.most:,} fit in memory; raise the memory of the "
                    "recipe's scale"
                )
            tables.append(table)
        similarities = FromTexts(part, self.documents, self.minhash, self.against) if survival.read_text else None
        elected = elect_stars(pa.concat_tables(tables), self.minhash, survival, similarities)
        writer.write(elected)
        survivors = np.unique(elected["survivor"].to_numpy())
        return survivors.size, int(is_earlier(survivors).sum())

    def _check(self, part: PartRun) -> None:
        """StorageError where `members` are not all documents that are clustered: none is ever kept for want of its row."""
        joined = _documents(part, "components")
        gathered = sum(_documents(part, step) for step in self._gathered)
        if joined != gathered:
            raise StorageError(f"step members: {gathered} documents of {joined} that are clustered")

    @property
    def _gathered(self) -> tuple[str, ...]:
        if self.groups > 1:
            return ("gathered",)
        return ("members", "earlier") if self.against else ("members",)

    def _members(
        self, part: PartRun, columns: list[str] | None = None, *, with_earlier: bool = True
    ) -> Iterator[pa.Table]:
        """The rows of this partition, sorted by document, a part's after the other."""
        if self.groups > 1:
            for table in read_dealt(part, "gathered", "members", self.elections, self.groups, columns):
                own = not self.against or with_earlier
                yield table if own else table.filter(pa.array(~is_earlier(table["document"].to_numpy())))
            return
        receipts = share(part, self._gathered if with_earlier else ("members",))
        yield from read_written_for(part.storage, receipts, "members", part.partition, self.elections, columns)


def _documents(part: PartRun, step: str) -> int:
    return sum(receipt.counts["documents"] for receipt in part.receipts(step))
