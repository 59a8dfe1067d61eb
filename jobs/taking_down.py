"""A takedown from its list to its record: what the verb does, step by step, whatever was done of it before."""

import time
from dataclasses import dataclass, replace
from types import ModuleType
from typing import Any

from jobs.against import recorded_releases, releases_of
from jobs.estimate import extent_of, memory_ceiling
from jobs.recipe import Recipe, load_recipe
from jobs.running import check_parts, execute, make_runner
from jobs.terminal import PLAIN_SECONDS, notice
from pipeline.dataset import shard_name
from pipeline.errors import RecipeError
from pipeline.execution import Execution
from pipeline.runs import OpenRun, open_run
from pipeline.steps import PlannedStep, plan_steps
from pipeline.storage import Storage
from pipeline.takedown.completing import complete
from pipeline.takedown.finding import Told
from pipeline.takedown.listing import Listing
from pipeline.takedown.places import Part
from pipeline.takedown.rebuilding import refuse_other_steps, run_before
from pipeline.takedown.removal import begin, refuse_unfit
from pipeline.takedown.survey import Survey, survey
from pipeline.takedown.tombstones import Takedown, load_tombstones, read_takedown, refuse_unfinished, unfinished


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """How parts are run, as the options of a verb say."""

    workers: int | None = None
    ray: str | None = None
    local: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Again:
    """The recipe of a run, found again; `modules` are those that workers do not have."""

    recipe: Recipe
    modules: tuple[ModuleType, ...]

    def planned(self, run: OpenRun, tombstones: str) -> list[PlannedStep]:
        """The run's steps with these tombstones, compared with the releases that it was compared with."""
        known = releases_of(recorded_releases(run), self.recipe.minhash, self.recipe.survival)
        return plan_steps(self.recipe.steps(extent_of(run.source), known), run.source, tombstones)


def recipe_again(run: OpenRun, named: str | None, before: str) -> Again:
    """The recipe of the run: the one `named`, or the shipped one that the run's record names.

    Raises:
        RecipeError: it is not there, or is another now than it was; `before` are the tombstones that the run knew. Or the run
            is compared with another at this ROOT, of which a takedown keeps nothing but what was ingested.
    """
    if here := [each.source for each in run.record.releases if each.root == run.storage.location]:
        raise RecipeError(
            f"the last run is compared with {', '.join(here)} at this ROOT, of which a takedown would leave only "
            "what was ingested: pages can be taken down where each release has a ROOT of its own"
        )
    try:
        recipe, modules = load_recipe(named or run.record.recipe)
    except RecipeError as error:
        if named:
            raise
        raise RecipeError(
            f"the last run's recipe {run.record.recipe} is not shipped: name its file with --recipe file.py:function"
        ) from error
    again = Again(recipe=replace(recipe, columns=run.columns) if run.columns else recipe, modules=modules)
    refuse_other_steps(run, again.planned(run, before))
    return again


def _completed(storage: Storage, takedown: Takedown, again: Again, means: Means) -> dict[str, Any]:
    """Does what is left of a takedown whose tombstones are set; its record."""

    def run_parts(execution: Execution) -> None:
        recipe, planned = again.recipe, [state.planned for state in execution.states.values()]
        check_parts(recipe.minhash, *recipe.transforms, recipe.tokens)
        runner = make_runner(
            storage.location,
            run_before(storage, takedown).source,
            [step.payload for step in planned],
            modules=again.modules,
            part_bytes=memory_ceiling(recipe, 1),
            workers=means.workers,
            ray=means.ray,
            local=means.local,
        )
        try:
            execute(execution, runner)
        finally:
            runner.close()

    def told(part: Part) -> None:
        notice(f"{part.place.step}: rows removed from {part.receipt.name}")

    return complete(storage, takedown, again.planned, run_parts, told)


def complete_interrupted(storage: Storage, recipe: str | None, means: Means) -> dict[str, Any] | None:
    """Completes the takedown that was interrupted, if there is one; its record."""
    left = unfinished(storage)
    if left is None:
        return None
    takedown = read_takedown(storage, left)
    notice(f"the takedown {left} was interrupted and is completed first")
    again = recipe_again(run_before(storage, takedown), recipe, takedown.facts["before"])
    return _completed(storage, takedown, again, means)


def take_down(
    storage: Storage, listing: Listing, scope: str, recipe: str | None, means: Means, *, dry_run: bool
) -> dict[str, Any]:
    """Removes what is listed: its record, and (for the person only) which entries were nowhere or gone before.

    Raises:
        StorageError: the last run is not finished, or ROOT cannot be written.
        RecipeError: what the run did cannot be done again.
    """
    refuse_unfinished(storage)
    run = open_run(storage)
    refuse_unfit(run)
    known = load_tombstones(storage)
    again = recipe_again(run, recipe, known.digest if known else "")
    found = survey(run, listing, scope, _counting())
    told = {
        "unknown_entries": [str(entry) for entry in found.unknown],
        "taken_down_before": [str(entry) for entry in found.before],
    }
    if dry_run or not (found.stones or found.removals):
        return told | _would(run, found)
    takedown = begin(run, listing, scope, found)
    return _completed(storage, takedown, again, means) | told


def _counting() -> Told:
    """Says how far a search is, at most every few seconds."""
    last = time.monotonic()

    def told(what: str, done: int, total: int) -> None:
        nonlocal last
        if time.monotonic() - last > PLAIN_SECONDS:
            last = time.monotonic()
            notice(f"looking through {what}: {done:,} of {total:,} parts")

    return told


def _would(run: OpenRun, found: Survey) -> dict[str, Any]:
    """What would go; of the shards, those whose range of files holds such a page."""
    pack, parts = run.step("pack"), {part.key: number for number, part in enumerate(run.source.parts)}
    touched = {parts[part.key] // pack.span for part in found.removals if part.key in parts} if pack else set[int]()
    total = len(run.parts(pack)) if pack else 0
    return {
        "records": found.records,
        "documents": found.documents,
        "copies": found.copies,
        "unknown": len(found.unknown),
        "shards": {"touched": [shard_name(number, total) for number in sorted(touched)], "of": total},
        "parts": [
            {
                "source": part.place.source,
                "file": part.receipt.name,
                "records": len(removal.records),
                "documents": len(removal.documents),
            }
            for part, removal in found.removals.items()
        ],
    }
