"""From a recipe's name and some paths to a finished dataset: what `curate`, `plan` and `demo` share."""

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any

from dedup.releases import Release
from dedup.scale import Scale
from jobs.against import find_releases, records_of, releases_of
from jobs.estimate import extent_of, memory_ceiling
from jobs.executing import execute
from jobs.memory import last_of, told_of
from jobs.named_recipes import load_recipe
from jobs.recipe import Recipe
from jobs.terminal import notice
from pipeline.annotations.annotation import Annotation
from pipeline.annotations.side_table import plan_side
from pipeline.assets import assets_of
from pipeline.dataset import build_dataset
from pipeline.environment import CHECKOUT, engines_of
from pipeline.errors import InputError, RecipeError
from pipeline.execution import Execution, Runner
from pipeline.local_runner import LocalRunner
from pipeline.rows.columns import RowColumns
from pipeline.runs import OpenRun, ReleaseRecord, RunRecord, open_run, record_run
from pipeline.sources import Source, find_source, save_source
from pipeline.steps import PlannedStep, plan_steps
from pipeline.storage import Storage, open_storage
from pipeline.takedown.tombstones import load_tombstones, refuse_unfinished, stones_known

INSIDE_JOB = "RAY_JOB_CONFIG_JSON_ENV_VAR"  # set for what `ray job submit` runs


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A run that could start: everything that may be wrong with a command has been checked.

    `memory` is that of a task where somebody has named it, now or for the last run; `again` says what comes of it.
    """

    recipe: Recipe
    modules: tuple[ModuleType, ...]
    storage: Storage
    source: Source
    steps: list[PlannedStep]
    against: tuple[Release, ...] = ()
    releases: tuple[ReleaseRecord, ...] = ()
    memory: int | None = None
    again: str = ""


def prepare(
    recipe: str | tuple[Recipe, tuple[ModuleType, ...]],
    inputs: Sequence[str] | None,
    output: str,
    *,
    source: str | None = None,
    limit: int | None = None,
    columns: RowColumns | None = None,
    against: Sequence[str] | None = None,
    memory: int | None = None,
) -> Prepared:
    """Resolves recipe, input and steps; `columns` stands in for the recipe's. `against` names finished runs.

    `recipe` is a name, or a recipe with the modules that workers do not have. `memory` is that of a task, in bytes; else what was
    named for ROOT's last run by this recipe, else the recipe's. Without `inputs` the last run's recorded ones; they may be gone.

    Raises:
        RecipeError, InputError: what is wrong, before anything has started.
    """
    made, modules = load_recipe(recipe) if isinstance(recipe, str) else recipe
    storage = open_storage(output)
    storage.names("runs")  # so that a ROOT nobody can reach is noticed before the input is looked at
    files, columns = _files(inputs or (), storage, source, limit, columns)
    before, usual, named = last_of(storage, made.name), made.scale, memory is not None
    memory = memory if named else before and before.memory
    made = replace(made, columns=columns or made.columns, scale=usual if memory is None else Scale(memory=memory))
    earlier = find_releases(against or (), storage, files.name)
    known = releases_of(earlier, made.minhash, made.survival, made.exact)
    steps = plan_steps(made.steps(extent_of(files), known), files, barred_in(storage))
    return Prepared(
        recipe=made,
        modules=modules,
        storage=storage,
        source=files,
        steps=steps,
        against=known,
        releases=records_of(earlier),
        memory=memory,
        again=told_of(before, files.name, steps, made.scale, usual, named=named),
    )


def _files(
    inputs: Sequence[str], storage: Storage, name: str | None, limit: int | None, columns: RowColumns | None
) -> tuple[Source, RowColumns | None]:
    """The files of a run, and the columns of their rows that it or the last run names."""
    if limit is not None and limit < 1:
        raise RecipeError(f"--limit {limit}: give a number of files, at least 1")
    if inputs:
        return find_source(inputs, name=name, limit=limit), columns
    last = _recorded(storage)
    return last.source, columns or last.columns


def barred_in(storage: Storage) -> str:
    """The digest of what was taken down from ROOT, empty where nothing was; StorageError while a takedown is not finished."""
    refuse_unfinished(storage)
    known = load_tombstones(storage)
    return known.digest if known else ""


def refuse_stale(storage: Storage, steps: Sequence[PlannedStep]) -> None:
    """StorageError where a takedown has begun since the steps were planned: they, or what they made, may have its pages."""
    for tombstones in {step.tombstones for step in steps}:
        stones_known(storage, tombstones)


def has_run(output: str) -> bool:
    """Whether a run was ever started at this ROOT."""
    return bool(open_storage(output).names("runs"))


def row_columns(text: str | None, id_: str | None, url: str | None, date: str | None) -> RowColumns | None:
    """The columns that a command names, or None where it names none."""
    named = RowColumns(text=text, id=id_, url=url, date=date)
    return None if named == RowColumns() else named


def _recorded(storage: Storage) -> OpenRun:
    if not storage.names("runs"):
        raise InputError(f"{storage.location}: no earlier run to take the input from; name it with --input")
    return open_run(storage)


def check_parts(*parts: Any) -> None:
    """Finds and verifies every declared file, and lets each part say what does not fit, before a worker starts."""
    for asset in assets_of(parts):
        asset.path()
    for part in parts:
        check = getattr(part, "check", None)
        if check is not None:
            check()


def make_runner(
    root: str,
    source: Source,
    payloads: Sequence[Any],
    *,
    modules: Sequence[ModuleType],
    part_bytes: int,
    workers: int | None,
    ray: str | None,
    local: bool,
) -> Runner:
    """In this process for `--local`, else Ray: a cluster's, or one started here, for parts that take up to `part_bytes`.

    `modules` travel with each part, and workers must have the engines that the steps' `payloads` name.
    """
    if local:
        if ray or (workers or 1) > 1:
            raise RecipeError("--local runs in this process: it takes neither --ray nor more than one worker")
        return LocalRunner()
    _check_places(root, source, ray)
    from pipeline.ray_runner import RayRunner

    return RayRunner(
        workers=workers,
        address=ray,
        by_value=modules,
        part_bytes=part_bytes,
        engines=sorted(engines_of(list(payloads))),
        say=notice,
    )


def _check_places(root: str, source: Source, ray: str | None) -> None:
    """Refuses a ROOT that would go with the job, and says what a cluster must share."""
    inside_job = INSIDE_JOB in os.environ
    if inside_job and "://" not in root and Path(root).is_relative_to(CHECKOUT):
        raise RecipeError(
            f"--output {root} is inside the working directory that was uploaded with this job and is removed after it; "
            "name an absolute path that all nodes share, or s3://bucket/prefix"
        )
    if inside_job and not ray:
        notice("this job runs on one node of the cluster; give --ray auto to use all of them")
    places = {"the input": source.parts[0].location, "ROOT": root}
    local = [what for what, place in places.items() if "://" not in place]
    if ray and local:
        notice(f"{' and '.join(local)} {'is' if len(local) == 1 else 'are'} on a local path: every node must see it")


def run(
    prepared: Prepared, *, workers: int | None = None, ray: str | None = None, local: bool = False
) -> dict[str, Any]:
    """Runs what is missing, builds the dataset folder, and returns its manifest (with `run_seconds`).

    Raises:
        PartsFailed: some parts failed; all others are done.
        KeyboardInterrupt: after everything in flight was stopped.
    """
    recipe = prepared.recipe
    models = recipe.quality.models if recipe.quality else ()
    check_parts(*recipe.ingest, *recipe.measures, *models, recipe.minhash, *recipe.transforms, recipe.tokens)
    began = time.monotonic()
    save_source(prepared.storage, prepared.source)  # a ROOT that may not be written is noticed before Ray has started
    runner = make_runner(
        prepared.storage.location,
        prepared.source,
        [step.payload for step in prepared.steps],
        modules=prepared.modules,
        part_bytes=memory_ceiling(recipe, 1),
        workers=workers,
        ray=ray,
        local=local,
    )
    try:  # what cannot start leaves no record, of which `status` would speak as of the last run
        refuse_stale(prepared.storage, prepared.steps)
        record = _record(prepared)
        facts = {"provenance": record.provenance}
        for annotation in recipe.annotations:
            sort_side(prepared.storage, annotation, runner, facts)
        execute(Execution(prepared.storage, prepared.source, prepared.steps, facts), runner)
    finally:
        runner.close()
    refuse_stale(prepared.storage, prepared.steps)
    manifest = build_dataset(OpenRun(prepared.storage, record))
    return manifest | {"run_seconds": round(time.monotonic() - began, 1)}


def _record(prepared: Prepared) -> RunRecord:
    return record_run(
        prepared.storage,
        recipe=prepared.recipe.name,
        rules=prepared.recipe.all_rules,
        source=prepared.source,
        steps=prepared.steps,
        releases=prepared.releases,
        memory=prepared.memory,
    )


def sort_side(storage: Storage, annotation: Annotation, runner: Runner, facts: dict[str, Any]) -> None:
    """Makes the table that an annotation is joined from, unless it is there; only then the annotation's file is needed."""
    source, planned = plan_side(annotation)
    side = Execution(storage, source, [planned], facts)
    if not side.states[planned.step.name].sealed:
        execute(side, runner)
