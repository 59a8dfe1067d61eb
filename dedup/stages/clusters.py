"""The stage of the step `clusters`: who survives of each cluster."""

from dataclasses import dataclass
from typing import ClassVar

import pyarrow as pa

from dedup.minhash import MinHash
from dedup.survivors import survivors
from pipeline.errors import StorageError
from pipeline.schemas import CLUSTERED
from pipeline.steps import PartRun
from pipeline.tables import read_table


@dataclass(frozen=True, slots=True, kw_only=True)
class Clusters:
    """Elects the survivor of each cluster."""

    name: ClassVar[str] = "clusters"
    version: ClassVar[int] = 2

    minhash: MinHash

    def run(self, part: PartRun) -> dict[str, int]:
        """Writes `clusters`, sorted by document; counts clustered documents, clusters and the documents to remove."""
        tables = [read_table(part.storage, receipt, "members") for receipt in part.receipts("members")]
        members = pa.concat_tables(tables)
        expected = sum(receipt.counts["documents"] for receipt in part.receipts("components"))
        if members.num_rows != expected:
            raise StorageError(f"step members: {members.num_rows} documents of {expected} that are clustered")
        elected = survivors(members, members)
        part.writer("clusters", CLUSTERED).write(elected)
        clustered = len(elected["cluster"].unique())
        return {"documents": elected.num_rows, "clusters": clustered, "removed": elected.num_rows - clustered}
