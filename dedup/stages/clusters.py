"""The stage of the step `clusters`: who survives of each cluster."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar

import pyarrow as pa

from dedup.minhash import MinHash
from dedup.survival import Components, Survival
from dedup.survivors import elected, frame_of, judged
from pipeline.errors import StorageError
from pipeline.identity import IDENTITY_IF_CHANGED
from pipeline.schemas import CLUSTERED
from pipeline.steps import PartRun
from pipeline.tables import read_row_groups

ROW_GROUP = 1 << 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Clusters:
    """Partition `p` elects the survivors of its share of the clusters, of which `most` documents fit in memory."""

    name: ClassVar[str] = "clusters"
    version: ClassVar[int] = 2

    minhash: MinHash
    survival: Survival = field(default_factory=Components, metadata=IDENTITY_IF_CHANGED)
    elections: int = field(default=1, metadata=IDENTITY_IF_CHANGED)
    most: int = field(default=8_000_000, metadata=IDENTITY_IF_CHANGED)

    def run(self, part: PartRun) -> dict[str, int]:
        """Writes `clusters`, sorted by document; counts clustered documents, clusters and the documents to remove."""
        self._check(part)
        writer = part.writer("clusters", CLUSTERED, row_group=ROW_GROUP)
        columns = [name for name in self.survival.order if name != "release"]
        members = self._members(part, ["document", "cluster", *columns])
        chosen = elected(map(frame_of, members), self.survival.order)
        for table in self._members(part, ["document", "cluster"]):
            writer.write(judged(frame_of(table), chosen))
        return {"documents": writer.rows, "clusters": chosen.height, "removed": writer.rows - chosen.height}

    def _check(self, part: PartRun) -> None:
        """StorageError where `members` are not all documents that are clustered: none is ever kept for want of its row."""
        joined, gathered = (
            sum(receipt.counts["documents"] for receipt in part.receipts(step)) for step in ("components", "members")
        )
        if joined != gathered:
            raise StorageError(f"step members: {gathered} documents of {joined} that are clustered")

    def _members(self, part: PartRun, columns: list[str]) -> Iterator[pa.Table]:
        """The rows of this partition, sorted by document, a part's after the other."""
        for receipt in part.receipts("members"):
            yield from read_row_groups(part.storage, receipt, "members", part.partition, self.elections, columns)
