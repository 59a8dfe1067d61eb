"""The run that comes out of a takedown: the same steps over the same files, made again only where a page went."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from pipeline.errors import RecipeError
from pipeline.heritage import Heritage
from pipeline.runs import FOLDER, OpenRun, open_run_of, provenance, step_record
from pipeline.steps import PlannedStep
from pipeline.storage import Storage
from pipeline.takedown.chain import compared_with_what_is
from pipeline.takedown.places import place_of
from pipeline.takedown.removal import rows_to_remove
from pipeline.takedown.tombstones import Takedown


def runs_before(storage: Storage, takedown: Takedown) -> dict[str, OpenRun]:
    """The runs that are rebuilt, each before those that are compared with it, by the names that they get."""
    one = {"run": takedown.facts.get("run"), "rebuilt": takedown.facts.get("rebuilt")}
    named: list[dict[str, str]] = takedown.facts.get("runs", [one])
    return {each["rebuilt"]: open_run_of(storage, each["run"]) for each in named}


def compared_anew(run: OpenRun, rebuilt: Mapping[str, str]) -> OpenRun:
    """The run as one compared with what its releases are now, those at this ROOT by the names that `rebuilt` has."""
    here, run = run.storage.location, compared_with_what_is(run)
    releases = tuple(
        replace(each, run=rebuilt.get(each.run, each.run)) if each.root == here else each
        for each in run.record.releases
    )
    return OpenRun(run.storage, replace(run.record, releases=releases))


def finished_run(storage: Storage, id_: str) -> OpenRun | None:
    """The rebuilt run of this name if all of it is there."""
    if not storage.exists(f"{FOLDER}/{id_}.json"):
        return None
    run = open_run_of(storage, id_)
    return run if all(run.is_sealed(step) for step in run.record.steps) else None


def refuse_other_steps(run: OpenRun, planned: Sequence[PlannedStep]) -> None:
    """RecipeError where the steps, planned with the tombstones that the run knew, are not those of the run."""
    for step in planned:
        if run.step(step.step.name) != step_record(step):
            raise RecipeError(
                f"step {step.step.name} would not do now what it did in the last run, so its dataset cannot be rebuilt: name "
                "the run's recipe with --recipe file.py:function, or run `gristmill curate` with this version first"
            )


def rebuilt_run(run: OpenRun, id_: str, planned: Sequence[PlannedStep]) -> OpenRun:
    """Records the run that comes out, under the name that the takedown gave it; signals that were added later stay.

    A record of an earlier attempt is replaced: what the run is compared with may have become another since.
    """
    new = {step.step.name: step for step in planned}
    record = replace(
        run.record,
        id=id_,
        steps=tuple(step_record(new[step.name]) if step.name in new else step for step in run.record.steps),
        payload=run.record.payload | {name: step.payload for name, step in new.items()},
        provenance=provenance(datetime.now(UTC)),
    )
    run.storage.put(f"{FOLDER}/{id_}.json", record.to_json())
    return OpenRun(run.storage, record)


def heritage(run: OpenRun, takedown: Takedown) -> Heritage:
    """What the rebuilt run takes over from the run before: all that does not read a mended part."""
    place = place_of(run)
    return Heritage(run, {rows.key for rows in rows_to_remove(run.storage, takedown) if rows.place == place})
