"""The stage of the step `survivors`: the answer, row for row beside the documents."""

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
import polars as pl

from dedup.documents import Documents, Judged
from dedup.minhash import MinHash
from dedup.numbering import among
from dedup.releases import SOURCE_BITS
from dedup.survivors import frame_of
from pipeline.errors import StorageError
from pipeline.identity import IDENTITY_IF_CHANGED
from pipeline.schemas import SURVIVORS, document_number
from pipeline.steps import PartRun


@dataclass(frozen=True, slots=True, kw_only=True)
class Survivors:
    """For each document of the covered parts: its cluster, who survives of it, and whether it stays."""

    name: ClassVar[str] = "survivors"
    version: ClassVar[int] = 1

    minhash: MinHash
    documents: Documents = field(default_factory=Judged, metadata=IDENTITY_IF_CHANGED)

    def run(self, part: PartRun) -> dict[str, int]:
        """Writes `survivors`, row-aligned with documents; `kept + near_duplicates` is what was kept before.

        Of the near-duplicates, `in_release.N` are of a document of the `N`-th earlier release.
        """
        writer = part.writer("survivors", SURVIVORS)
        counts = {"documents": 0, "kept": 0, "dropped.near_duplicate": 0}
        clustered = frame_of(among(part, "clusters", part.task.part.first, part.task.part.count))
        told = 0
        for member, keeps in enumerate(self.documents.kept(part)):
            first = document_number(part.task.part.first + member, 0)
            frame = pl.DataFrame({"document": np.arange(keeps.size, dtype=np.uint64) + np.uint64(first), "kept": keeps})
            frame = frame.join(clustered, on="document", how="left", maintain_order="left").select(
                pl.col("cluster"),
                pl.col("cluster_size").fill_null(1),
                pl.col("survivor"),
                (pl.col("keep").fill_null(value=True) & pl.col("kept")).alias("keep"),
            )
            writer.write(frame.to_arrow().cast(SURVIVORS))
            told += frame["cluster"].count()
            kept = int(frame["keep"].sum())
            counts["documents"] += keeps.size
            counts["kept"] += kept
            counts["dropped.near_duplicate"] += int(keeps.sum()) - kept
        counts |= _by_release(clustered)
        if told != clustered.height:
            raise StorageError(
                f"step clusters: of {clustered.height} answers about {part.task.part.name} {told} are about one"
            )
        return counts


def _by_release(clustered: pl.DataFrame) -> dict[str, int]:
    """How many documents are removed for one of each earlier release."""
    sources, counts = np.unique(clustered["survivor"].to_numpy() >> SOURCE_BITS, return_counts=True)
    return {f"in_release.{n}": count for n, count in zip(sources.tolist(), counts.tolist(), strict=True) if n}
