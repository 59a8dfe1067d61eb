"""All documents that were read, before anything judges them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from dedup.documents import BATCH, Batch, Mask, ingested, ingested_texts
from dedup.numbering import Numbers
from pipeline.steps import PartRun


@dataclass(frozen=True, slots=True, kw_only=True)
class Ingested:
    """The documents of the step `ingest`, which must be an input of the step that reads them; all are kept."""

    name: ClassVar[str] = "ingested"
    version: ClassVar[int] = 1

    def batches(
        self, part: PartRun, columns: Sequence[str], rows: int = BATCH, *, score: str | None = None
    ) -> Iterator[Batch]:
        """All documents of the part, in order."""
        return ingested(part, columns, rows, self.kept(part), score)

    def kept(self, part: PartRun) -> Iterator[Mask]:
        """For each input file of the part, that all its documents are kept."""
        for receipt in part.receipts("ingest"):
            yield np.ones(receipt.rows("documents"), np.bool_)

    def texts(self, part: PartRun, wanted: Numbers) -> Iterator[tuple[int, str]]:
        """The numbers `wanted` with their documents' texts."""
        return ingested_texts(part, wanted)
