"""Documents of which exact copies were taken away, and what is known of those that were."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from dedup.documents import BATCH, Batch, Documents, Mask
from dedup.numbering import Numbers, among, between, contains
from dedup.scale import Ranges
from dedup.survivors import frame_of
from pipeline.identity import NOT_IDENTITY
from pipeline.schemas import SETTLED, document_number
from pipeline.steps import PartRun

NEAR = "near_duplicate"


@dataclass(frozen=True, slots=True)
class Sizes:
    """How many documents each of some originals stands for, itself included."""

    documents: Numbers
    copies: npt.NDArray[np.int32]

    def of(self, documents: Numbers) -> npt.NDArray[np.int32]:
        """That of any documents: 1 for those that are no originals."""
        if not self.documents.size:
            return np.ones(documents.size, np.int32)
        at = np.minimum(np.searchsorted(self.documents, documents), self.documents.size - 1)
        return np.where(self.documents[at] == documents, self.copies[at], np.int32(1))


@dataclass(frozen=True, slots=True, kw_only=True)
class Uncopied:
    """Documents without the copies that the steps `copies-KIND` found, for each kind of `passes`; these must be inputs too.

    Where what they found was brought back by ranges of documents, `found`, the steps `found-KIND` must be, instead.
    """

    name: ClassVar[str] = "uncopied"
    version: ClassVar[int] = 1

    documents: Documents
    passes: tuple[str, ...]
    found: Ranges | None = field(default=None, metadata=NOT_IDENTITY)

    def batches(
        self, part: PartRun, columns: Sequence[str], rows: int = BATCH, *, score: str | None = None
    ) -> Iterator[Batch]:
        """All documents of the part, in order; copies are not kept."""
        copies = self._copies(part)
        for batch in self.documents.batches(part, columns, rows, score=score):
            stays = ~contains(copies, numbered(part, batch.member, batch.row, batch.keep.size))
            yield batch._replace(keep=batch.keep & stays)

    def kept(self, part: PartRun) -> Iterator[Mask]:
        """For each input file of the part, which documents are still kept."""
        copies = self._copies(part)
        for member, keep in enumerate(self.documents.kept(part)):
            yield keep & ~contains(copies, numbered(part, member, 0, keep.size))

    def texts(self, part: PartRun, wanted: Numbers) -> Iterator[tuple[int, str]]:
        """The numbers `wanted` with their documents' texts."""
        return self.documents.texts(part, wanted)

    def sizes(self, part: PartRun) -> Sizes:
        """How many documents each document of the part stands for; of several passes the last knows of those before it."""
        found = pl.DataFrame(schema={"document": pl.UInt64, "copies": pl.Int32})
        for rows in self._read(part, "originals", self.passes[::-1]):
            found = pl.concat([found, frame_of(rows).join(found, on="document", how="anti")])
        found = found.sort("document")
        return Sizes(found["document"].to_numpy(), found["copies"].to_numpy())

    def _copies(self, part: PartRun) -> Numbers:
        """Sorted."""
        rows = [table["document"].to_numpy() for table in self._read(part, "copies", self.passes)]
        return np.sort(np.concatenate([np.empty(0, np.uint64), *rows]))

    def _read(self, part: PartRun, table: str, passes: Sequence[str]) -> Iterator[pa.Table]:
        """What each of the `passes` has in a table about the documents of the part."""
        first, count, begins = part.task.part.first, part.task.part.count, self.found and self.found.starts()
        for kind in passes:
            yield among(part, copies_step(kind, self.found), first, count, table, begins)


def copies_step(kind: str, found: Ranges | None) -> str:
    """The step that says which documents are copies: the one that finds out, or that which brings it back."""
    return f"{'found' if found else 'copies'}-{kind}"


def settled_step(kind: str, found: Ranges | None) -> str:
    """The step that says what became of copies, likewise."""
    return f"{'answers' if found else 'settled'}-{kind}"


def numbered(part: PartRun, member: int, row: int, rows: int) -> Numbers:
    """The numbers of `rows` documents from `row` on of the `member`-th input file of the part."""
    return np.arange(rows, dtype=np.uint64) + np.uint64(document_number(part.task.part.first + member, row))


def settled_ranges(found: Ranges) -> Ranges:
    """The ranges of `answers-KIND`: those of `found-KIND` may have documents of earlier releases, and no copy is one of these."""
    own = replace(found.extent, earlier=())
    return Ranges(extent=own, count=min(found.count, own.files))


def answers(
    part: PartRun,
    low: int,
    high: int,
    *,
    passes: Sequence[str],
    settled: Sequence[str],
    clustered: bool,
    ranges: Ranges | None = None,
    found: Ranges | None = None,
) -> pl.DataFrame:
    """What is known of the documents from `low` to below `high`: `document`, `cluster`, `cluster_size`, `survivor`, `reason`.

    A row for each clustered document (where there is a step `clusters`, or `answers` of some `ranges`), for each copy of the
    passes `settled`, and for each original of other documents that has no near-duplicate. `reason` is null for those that stay.
    What passes say stands in `found-KIND` and `answers-KIND` of the ranges `found`, where there are such.
    """
    begins, settled_begins = found and found.starts(), found and settled_ranges(found).starts()
    told = [_answer(_elected(part, low, high, ranges), NEAR)] if clustered else []
    for kind in settled:
        rows = between(part, settled_step(kind, found), low, high, "settled", settled_begins)
        told.append(_answer(rows, f"same_{kind}"))
    told = pl.concat([_answer(SETTLED.empty_table(), NEAR), *told])
    for kind in reversed(passes):
        originals = frame_of(between(part, copies_step(kind, found), low, high, "originals", begins))
        alone = originals.join(told, on="document", how="anti")
        alone = alone.select(
            "document",
            cluster="document",
            cluster_size="copies",
            survivor="document",
            reason=pl.lit(None, pl.String),
        )
        told = pl.concat([told, alone])
    return told


def _elected(part: PartRun, low: int, high: int, ranges: Ranges | None) -> pa.Table:
    if ranges is None:
        return between(part, "clusters", low, high)
    return between(part, "answers", low, high, "clusters", ranges.starts())


def _answer(table: pa.Table, reason: str) -> pl.DataFrame:
    frame = frame_of(table)
    goes = pl.col("document") != pl.col("survivor")
    return frame.select(*SETTLED.names, reason=pl.when(goes).then(pl.lit(reason)))
