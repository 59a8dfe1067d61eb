"""The stage of the steps `settled-text` and `settled-url`: what became of each copy's original is what became of the copy."""

from dataclasses import dataclass, field
from typing import ClassVar

import polars as pl
import pyarrow as pa

from dedup.copies import answers, copies_step
from dedup.exact import Exact
from dedup.numbering import SOURCE, read_between
from dedup.runs import Runs
from dedup.scale import Ranges
from dedup.survivors import frame_of
from pipeline.errors import StorageError
from pipeline.identity import NOT_IDENTITY
from pipeline.schemas import SETTLED
from pipeline.steps import PartRun


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """The partition that begins at document `starts[p]` speaks of the copies of the originals from there to the next start.

    `passes` are all passes, `settled` those after this one, whose answers are known already. What was elected stands in
    `answers`, by ranges of documents, where there are such, and what passes said in steps of the ranges `found`.
    """

    name: ClassVar[str] = "settled"
    version: ClassVar[int] = 1

    exact: Exact
    passes: tuple[str, ...]
    settled: tuple[str, ...]
    clustered: bool
    starts: tuple[int, ...]
    answers: Ranges | None = field(default=None, metadata=NOT_IDENTITY)
    found: Ranges | None = field(default=None, metadata=NOT_IDENTITY)

    def run(self, part: PartRun) -> dict[str, int]:
        """Writes `settled`, runs sorted by document; counts them. StorageError for a copy of no known original."""
        low, high = (*self.starts, SOURCE)[part.partition : part.partition + 2]
        known = answers(
            part,
            low,
            high,
            passes=self.passes,
            settled=self.settled,
            clustered=self.clustered,
            ranges=self.answers,
            found=self.found,
        )
        known = known.select("cluster", "cluster_size", "survivor", original="document")
        runs = Runs(part.writer("settled", SETTLED), ("document",))
        step, begins = copies_step(self.exact.by, self.found), self.found and self.found.starts()
        for table in read_between(part, step, "pairs", "original", low, high, begins):
            runs.add(self._answered(table, known))
        runs.close()
        return {"copies": runs.rows}

    def _answered(self, pairs: pa.Table, known: pl.DataFrame) -> pa.Table:
        found = frame_of(pairs).join(known, on="original", how="inner")
        if found.height != pairs.num_rows:
            raise StorageError(f"step copies-{self.exact.by}: {pairs.num_rows - found.height} copies have no original")
        return found.select(SETTLED.names).to_arrow().cast(SETTLED)
