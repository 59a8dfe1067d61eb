"""`gristmill measure`: one more signal for a finished run, from the text it has stored."""

from typing import TYPE_CHECKING, Annotated

import typer

from jobs.options import Json, Local, RayAddress, Root, Workers
from jobs.terminal import UNFINISHED, emit_json, fail, notice, out, run_verb
from pipeline.errors import GristmillError

if TYPE_CHECKING:
    from types import ModuleType

    from pipeline.measures import Measure

Filter = Annotated[
    str,
    typer.Option(
        "--filter",
        metavar="NAME",
        help="A measure: a class, or a function that returns one, as file.py:Mine or filters.line_quality:LineQuality.",
    ),
]


def measure(
    root: Root,
    filter_: Filter,
    workers: Workers = None,
    ray: RayAddress = None,
    local: Local = False,
    json: Json = False,
) -> None:
    """Add a signal to a finished run, from stored text: no archive is read, and no recipe is needed.

    `status` and `why` show it from then on, and a recipe that names the same measure in `measures` finds it done.

    Example: gristmill measure out --filter mine.py:Mine
    """
    from jobs.extending import add_step
    from jobs.running import check_parts
    from pipeline.extension import check_signals, recorded_step
    from pipeline.measuring import measure_step
    from pipeline.runs import open_run
    from pipeline.storage import open_storage

    try:
        run = open_run(open_storage(root))
        made, modules = _load(filter_)
        step = measure_step(made, recorded_step(run, "ingest").step)
        check_signals(run, step.name, made.signals.names)
        check_parts(made)
        notice(f"{made.name}: {', '.join(made.signals.names)} for the documents of {len(run.source.parts)} files")
        done = add_step(run, step, modules, workers=workers, ray=ray, local=local)
    except GristmillError as error:
        fail(error)
    except KeyboardInterrupt:
        raise typer.Exit(UNFINISHED) from None
    if json:
        emit_json(done.as_json() | {"signals": made.signals.names})
        return
    rows, parts = done.total("rows"), len(done.receipts)
    out.print(f"{rows:,} documents measured in {done.seconds} s; {done.reused} of {parts} parts were done before")
    out.print(f"see it with: gristmill why {root} URL; judge by it: a recipe with {made.name} in `measures` and a rule")


def _load(name: str) -> "tuple[Measure, tuple[ModuleType, ...]]":
    """The measure that `name` stands for, and the modules that workers do not have."""
    from jobs.user_file import call, find_named
    from pipeline.errors import RecipeError
    from pipeline.measures import Extractor, Gate, Measure, Transform

    found = find_named(name, "measure")
    made = call(found.value, name, "measure") if callable(found.value) else found.value
    if not isinstance(made, Measure):
        kinds = {Gate: "a gate", Transform: "a transform", Extractor: "an extractor"}
        kind = next((says for kind, says in kinds.items() if isinstance(made, kind)), f"a {type(made).__name__}")
        raise RecipeError(f"measure {name}: it is {kind}, and only a measure can be added to stored text")
    return made, found.modules


if __name__ == "__main__":
    run_verb(measure)
