"""The stage of the step `components`: edges joined to the components that they connect."""

from dataclasses import dataclass
from typing import ClassVar

from dedup.clusters import clusters
from dedup.minhash import MinHash
from pipeline.schemas import COMPONENTS
from pipeline.steps import PartRun
from pipeline.tables import read_table


@dataclass(frozen=True, slots=True, kw_only=True)
class Joined:
    """Joins all edges to components, each named by its smallest document."""

    name: ClassVar[str] = "components"
    version: ClassVar[int] = 1

    minhash: MinHash

    def run(self, part: PartRun) -> dict[str, int]:
        """Writes `components`, sorted by document; counts the documents."""
        found = clusters(read_table(part.storage, receipt, "edges") for receipt in part.receipts("edges"))
        part.writer("components", COMPONENTS, row_group=1 << 16).write(found.cast(COMPONENTS))
        return {"documents": found.num_rows}
