"""The stage of the steps `settled-text` and `settled-url`: what became of each copy's original is what became of the copy."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain
from typing import ClassVar

import numpy as np
import polars as pl
import pyarrow as pa

from dedup.copies import answers, copies_step
from dedup.exact import Exact
from dedup.numbering import END, SOURCE, between, read_between
from dedup.releases import SOURCE_BITS, Release, opened
from dedup.runs import Runs
from dedup.scale import Ranges
from dedup.survivors import frame_of
from pipeline.errors import StorageError
from pipeline.identity import IDENTITY_IF_CHANGED, NOT_IDENTITY
from pipeline.schemas import SETTLED
from pipeline.steps import PartRun

_BATCH = 1 << 20  # pairs held before the first of each is taken


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """The partition that begins at document `starts[p]` speaks of the copies of the originals from there to the next start.

    An original may be of one of the releases `against`: then what stays for it there stays for its copies.

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
    against: tuple[Release, ...] = field(default=(), metadata=IDENTITY_IF_CHANGED)

    def run(self, part: PartRun) -> dict[str, int]:
        """Writes `settled`, runs sorted by document; counts them. StorageError for a copy of no known original."""
        low, high = (*self.starts, END)[part.partition : part.partition + 2]
        known = self._known(part, low, min(high, SOURCE)) if low < SOURCE else self._earlier(part, low, high)
        known = known.select("cluster", "cluster_size", "survivor", original="document")
        runs = Runs(part.writer("settled", SETTLED), ("document",))
        for table in self._pairs(part, low, high):
            runs.add(self._answered(table, known))
        runs.close()
        return {"copies": runs.rows}

    def _pairs(self, part: PartRun, low: int, high: int) -> Iterator[pa.Table]:
        step, begins = copies_step(self.exact.by, self.found), self.found and self.found.starts()
        return read_between(part, step, "pairs", "original", low, high, begins)

    def _known(self, part: PartRun, low: int, high: int) -> pl.DataFrame:
        """What is known of the originals of this run in a range."""
        return answers(
            part,
            low,
            high,
            passes=self.passes,
            settled=self.settled,
            clustered=self.clustered,
            ranges=self.answers,
            found=self.found,
        )

    def _earlier(self, part: PartRun, low: int, high: int) -> pl.DataFrame:
        """The same of those of a release: its copies here are a cluster, which is called after the first of them."""
        step, begins = copies_step(self.exact.by, self.found), self.found and self.found.starts()
        originals = frame_of(between(part, step, low, high, "originals", begins)).rename({"copies": "cluster_size"})
        document = originals["document"].to_numpy()
        survivors = [
            release.survivors_of(document[document >> SOURCE_BITS == np.uint64(number)])
            for number, release in enumerate(opened(self.against), 1)
        ]
        survivor = np.concatenate([np.empty(0, np.uint64), *survivors])
        found = originals.with_columns(survivor=pl.Series(survivor, dtype=pl.UInt64))
        return found.join(_firsts(self._pairs(part, low, high)), on="document", how="inner")

    def _answered(self, pairs: pa.Table, known: pl.DataFrame) -> pa.Table:
        found = frame_of(pairs).join(known, on="original", how="inner")
        if found.height != pairs.num_rows:
            raise StorageError(f"step copies-{self.exact.by}: {pairs.num_rows - found.height} copies have no original")
        return found.select(SETTLED.names).to_arrow().cast(SETTLED)


def _firsts(pairs: Iterable[pa.Table]) -> pl.DataFrame:
    """The first copy, `cluster`, of each original, `document`."""
    firsts = pl.DataFrame(schema={"document": pl.UInt64, "cluster": pl.UInt64})
    waiting: list[pl.DataFrame] = []
    held = 0
    for table in chain(pairs, [None]):
        if table is not None:
            waiting.append(frame_of(table).select(document="original", cluster="document"))
            held += table.num_rows
        if table is None or held >= max(_BATCH, firsts.height):
            firsts = pl.concat([firsts, *waiting]).group_by("document").agg(pl.col("cluster").min())
            waiting, held = [], 0
    return firsts
