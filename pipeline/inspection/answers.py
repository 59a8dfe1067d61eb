"""What a run says of each document in `survivors`, where exact copies were taken away: of the copies as of all others."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.receipts import Receipt
from pipeline.runs import OpenRun, StepRecord
from pipeline.schemas import document_number
from pipeline.steps import PlannedPart
from pipeline.tables import read_batches, read_equal, read_range, read_rows, read_table

STEP = "survivors"
KINDS = ("url", "text")
_FILE, _ROW = 24, (1 << 24) - 1
_BATCH = 1 << 16
_HEAD = ["cluster", "cluster_size", "survivor", "keep"]


class Answer(NamedTuple):
    """A document: whether it stays and, where it does not, why."""

    document: int
    keep: bool
    reason: str | None


def passes(run: OpenRun) -> list[str]:
    """By what exact copies were taken away, in order; none where they were not."""
    return [kind for kind in KINDS if run.step(f"copies-{kind}") is not None]


def clustered(run: OpenRun) -> Iterator[pa.RecordBatch]:
    """`cluster`, `cluster_size`, `survivor` and `keep` of all documents that have a duplicate."""
    for receipt in run.receipts(STEP).values():
        for batch in read_batches(run.storage, receipt, STEP, _HEAD, _BATCH):
            yield batch.filter(batch["cluster"].is_valid())


def answer(run: OpenRun, document: int) -> dict[str, Any] | None:
    """The row of `survivors` about a document; None where this run has no such document."""
    part, row = document >> _FILE, document & _ROW
    step = _step(run)
    if part >= len(run.source.parts):
        return None
    bundle = run.parts(step)[part // step.span]
    counts = file_rows(run, bundle)
    if row >= counts[part - bundle.first]:
        return None
    receipt = run.receipts(STEP)[bundle.key]
    return read_rows(run.storage, receipt, STEP, sum(counts[: part - bundle.first]) + row)[0]


def members(run: OpenRun, cluster: int, size: int) -> Iterator[Answer]:
    """The documents of a cluster by their number; of `survivors` only row groups are read that it can be in."""
    left = size
    for bundle in run.parts(_step(run)):
        receipt = run.receipts(STEP)[bundle.key]
        ends: list[int] = []
        for first, table in read_equal(run.storage, receipt, STEP, "cluster", cluster, ["cluster", "keep", "reason"]):
            mine = pc.call_function("equal", [table["cluster"], pa.scalar(cluster, pa.uint64())]).fill_null(False)
            rows = np.flatnonzero(mine.to_numpy()) + first
            ends = ends or np.cumsum([0, *file_rows(run, bundle)]).tolist()
            for row, told in zip(rows.tolist(), table.filter(mine).to_pylist(), strict=True):
                member = int(np.searchsorted(ends, row, side="right")) - 1
                yield Answer(document_number(bundle.first + member, row - ends[member]), told["keep"], told["reason"])
                left -= 1
        if left <= 0:
            return


def original_of(run: OpenRun, document: int) -> int | None:
    """The document that an exact copy is one of; None for what is no copy."""
    for kind in passes(run):
        for receipt in run.receipts(f"copies-{kind}").values():
            for table in read_range(run.storage, receipt, "copies", "document", document, document + 1):
                for original in table["original"].to_pylist():
                    return original
    return None


def file_rows(run: OpenRun, bundle: PlannedPart) -> list[int]:
    """How many documents each input file of a part of `survivors` has."""
    if run.step("rows") is not None:
        counted: Receipt = run.receipts("rows")[bundle.key]
        return read_table(run.storage, counted, "counted")["rows"].to_pylist()
    ingested = run.receipts("ingest")
    files = run.source.parts[bundle.first : bundle.first + bundle.count]
    return [ingested[file.key].rows("documents") for file in files]


def _step(run: OpenRun) -> StepRecord:
    step = run.step(STEP)
    assert step  # noqa: S101  for the type checker: a run that takes copies away has it
    return step
