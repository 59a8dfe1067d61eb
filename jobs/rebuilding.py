"""Runs of a ROOT done again as they were recorded: by their recipes, or as deduplications of rows."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from types import ModuleType
from typing import Any, Protocol

from dedup.row_dataset import build_row_dataset
from dedup.scale import Extent, Scale
from jobs.against import recorded_releases
from jobs.deduplicating import BYTES_A_LINE, MEMORY, HowToDedup, graph, rows_runner
from jobs.estimate import extent_of, memory_ceiling
from jobs.executing import execute
from jobs.named_recipes import MADE_FOR, load_recipe
from jobs.recipe import Recipe
from jobs.recorded_rules import recorded_rules
from jobs.running import check_parts, make_runner
from pipeline.dataset import build_dataset
from pipeline.errors import RecipeError
from pipeline.execution import Execution, Runner
from pipeline.rows.columns import RowColumns
from pipeline.rows.pieces import piece_of
from pipeline.runs import OpenRun, open_run_of
from pipeline.scoring import LATE, PREFIX
from pipeline.steps import PlannedStep, plan_steps
from pipeline.tables import read_table
from pipeline.takedown.rebuilding import refuse_other_steps


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """How parts are run, as the options of a verb say."""

    workers: int | None = None
    ray: str | None = None
    local: bool = False


class Again(Protocol):
    """What a run did, found again."""

    def planned(self, run: OpenRun, tombstones: str) -> list[PlannedStep]:
        """The run's steps with these tombstones, compared with the releases that its record names."""
        ...

    def check(self) -> None:
        """RecipeError where something is missing that what is made again stands on, as a model of what survived."""
        ...

    def runner(self, run: OpenRun, planned: Sequence[PlannedStep], means: Means) -> Runner:
        """What its parts are run by; everything that can be wrong before the first one is checked."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class OfRecipe:
    """A run by a recipe, cut as it was; `modules` are those that workers do not have."""

    recipe: Recipe
    modules: tuple[ModuleType, ...]

    def planned(self, run: OpenRun, tombstones: str) -> list[PlannedStep]:
        """See `Again.planned`."""
        known = recorded_releases(run, self.recipe.minhash, self.recipe.survival, self.recipe.exact)
        return plan_steps(self.recipe.steps(extent_of(run.source), known), run.source, tombstones)

    def check(self) -> None:
        """See `Again.check`. What was scored at ingest is mended, and needs no model."""
        quality = self.recipe.quality
        models = quality.models if quality and quality.after == "deduplication" else ()
        check_parts(self.recipe.minhash, *self.recipe.transforms, *models, self.recipe.tokens)

    def runner(self, run: OpenRun, planned: Sequence[PlannedStep], means: Means) -> Runner:
        """See `Again.runner`."""
        self.check()
        return make_runner(
            run.storage.location,
            run.source,
            [step.payload for step in planned],
            modules=self.modules,
            part_bytes=memory_ceiling(self.recipe, 1),
            workers=means.workers,
            ray=means.ray,
            local=means.local,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class OfRows:
    """A deduplication of rows; its input is read again."""

    how: HowToDedup

    def planned(self, run: OpenRun, tombstones: str) -> list[PlannedStep]:
        """See `Again.planned`."""
        known = recorded_releases(run, self.how.minhash, self.how.survival, self.how.exact)
        looked = run.step("rows")
        assert looked is not None  # noqa: S101  for the type checker: it is a deduplication of rows
        extent = Extent(documents=_rows_planned(run), files=len(run.source.parts))
        steps = graph(
            self.how, extent, span=looked.span, source=run.record.source, against=known, barring=bool(tombstones)
        )
        return plan_steps(steps, run.source, tombstones)

    def check(self) -> None:
        """See `Again.check`."""
        if self.how.minhash:
            self.how.minhash.check()

    def runner(self, run: OpenRun, planned: Sequence[PlannedStep], means: Means) -> Runner:
        """See `Again.runner`."""
        self.check()
        workers = 1 if means.local else means.workers
        return rows_runner(self.how, run.storage, run.source, planned, workers=workers, ray=means.ray)


def _rows_planned(run: OpenRun) -> int:
    """How many rows a deduplication was planned for: those of Parquet, and about as many as lines may have."""
    tables = [read_table(run.storage, receipt, "counted") for receipt in run.receipts("rows").values()]
    counted = [rows for table in tables for rows in table["rows"].to_pylist()]
    pieces = [piece_of(part) for part in run.source.parts]
    parquet = sum(rows for piece, rows in zip(pieces, counted, strict=True) if piece.is_parquet)
    return parquet + sum(piece.bytes for piece in pieces if not piece.is_parquet) // BYTES_A_LINE


def _of_rows(run: OpenRun) -> OfRows:
    """The deduplication that a run's record tells of; RecipeError where this version does not know what it says."""
    rules = recorded_rules(run)
    return OfRows(
        how=HowToDedup(
            minhash=rules.minhash,
            survival=rules.survival,
            exact=rules.exact,
            columns=run.columns or RowColumns(),
            scale=Scale(memory=run.record.memory or MEMORY),
            lines=bool(run.record.payload["rows"]["stage"].get("lines", False)),
        )
    )


def _of_recipe(run: OpenRun, name: str) -> OfRecipe:
    recipe, modules = load_recipe(name)
    if run.columns:
        recipe = replace(recipe, columns=run.columns)
    if run.record.memory is not None:
        recipe = replace(recipe, scale=Scale(memory=run.record.memory))
    return OfRecipe(recipe=recipe, modules=modules)


def found_again(run: OpenRun, named: Sequence[str], before: str) -> Again:
    """What a run did: by the first of the `named` recipes whose steps are its steps, or by the one that its record names.

    Raises:
        RecipeError: nothing does now what it did; `before` are the tombstones that the run knew.
    """
    if run.step("rows"):
        again: Again = _of_rows(run)
        refuse_other_steps(run, again.planned(run, before))
        return again
    wrong: RecipeError | None = None
    for name in (*named, run.record.recipe):
        try:
            again = _of_recipe(run, name)
            refuse_other_steps(run, again.planned(run, before))
            return again
        except RecipeError as error:
            wrong = wrong or error
    if named and wrong:
        raise wrong
    raise _unknown(run, wrong) from wrong


def _unknown(run: OpenRun, wrong: RecipeError | None) -> RecipeError:
    """Says how the run's recipe is to be named. A record tells models by their digests, not where they lay."""
    name = run.record.recipe
    of = f"the recipe {name} of the run of {run.source.name}"
    if name in MADE_FOR and any(step.name.startswith((PREFIX, LATE)) for step in run.record.steps):
        return RecipeError(f"{of} is named with its models: --recipe {name}:{MADE_FOR[name][1]}")
    try:
        load_recipe(name)
    except RecipeError:
        return RecipeError(f"{of} is not shipped: name its file with --recipe file.py:function")
    return wrong or RecipeError(f"the run of {run.source.name} cannot be done again")


@dataclass(kw_only=True)
class Rebuilder:
    """Does the runs of a ROOT again as they were; `named` are recipes that a person names, `before` the tombstones of before."""

    named: Sequence[str]
    before: str
    means: Means
    _known: dict[str, Again] = field(default_factory=dict[str, Again])

    @property
    def at_once(self) -> int:
        """See `Rebuilding.at_once`."""
        return 1 if self.means.local else self.means.workers or os.cpu_count() or 1

    def find(self, run: OpenRun, original: OpenRun | None = None) -> Again:
        """What a run did; RecipeError where it cannot be done again."""
        id_ = run.record.id
        if id_ not in self._known:
            self._known[id_] = found_again(original or run, self.named, self.before)
        return self._known[id_]

    def planned(self, run: OpenRun, tombstones: str) -> Sequence[PlannedStep]:
        """See `Rebuilding.planned`."""
        return self.find(run, open_run_of(run.storage, run.record.id)).planned(run, tombstones)

    def execute(self, run: OpenRun, execution: Execution) -> None:
        """See `Rebuilding.execute`."""
        planned = [state.planned for state in execution.states.values()]
        if all(state.sealed for state in execution.states.values()):
            return
        runner = self.find(run).runner(run, planned, self.means)
        try:
            execute(execution, runner)
        finally:
            runner.close()

    def build(self, run: OpenRun) -> dict[str, Any]:
        """See `Rebuilding.build`."""
        return build_row_dataset(run) if run.step("rows") else build_dataset(run)
