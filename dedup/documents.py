"""Which documents are looked at: what a part of the deduplication has, and which of that is still kept.

A `Documents` is a field of the stages that read or judge documents (`minhash`, `survivors`). A document's number is
source (16 bits), input file (24) and row (24), so a `Documents` numbers rows of each input file from 0.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from dedup.scores import ingested_scores, with_scores
from pipeline.errors import StorageError
from pipeline.inspection.reading import pick_rows
from pipeline.receipts import Receipt
from pipeline.steps import PartRun
from pipeline.tables import read_batches, read_table

Mask = npt.NDArray[np.bool_]
Numbers = npt.NDArray[np.uint64]

BATCH = 256

_ROW_BITS, _ROW = np.uint64(24), np.uint64((1 << 24) - 1)


class Batch(NamedTuple):
    """Some consecutive documents of one input file of the part, kept or not.

    `member` is the file's place within the part, `row` the number of the first document within the file, `table` has the
    columns that were asked for, and `keep` says for each row whether the document is still kept.
    """

    member: int
    row: int
    table: pa.RecordBatch
    keep: Mask


class Documents(Protocol):
    """What documents a part has and which of them are still kept: a frozen dataclass, since it bears identity."""

    name: ClassVar[str]
    version: ClassVar[int]

    def batches(
        self, part: PartRun, columns: Sequence[str], rows: int = BATCH, *, score: str | None = None
    ) -> Iterator[Batch]:
        """All documents of the part, in order, in batches of up to `rows`.

        `columns` are some of `text`, `date`, `record_id` and `url`. Behind them comes `score`, where the column is named that
        says it: float64, null where it is unknown or NaN.
        """
        ...

    def kept(self, part: PartRun) -> Iterator[Mask]:
        """For each input file of the part, in order, which of its documents are still kept."""
        ...

    def texts(self, part: PartRun, wanted: Numbers) -> Iterator[tuple[int, str]]:
        """The numbers `wanted`, which are sorted, with their documents' texts; `part` is of a barrier, which reads all files."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """The documents of the steps `ingest` and `decide`, both of which must be inputs of the step that reads them."""

    name: ClassVar[str] = "judged"
    version: ClassVar[int] = 1

    def batches(
        self, part: PartRun, columns: Sequence[str], rows: int = BATCH, *, score: str | None = None
    ) -> Iterator[Batch]:
        """All documents of the part, in order; StorageError where verdicts and documents do not fit."""
        return ingested(part, columns, rows, self.kept(part), score)

    def kept(self, part: PartRun) -> Iterator[Mask]:
        """For each input file of the part, which documents `decide` keeps; StorageError where the verdicts do not fit."""
        verdicts = _verdicts(part)
        records = 0
        for receipt in part.receipts("ingest"):
            placed = read_table(part.storage, receipt, "records", ["document_row"])["document_row"]
            mine = verdicts[records : records + len(placed)]
            records += len(placed)
            if mine.size != len(placed):
                raise _misfit(part, verdicts.size, "fewer")
            yield mine[placed.is_valid().to_numpy()]
        if records != verdicts.size:
            raise _misfit(part, verdicts.size, "more")

    def texts(self, part: PartRun, wanted: Numbers) -> Iterator[tuple[int, str]]:
        """See `Documents.texts`."""
        return ingested_texts(part, wanted)


def ingested(
    part: PartRun, columns: Sequence[str], rows: int, kept: Iterable[Mask], score: str | None
) -> Iterator[Batch]:
    """All documents of the ingest parts that a part covers, in order, with which of each are `kept`.

    StorageError where a file has another number of them.
    """
    for member, (receipt, keep) in enumerate(zip(part.receipts("ingest"), kept, strict=True)):
        scores, row = ingested_scores(part.storage, receipt, score) if score else None, 0
        for table in read_batches(part.storage, receipt, "documents", columns, rows):
            yield Batch(member, row, with_scores(table, scores, row), keep[row : row + table.num_rows])
            row += table.num_rows
        if row != keep.size:
            raise StorageError(f"{receipt.files['documents'].path}: {row} documents, {keep.size} are judged")


def ingested_texts(part: PartRun, wanted: Numbers) -> Iterator[tuple[int, str]]:
    """The numbers `wanted`, which are sorted, with their documents' texts: of each file only the row groups they are in."""
    receipts = part.receipts("ingest")
    files, starts = np.unique(wanted >> _ROW_BITS, return_index=True)
    for file, some in zip(files.tolist(), np.split(wanted, starts[1:]), strict=True):
        rows = (some & _ROW).tolist()
        stored = pick_rows(part.storage, receipts[file], "documents", ["text"], rows)
        yield from zip(some.tolist(), stored["text"].to_list(), strict=True)


def _verdicts(part: PartRun) -> Mask:
    """For each record that the part covers, in order, whether `decide` keeps it."""
    found: list[Mask] = [_keeps(part, receipt) for receipt in part.receipts("decide")]
    return np.concatenate([np.empty(0, np.bool_), *found])


def _keeps(part: PartRun, receipt: Receipt) -> Mask:
    verdicts = read_table(part.storage, receipt, "verdicts", ["verdict"])["verdict"]
    return np.array([verdict == "keep" for verdict in verdicts.to_pylist()], np.bool_)


def _misfit(part: PartRun, verdicts: int, how: str) -> StorageError:
    return StorageError(f"step decide: {verdicts} verdicts about {part.task.part.name}, {how} than it has records")
