"""The stage of the step `remove-repeats`: what goes of each document's text, and which of them nothing is left of."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np

from dedup.documents import Batch, Documents
from dedup.numbering import Numbers, among
from dedup.removal import RemoveRepeatedLines
from pipeline.cuts import ONLY_REPEATS, united, without
from pipeline.evidence import Place
from pipeline.line_tables import REMOVED
from pipeline.schemas import document_number
from pipeline.steps import PartRun


class Going(NamedTuple):
    """The units that go from the documents of an input file, sorted by `document`."""

    document: Numbers
    unit: Numbers


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveRepeats:
    """For each document of the covered parts where `removals` take something out, and whether the document stays.

    All of them look at the stored text, so their order does not matter. In memory are the repeated units of one input file.
    """

    name: ClassVar[str] = "remove_repeats"
    version: ClassVar[int] = 1
    columns_read: ClassVar[Mapping[str, tuple[str, ...]]] = {"survivors": ("keep",)}

    removals: tuple[RemoveRepeatedLines, ...]
    documents: Documents

    def run(self, part: PartRun) -> dict[str, int]:
        """Writes `removed`, row-aligned with documents; `removed_chars` are those of all documents that were kept before."""
        writer = part.writer("removed", REMOVED)
        counts = {"documents": 0, "kept": 0, f"dropped.{ONLY_REPEATS}": 0, "changed": 0, "removed_chars": 0}
        going: list[Going] = []
        file = None
        for batch in self.documents.batches(part, ("text",)):
            if batch.member != file:
                going, file = self._going(part, part.task.part.first + batch.member), batch.member
            spans, keep = self._judged(part, batch, going)
            writer.write_columns({"spans": [[_span(place) for place in each] or None for each in spans], "keep": keep})
            counts["documents"] += len(keep)
            counts["kept"] += sum(keep)
            counts[f"dropped.{ONLY_REPEATS}"] += int(batch.keep.sum()) - sum(keep)
            counts["changed"] += sum(bool(each) and stays for each, stays in zip(spans, keep, strict=True))
            counts["removed_chars"] += sum(end - start for each in spans for start, end in each)
        return counts

    def _going(self, part: PartRun, file: int) -> list[Going]:
        """For each removal, the units that go from the documents of an input file."""
        found: list[Going] = []
        for removal in self.removals:
            rows = among(part, f"repeats-kept-{removal.lines.unit}", file, 1, "repeats")
            goes = ~rows["first"].to_numpy() if removal.keep_first else np.ones(rows.num_rows, np.bool_)
            found.append(Going(rows["document"].to_numpy()[goes], rows["unit"].to_numpy()[goes]))
        return found

    def _judged(self, part: PartRun, batch: Batch, going: list[Going]) -> tuple[list[list[Place]], list[bool]]:
        """Where something goes from each text of a batch, and which documents stay."""
        low = document_number(part.task.part.first + batch.member, batch.row)
        rows = np.arange(batch.keep.size + 1, dtype=np.uint64) + np.uint64(low)
        ends = [np.searchsorted(each.document, rows) for each in going]
        touched = np.logical_or.reduce([np.diff(each) > 0 for each in ends])
        spans: list[list[Place]] = [[] for _ in range(batch.keep.size)]
        keep: list[bool] = batch.keep.tolist()
        for row in np.flatnonzero(touched).tolist():
            text = batch.table["text"][row].as_py()
            units = [each.unit[at[row] : at[row + 1]] for each, at in zip(going, ends, strict=True)]
            found = zip(self.removals, units, strict=True)
            spans[row] = united(place for removal, goes in found for place in removal.places(text, goes))
            keep[row] = keep[row] and bool(without(text, spans[row]).strip())
        return spans, keep


def _span(place: Place) -> dict[str, int]:
    start, end = place
    return {"start": start, "chars": end - start}
