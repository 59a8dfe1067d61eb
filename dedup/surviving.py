"""The documents that the deduplication leaves."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from dedup.documents import BATCH, Batch, Mask, ingested, ingested_texts
from dedup.numbering import Numbers
from pipeline.errors import StorageError
from pipeline.steps import PartRun
from pipeline.tables import read_table


@dataclass(frozen=True, slots=True, kw_only=True)
class Surviving:
    """The documents of `ingest` that `survivors` keeps; both must be inputs of the step that reads them."""

    name: ClassVar[str] = "surviving"
    version: ClassVar[int] = 1

    def batches(
        self, part: PartRun, columns: Sequence[str], rows: int = BATCH, *, score: str | None = None
    ) -> Iterator[Batch]:
        """All documents of the part, in order."""
        return ingested(part, columns, rows, self.kept(part), score)

    def kept(self, part: PartRun) -> Iterator[Mask]:
        """For each input file of the part, which documents survive; StorageError where the answers do not fit."""
        found = [
            read_table(part.storage, receipt, "survivors", ["keep"])["keep"].to_numpy()
            for receipt in part.receipts("survivors")
        ]
        keep = np.concatenate([np.empty(0, np.bool_), *found])
        sizes = [receipt.rows("documents") for receipt in part.receipts("ingest")]
        if keep.size != sum(sizes):
            raise StorageError(
                f"step survivors: {keep.size} answers about {sum(sizes)} documents of {part.task.part.name}"
            )
        yield from np.split(keep, np.cumsum(sizes)[:-1])

    def texts(self, part: PartRun, wanted: Numbers) -> Iterator[tuple[int, str]]:
        """The numbers `wanted` with their documents' texts."""
        return ingested_texts(part, wanted)
