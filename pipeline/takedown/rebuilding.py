"""The run that comes out of a takedown: the same steps over the same files, made again only where a page went."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from pipeline.errors import RecipeError
from pipeline.heritage import Heritage
from pipeline.runs import FOLDER, OpenRun, RunRecord, provenance, step_record, write_record
from pipeline.steps import PlannedStep
from pipeline.storage import Storage
from pipeline.takedown.places import INGEST, Place
from pipeline.takedown.removal import rows_to_remove
from pipeline.takedown.tombstones import Takedown


def run_before(storage: Storage, takedown: Takedown) -> OpenRun:
    """The run that a takedown began from."""
    path = f"{FOLDER}/{takedown.facts['run']}.json"
    return OpenRun(storage, RunRecord.from_json(storage.get(path), path))


def refuse_other_steps(run: OpenRun, planned: Sequence[PlannedStep]) -> None:
    """RecipeError where the steps, planned with the tombstones that the run knew, are not those of the run."""
    for step in planned:
        if run.step(step.step.name) != step_record(step):
            raise RecipeError(
                f"step {step.step.name} would not do now what it did in the last run, so its dataset cannot be rebuilt: name "
                "the run's recipe with --recipe file.py:function, or run `gristmill curate` with this version first"
            )


def rebuilt_run(run: OpenRun, takedown: Takedown, planned: Sequence[PlannedStep]) -> OpenRun:
    """Records the run that comes out, under the name that the takedown gave it; signals that were added later stay with it."""
    new = {step.step.name: step for step in planned}
    record = replace(
        run.record,
        id=takedown.facts["rebuilt"],
        steps=tuple(step_record(new[step.name]) if step.name in new else step for step in run.record.steps),
        payload=run.record.payload | {name: step.payload for name, step in new.items()},
        provenance=provenance(datetime.now(UTC)),
    )
    write_record(run.storage, record)
    return OpenRun(run.storage, record)


def heritage(run: OpenRun, takedown: Takedown) -> Heritage:
    """What the rebuilt run takes over from the run before: all that does not read a mended part."""
    ingest = run.step(INGEST)
    place = Place(INGEST, ingest.fingerprint if ingest else "", run.source.name)
    return Heritage(run, {rows.key for rows in rows_to_remove(run.storage, takedown) if rows.place == place})
