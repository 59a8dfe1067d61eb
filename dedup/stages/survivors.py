"""The stage of the step `survivors`: the answer, row for row beside the documents."""

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
import polars as pl
import pyarrow as pa

from dedup.copies import NEAR, answers, copies_step, numbered, settled_step
from dedup.documents import Documents, Judged
from dedup.exact import Exact
from dedup.minhash import MinHash
from dedup.releases import SOURCE_BITS
from dedup.scale import Ranges
from pipeline.errors import StorageError
from pipeline.identity import IDENTITY_IF_CHANGED, NOT_IDENTITY
from pipeline.schemas import REASON, SURVIVORS, document_number
from pipeline.steps import PartRun


@dataclass(frozen=True, slots=True, kw_only=True)
class Survivors:
    """For each document of the covered parts: its cluster, who survives of it, and whether it stays.

    `exact` are the passes that took exact copies away, and `minhash` is None where near-duplicates were not looked for. What
    was elected stands in `answers`, by ranges of documents, where there are such, and what passes said in steps of the ranges
    `found`.
    """

    name: ClassVar[str] = "survivors"
    version: ClassVar[int] = 1

    minhash: MinHash | None
    documents: Documents = field(default_factory=Judged, metadata=IDENTITY_IF_CHANGED)
    exact: tuple[Exact, ...] = field(default=(), metadata=IDENTITY_IF_CHANGED)
    answers: Ranges | None = field(default=None, metadata=NOT_IDENTITY)
    found: Ranges | None = field(default=None, metadata=NOT_IDENTITY)

    def run(self, part: PartRun) -> dict[str, int]:
        """Writes `survivors`, row-aligned with documents; what is kept and what is dropped is what was kept before.

        Of the near-duplicates, `in_release.N` are of a document of the `N`-th earlier release, and of the copies
        `copies_in_release.N` are, or their original went for one.
        """
        self._check(part)
        writer = part.writer("survivors", SURVIVORS.append(REASON) if self.exact else SURVIVORS)
        reasons = [*(each.reason for each in self.exact), *([NEAR] if self.minhash else [])]
        counts = {"documents": 0, "kept": 0, **{f"dropped.{reason}": 0 for reason in reasons}}
        known = self._known(part)
        told = 0
        for member, keeps in enumerate(self.documents.kept(part)):
            frame = pl.DataFrame({"document": numbered(part, member, 0, keeps.size), "kept": keeps})
            frame = frame.join(known, on="document", how="left", maintain_order="left")
            told += frame["cluster"].count()
            frame = frame.with_columns(
                keep=pl.col("reason").is_null() & pl.col("kept"), cluster_size=pl.col("cluster_size").fill_null(1)
            )
            writer.write(_table(frame, writer.schema))
            counts["documents"] += keeps.size
            counts["kept"] += int(frame["keep"].sum())
            for reason in reasons:
                counts[f"dropped.{reason}"] += frame.filter(pl.col("kept") & (pl.col("reason") == reason)).height
        counts |= _by_release(known)
        if told != known.height:
            raise StorageError(f"of {known.height} answers about {part.task.part.name} {told} are about one")
        return counts

    def _known(self, part: PartRun) -> pl.DataFrame:
        first, count = part.task.part.first, part.task.part.count
        kinds = [each.by for each in self.exact]
        low, high = document_number(first, 0), document_number(first + count, 0)
        return answers(
            part,
            low,
            high,
            passes=kinds,
            settled=kinds,
            clustered=self.minhash is not None,
            ranges=self.answers,
            found=self.found,
        )

    def _check(self, part: PartRun) -> None:
        """StorageError where not every copy was answered for: none is ever kept for want of its row."""
        for kind in (each.by for each in self.exact):
            steps = copies_step(kind, self.found), settled_step(kind, self.found)
            copies, settled = (sum(receipt.counts["copies"] for receipt in part.receipts(step)) for step in steps)
            if copies != settled:
                raise StorageError(f"step {steps[1]}: {settled} of {copies} copies")


def _table(frame: pl.DataFrame, schema: pa.Schema) -> pa.Table:
    return frame.select(schema.names).to_arrow().cast(schema)


def _by_release(known: pl.DataFrame) -> dict[str, int]:
    """How many documents are removed for one of each earlier release: near-duplicates, and copies of such."""
    near = pl.col("reason") == NEAR
    told = {"in_release": known.filter(near), "copies_in_release": known.filter(~near)}
    return {f"{name}.{n}": count for name, rows in told.items() for n, count in _sources(rows) if n}


def _sources(rows: pl.DataFrame) -> list[tuple[int, int]]:
    """How many documents have a survivor of each source."""
    sources, counts = np.unique(rows["survivor"].to_numpy() >> SOURCE_BITS, return_counts=True)
    return list(zip(sources.tolist(), counts.tolist(), strict=True))
