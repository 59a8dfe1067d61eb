"""Adds one step to a finished run and runs it: what `measure` and `annotate` share."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from types import ModuleType

from jobs.estimate import WORKER_BYTES
from jobs.running import execute, make_runner, sort_side
from pipeline.annotations.annotation import Annotation
from pipeline.execution import Execution
from pipeline.extension import extend_run, plan_beside
from pipeline.receipts import Receipt
from pipeline.runs import OpenRun, provenance
from pipeline.steps import Step


@dataclass(frozen=True, slots=True, kw_only=True)
class Extended:
    """A run with its new step."""

    run: OpenRun
    fingerprint: str
    receipts: tuple[Receipt, ...]
    reused: int
    seconds: float

    def total(self, count: str) -> int:
        """One of the step's counts, added up over its parts."""
        return sum(receipt.counts[count] for receipt in self.receipts)


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
        PartsFailed: some parts failed; all others are done.
    """
    began = time.monotonic()
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
        if annotation:
            sort_side(run.storage, annotation, runner, {"provenance": provenance(datetime.now(UTC))})
        record = extend_run(run, planned[-1])
        execution = Execution(run.storage, run.source, planned, {"provenance": record.provenance})
        reused = execution.states[step.name].reused
        execute(execution, runner)
    finally:
        runner.close()
    extended = OpenRun(run.storage, record)
    return Extended(
        run=extended,
        fingerprint=planned[-1].fingerprint,
        receipts=tuple(extended.receipts(step.name).values()),
        reused=reused,
        seconds=round(time.monotonic() - began, 1),
    )
