"""All documents that were read, before anything judges them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from dedup.documents import BATCH, Batch, Judged, Mask
from dedup.numbering import Numbers
from dedup.scores import ingested_scores, with_scores
from pipeline.steps import PartRun
from pipeline.tables import read_batches


@dataclass(frozen=True, slots=True, kw_only=True)
class Ingested:
    """The documents of the step `ingest`, which must be an input of the step that reads them; all are kept."""

    name: ClassVar[str] = "ingested"
    version: ClassVar[int] = 1

    def batches(
        self, part: PartRun, columns: Sequence[str], rows: int = BATCH, *, score: str | None = None
    ) -> Iterator[Batch]:
        """All documents of the part, in order."""
        for member, receipt in enumerate(part.receipts("ingest")):
            scores, row = ingested_scores(part.storage, receipt, score) if score else None, 0
            for table in read_batches(part.storage, receipt, "documents", columns, rows):
                yield Batch(member, row, with_scores(table, scores, row), np.ones(table.num_rows, np.bool_))
                row += table.num_rows

    def kept(self, part: PartRun) -> Iterator[Mask]:
        """For each input file of the part, that all its documents are kept."""
        for receipt in part.receipts("ingest"):
            yield np.ones(receipt.rows("documents"), np.bool_)

    def texts(self, part: PartRun, wanted: Numbers) -> Iterator[tuple[int, str]]:
        """The numbers `wanted` with their documents' texts."""
        return Judged().texts(part, wanted)
