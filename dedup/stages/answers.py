"""The stage of the step `answers`: what was elected, on its way back to the parts of their documents, where both are many."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pyarrow as pa

from dedup.numbering import SOURCE
from dedup.routing import read_written_for, sets, share, write_bundles
from pipeline.errors import StorageError
from pipeline.schemas import CLUSTERED
from pipeline.steps import PartRun


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """Partition `p * slices + s` has what a slice of the elections says of the documents from `starts[p]` to the next start.

    It sorts about `rows` rows at a time. A row group has documents of `span` files, which are those of one part.
    """

    name: ClassVar[str] = "answers"
    version: ClassVar[int] = 1

    starts: tuple[int, ...]
    span: int
    slices: int
    rows: int

    def run(self, part: PartRun) -> dict[str, int]:
        """Writes `clusters`, sets of row groups sorted by document; counts the documents and the sets."""
        writer = part.writer("clusters", CLUSTERED)
        count = 0
        for some in sets(self._read(part), CLUSTERED, self.rows):
            count += 1
            write_bundles(writer, some.take(pa.array(np.argsort(some["document"].to_numpy()))), self.span)
        return {"documents": writer.rows, "sets": count}

    def _read(self, part: PartRun) -> Iterator[pa.Table]:
        """StorageError for a document of another partition: none is ever kept for want of its row."""
        place, number = divmod(part.partition, self.slices)
        low, high = (*self.starts, SOURCE)[place : place + 2]
        some = share(part, ("clusters",), number, self.slices)
        for table in read_written_for(part.storage, some, "clusters", place, len(self.starts)):
            document = table["document"].to_numpy()
            if document.size and (document[0] < low or document[-1] >= high):
                raise StorageError(f"step clusters: documents that range {place} of answers does not have")
            yield table
