"""Adds a step to a run that is there: the steps it reads are known by what was recorded of them, no recipe is needed.

What an extended run is, is a new run record: the old steps with their fingerprints, and the new one.
"""

import dataclasses
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import ClassVar

from pipeline.errors import InputError, RecipeError
from pipeline.runs import BESIDE, OpenRun, RunRecord, new_run_id, provenance, step_record, write_record
from pipeline.steps import PartRun, PlannedStep, Step, plan_step
from pipeline.tables import columns_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """The stage of a step that an earlier run did: its tables can be read, but how they were made is not known here."""

    name: ClassVar[str] = "recorded"
    version: ClassVar[int] = 1

    def run(self, part: PartRun) -> dict[str, int]:
        """Never does anything: a part that is missing has to be made by the recipe."""
        raise InputError(f"{part.task.part.name} is missing; run `gristmill curate` again")


def recorded_step(run: OpenRun, name: str) -> PlannedStep:
    """A finished step of a run, for others to read.

    Raises:
        InputError: the step is not finished.
    """
    found = run.step(name)
    parts = run.parts(found) if found else ()
    done = len(run.receipts(name))
    if found is None or done < len(parts):
        raise InputError(
            f"{run.storage.location}: step {name} has {done} of {len(parts)} parts; finish the run with `gristmill curate` first"
        )
    step = Step(name=name, stage=Recorded(), span=found.span, partitions=found.partitions)
    return PlannedStep(step=step, fingerprint=found.fingerprint, parts=parts, payload=run.record.payload[name])


def plan_beside(run: OpenRun, step: Step) -> list[PlannedStep]:
    """The recorded steps that `step` reads, then `step`: its fingerprint is the one it would have in a recipe."""
    known = {upstream.name: recorded_step(run, upstream.name) for upstream in step.inputs}
    return [*known.values(), plan_step(step, run.source, known)]


def check_signals(run: OpenRun, step: str, names: list[str]) -> None:
    """Refuses signals that another step of the run writes.

    Raises:
        RecipeError: naming the signal.
    """
    for other in run.record.steps:
        table = {"ingest": "records"}.get(other.name, "signals")
        receipt = next(iter(run.receipts(other.name).values()), None)
        if receipt is None or table not in receipt.files or other.name == step:
            continue
        if taken := sorted(set(names) & set(columns_of(run.storage, receipt, table))):
            raise RecipeError(f"signal {taken[0]} is written by {other.name} already; give it another name")


def extend_run(run: OpenRun, planned: PlannedStep) -> RunRecord:
    """Records a run that is `run` and one step more, which stands before what judges; an earlier step of that name is replaced.

    Raises:
        RecipeError: the run's rules judge by what the earlier step said.
    """
    name = planned.step.name
    there = run.step(name)
    readers = [step.name for step in run.record.steps if name in step.inputs]
    if there and there.fingerprint != planned.fingerprint and readers:
        raise RecipeError(
            f"step {readers[0]} judges by {name} as it was; give it another name, or run `gristmill curate`"
        )
    now = datetime.now(UTC)
    steps = [step for step in run.record.steps if step.name != name]
    place = 1 + max(place for place, step in enumerate(steps) if step.name == "ingest" or step.name.startswith(BESIDE))
    record = dataclasses.replace(
        run.record,
        id=new_run_id(now),
        steps=(*steps[:place], step_record(planned), *steps[place:]),
        payload=run.record.payload | {name: planned.payload},
        provenance=provenance(now),
    )
    write_record(run.storage, record)
    return record
