"""From a recipe's name and some paths to a finished dataset: what `curate`, `plan` and `demo` share."""

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from jobs.estimate import memory_ceiling
from jobs.recipe import SHIPPED, Recipe, load_recipe
from jobs.terminal import notice, progress
from pipeline.assets import assets_of
from pipeline.dataset import build_dataset
from pipeline.environment import CHECKOUT, engines_of
from pipeline.errors import InputError, PartsFailed, RecipeError
from pipeline.execution import Execution, Runner
from pipeline.local_runner import LocalRunner
from pipeline.runs import OpenRun, open_run, record_run
from pipeline.sources import Source, find_source
from pipeline.steps import PlannedStep, plan_steps
from pipeline.storage import Storage, open_storage

INSIDE_JOB = "RAY_JOB_CONFIG_JSON_ENV_VAR"  # set for what `ray job submit` runs


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A run that could start: everything that may be wrong with a command has been checked."""

    recipe: Recipe
    module: ModuleType
    shipped: bool
    storage: Storage
    source: Source
    steps: list[PlannedStep]


def prepare(
    recipe: str, inputs: Sequence[str], output: str, *, source: str | None = None, limit: int | None = None
) -> Prepared:
    """Resolves recipe, input and steps.

    Without `inputs` the files of ROOT's last run are taken as they were recorded: they need not exist any more for what
    only reads stored text.

    Raises:
        RecipeError, InputError: what is wrong, before anything has started.
    """
    if limit is not None and limit < 1:
        raise RecipeError(f"--limit {limit}: give a number of files, at least 1")
    made, module = load_recipe(recipe)
    storage = open_storage(output)
    files = find_source(inputs, name=source, limit=limit) if inputs else _recorded(storage)
    return Prepared(
        recipe=made,
        module=module,
        shipped=recipe in SHIPPED,
        storage=storage,
        source=files,
        steps=plan_steps(made.steps(), files),
    )


def _recorded(storage: Storage) -> Source:
    if not storage.names("runs"):
        raise InputError(f"{storage.location}: no earlier run to take the input from; name it with --input")
    return open_run(storage).source


def check_assets(recipe: Recipe) -> None:
    """Finds and verifies every declared file, and lets each part say what does not fit, before a worker starts."""
    for asset in assets_of(recipe):
        asset.path()
    for item in (*recipe.ingest, *recipe.measures, *recipe.transforms, recipe.tokens):
        check = getattr(item, "check", None)
        if check is not None:
            check()


def make_runner(prepared: Prepared, *, workers: int | None, ray: str | None, local: bool) -> Runner:
    """In this process for `--local`, else Ray: a cluster's, or one started here."""
    if local:
        if ray or (workers or 1) > 1:
            raise RecipeError("--local runs in this process: it takes neither --ray nor more than one worker")
        return LocalRunner()
    _check_places(prepared, ray)
    from pipeline.ray_runner import RayRunner

    return RayRunner(
        workers=workers,
        address=ray,
        by_value=() if prepared.shipped else (prepared.module,),
        part_bytes=memory_ceiling(prepared.recipe, 1),
        engines=sorted(engines_of([step.payload for step in prepared.steps])),
        say=notice,
    )


def _check_places(prepared: Prepared, ray: str | None) -> None:
    """Refuses a ROOT that would go with the job, and says what a cluster must share."""
    root = prepared.storage.location
    inside_job = INSIDE_JOB in os.environ
    if inside_job and "://" not in root and Path(root).is_relative_to(CHECKOUT):
        raise RecipeError(
            f"--output {root} is inside the working directory that was uploaded with this job and is removed after it; "
            "name an absolute path that all nodes share, or s3://bucket/prefix"
        )
    if inside_job and not ray:
        notice("this job runs on one node of the cluster; give --ray auto to use all of them")
    local = [place for place in (root, prepared.source.parts[0].location) if "://" not in place]
    if ray and local:
        notice(f"{' and '.join(local)}: local path(s), which every node must see")


def run(
    prepared: Prepared, *, workers: int | None = None, ray: str | None = None, local: bool = False
) -> dict[str, Any]:
    """Runs what is missing, builds the dataset folder, and returns its manifest (with `run_seconds`).

    Raises:
        PartsFailed: some parts failed; all others are done.
        KeyboardInterrupt: after everything in flight was stopped.
    """
    check_assets(prepared.recipe)
    began = time.monotonic()
    runner = make_runner(prepared, workers=workers, ray=ray, local=local)
    try:  # what cannot start leaves no record, of which `status` would speak as of the last run
        record = record_run(
            prepared.storage,
            recipe=prepared.recipe.name,
            rules=prepared.recipe.rules,
            source=prepared.source,
            steps=prepared.steps,
        )
        execution = Execution(prepared.storage, prepared.source, prepared.steps, {"provenance": record.provenance})
        _execute(execution, runner)
    finally:
        runner.close()
    manifest = build_dataset(OpenRun(prepared.storage, record))
    return manifest | {"run_seconds": round(time.monotonic() - began, 1)}


def _execute(execution: Execution, runner: Runner) -> None:
    bars = progress()
    try:
        execution.run(runner, bars)
    except KeyboardInterrupt:
        bars.close()
        notice(_interrupted(execution))
        raise
    except PartsFailed:
        bars.close()
        _tell_traces(execution)
        raise
    finally:
        bars.close()


def _interrupted(execution: Execution) -> str:
    done = [
        f"{state.name} {len(state.receipts)}/{len(state.planned.parts)}"
        for state in execution.states.values()
        if state.planned.parts
    ]
    return "stopped; done so far: " + ", ".join(done) + ". Run the same command again to do the rest."


def _tell_traces(execution: Execution) -> None:
    for state in execution.states.values():
        for failure in state.failures:
            if failure.trace:
                notice(failure.trace)
