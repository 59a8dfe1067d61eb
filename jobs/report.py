"""`gristmill report`: a run on one self-contained page of HTML."""

from typing import Annotated

import typer
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from jobs.options import Json, Root
from jobs.terminal import emit_json, err, fail, out, run_verb
from pipeline.errors import GristmillError, RecipeError
from pipeline.sizes import bytes_text

NAME = "report.html"

ReportFile = Annotated[
    str | None,
    typer.Option("--output", "-o", metavar="FILE", help="Where the page goes.", show_default=f"ROOT/{NAME}"),
]
Files = Annotated[
    int, typer.Option("--files", metavar="N", min=1, help="Read the rows of at most N input files, chosen by hash.")
]
RecipeFile = Annotated[
    str | None,
    typer.Option(
        "--recipe",
        metavar="RECIPE",
        help="The run's recipe, file.py:function: only to mark what parts of your own saw.",
        show_default="the run's record",
    ),
]


def report(
    root: Root, output: ReportFile = None, files: Files = 16, recipe: RecipeFile = None, json: Json = False
) -> None:
    """Write a page that shows where the records went, by which rules, and pages of each kind with what did it.

    The page is one file without scripts: it can be sent and opened anywhere. Runs that are not finished can be shown too.

    Example: gristmill report out
    """
    from jobs.looking.parts import explainer
    from pipeline.report.page import report as make
    from pipeline.runs import open_run
    from pipeline.storage import open_storage

    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    try:
        run = open_run(open_storage(root))
        with Progress(*columns, console=err, transient=True, disable=not err.is_terminal) as bar:
            task = bar.add_task("")

            def told(what: str, done: int, total: int) -> None:
                bar.update(task, description=f"{what}: {done:,} of {total:,} files")

            page = make(run, explain=explainer(run, recipe), most_files=files, told=told).encode()
        where = _write(page, output or f"{run.storage.location}/{NAME}")
    except GristmillError as error:
        fail(error)
    if json:
        emit_json({"run": run.record.id, "file": where, "bytes": len(page)})
        return
    out.print(f"{where} ({bytes_text(len(page))})")


def _write(page: bytes, place: str) -> str:
    """Writes the page to a local path or an address; where it went."""
    from pipeline.storage import open_storage

    folder, slash, name = place.rpartition("/")
    if not name:
        raise RecipeError(f"--output {place}: name a file, such as {place}{NAME}")
    storage = open_storage(folder or slash or ".")
    storage.put(name, page)
    return f"{storage.location.rstrip('/')}/{name}"


if __name__ == "__main__":
    run_verb(report)
