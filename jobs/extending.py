"""Adds one step to a finished run and runs it: what `measure` and `annotate` share."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from types import ModuleType
from typing import Any

from jobs.estimate import WORKER_BYTES
from jobs.running import execute, make_runner, sort_side
from pipeline.annotations.annotation import Annotation
from pipeline.execution import Execution, Runner
from pipeline.extension import extend_run, plan_beside
from pipeline.receipts import Receipt
from pipeline.runs import OpenRun, RunRecord, provenance
from pipeline.steps import PlannedStep, Step
from pipeline.takedown.tombstones import refuse_unfinished


@dataclass(frozen=True, slots=True, kw_only=True)
class Extended:
    """A run with its new step."""

    run: OpenRun
    step: str
    fingerprint: str
    receipts: tuple[Receipt, ...]
    reused: int
    seconds: float

    def total(self, count: str) -> int:
        """One of the step's counts, added up over its parts."""
        return sum(receipt.counts[count] for receipt in self.receipts)

    def as_json(self) -> dict[str, Any]:
        """What was done, as a machine reads it."""
        return {
            "run": self.run.record.id,
            "step": self.step,
            "fingerprint": self.fingerprint,
            "documents": self.total("rows"),
            "parts": len(self.receipts),
            "reused": self.reused,
            "run_seconds": self.seconds,
        }


def add_step(
    run: OpenRun,
    step: Step,
    modules: Sequence[ModuleType] = (),
    *,
    annotation: Annotation | None = None,
    workers: int | None = None,
    ray: str | None = None,
    local: bool = False,
) -> Extended:
    """Runs what is missing of `step` beside the finished steps that it reads; `modules` travel to the workers.

    An `annotation` that the step joins is sorted first, if that has not been done.

    Raises:
        InputError: a step that is read is not finished.
        StorageError: a takedown is not.
        PartsFailed: some parts failed; all others are done.
    """
    began = time.monotonic()
    refuse_unfinished(run.storage)
    planned = plan_beside(run, step)
    runner = make_runner(
        run.storage.location,
        run.source,
        [planned[-1].payload],
        modules=modules,
        part_bytes=WORKER_BYTES,
        workers=workers,
        ray=ray,
        local=local,
    )
    try:
        record, reused = _run(run, planned, annotation, runner)
    finally:
        runner.close()
    return _extended(OpenRun(run.storage, record), planned[-1], reused, time.monotonic() - began)


def _extended(run: OpenRun, planned: PlannedStep, reused: int, seconds: float) -> Extended:
    name = planned.step.name
    return Extended(
        run=run,
        step=name,
        fingerprint=planned.fingerprint,
        receipts=tuple(run.receipts(name).values()),
        reused=reused,
        seconds=round(seconds, 1),
    )


def _run(
    run: OpenRun, planned: Sequence[PlannedStep], annotation: Annotation | None, runner: Runner
) -> tuple[RunRecord, int]:
    """The record of the extended run, and how many parts of its new step were done before; a file that is refused leaves none."""
    if annotation:
        sort_side(run.storage, annotation, runner, {"provenance": provenance(datetime.now(UTC))})
    record = extend_run(run, planned[-1])
    execution = Execution(run.storage, run.source, planned, {"provenance": record.provenance})
    reused = execution.states[planned[-1].step.name].reused
    execute(execution, runner)
    return record, reused
