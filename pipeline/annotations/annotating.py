"""Joins an annotation to the documents of a part: holds the part's keys and one row group of the side table at a time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.annotations.annotation import KEYS, Annotation
from pipeline.annotations.side_table import DIGEST, key_digests, plan_side, side_manifest
from pipeline.errors import RecipeError
from pipeline.receipts import read_manifest
from pipeline.steps import PartRun, Step
from pipeline.storage import Storage
from pipeline.storage_errors import damage_errors
from pipeline.tables import read_table

PREFIX = "annotate-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Annotating:
    """Gives each document the columns of the row that has its key; `side` is the fingerprint of the sorted file."""

    name: ClassVar[str] = "annotating"
    version: ClassVar[int] = 1

    annotation: Annotation
    side: str

    def run(self, part: PartRun) -> dict[str, int]:
        """Writes `signals`, row-aligned with the documents of the part, null where no row has the key; counts `matched`."""
        writer = part.writer("signals", self.annotation.signals)
        matched = 0
        for receipt in part.receipts("ingest"):
            column = KEYS[self.annotation.on]
            keys = read_table(part.storage, receipt, "documents", [column])[column].to_pylist()
            rows, documents = self._matches(part.storage, keys)
            places = np.full(len(keys), -1, np.int64)
            places[documents] = np.arange(len(documents))
            writer.write(rows.take(pa.array(places, mask=places < 0)))
            matched += len(documents)
        return {"rows": writer.rows, "matched": matched}

    def _matches(self, storage: Storage, keys: Sequence[str | None]) -> tuple[pa.Table, npt.NDArray[np.int64]]:
        """The rows of the side table that a document has the key of, and for each the document."""
        have = np.array([place for place, key in enumerate(keys) if key], np.int64)
        digests = key_digests([keys[place] or "" for place in have])
        order = np.argsort(digests[:, 0], kind="stable")
        documents, digests = have[order], digests[order]
        rows: list[pa.Table] = [self.annotation.signals.empty_table()]
        found: list[npt.NDArray[np.int64]] = [np.empty(0, np.int64)]
        for group, (low, high) in self._groups(storage, digests[:, 0]):
            mine = slice(low, high)
            side_rows, places = _joined(group, digests[mine])
            rows.append(group.select(self.annotation.signals.names).take(pa.array(side_rows)))
            found.append(documents[mine][places])
        return pa.concat_tables(rows).combine_chunks(), np.concatenate(found)

    def _groups(self, storage: Storage, wanted: npt.NDArray[np.uint64]) -> Iterator[tuple[pa.Table, tuple[int, int]]]:
        """The row groups of the side table that may hold some of `wanted` (sorted), each with the range of those."""
        _, planned = plan_side(self.annotation)
        if planned.fingerprint != self.side:
            raise RecipeError(f"annotation {self.annotation.name} was planned by another version of this program")
        (receipt,) = read_manifest(storage, side_manifest(planned))
        path = receipt.files["side"].path
        with damage_errors(path):
            file = pq.ParquetFile(storage.open(path))
            for number in range(file.num_row_groups):
                bounds = file.metadata.row_group(number).column(0).statistics
                low = np.searchsorted(wanted, np.uint64(bounds.min))
                high = np.searchsorted(wanted, np.uint64(bounds.max), side="right")
                if low < high:
                    yield file.read_row_group(number), (int(low), int(high))


def _joined(group: pa.Table, digests: npt.NDArray[np.uint64]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Rows of a group, and places in `digests` of the documents that have their keys; one row may have many documents."""
    highs, lows = (group[field.name].to_numpy() for field in DIGEST)
    first = np.searchsorted(highs, digests[:, 0])
    rows = np.full(len(digests), -1, np.int64)
    for next_ in range(2):  # of a billion keys, two have the same first half with a probability of 3 %
        at = np.minimum(first + next_, len(highs) - 1)
        rows = np.where((highs[at] == digests[:, 0]) & (lows[at] == digests[:, 1]), at, rows)
    places = np.flatnonzero(rows >= 0)
    return rows[places], places


def annotate_step(annotation: Annotation, ingest: Step) -> Step:
    """The step of an annotation: the same in a recipe and added to a run, so what one did the other finds done."""
    _, side = plan_side(annotation)
    return Step(
        name=PREFIX + annotation.name, stage=Annotating(annotation=annotation, side=side.fingerprint), inputs=(ingest,)
    )
