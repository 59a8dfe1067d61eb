"""`gristmill annotate`: columns from a file joined to the documents of a finished run."""

import re
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Annotated

import typer

from jobs.options import Json, Local, RayAddress, Root, Workers
from jobs.tables import share
from jobs.terminal import UNFINISHED, emit_json, fail, notice, out, run_verb
from pipeline.errors import GristmillError

if TYPE_CHECKING:
    from pipeline.annotations.annotation import Annotation

With = Annotated[
    str, typer.Option("--with", metavar="FILE", help="Parquet, JSONL (also .gz or .zst) or CSV with the columns.")
]
On = Annotated[str, typer.Option("--on", metavar="id|url", help="What both sides have: FILE's column of this name.")]
Columns = Annotated[
    str | None,
    typer.Option("--columns", metavar="A,B", help="FILE's columns to join.", show_default="all but the key"),
]
Name = Annotated[
    str | None, typer.Option("--name", metavar="NAME", help="What to call the annotation.", show_default="FILE's name")
]


def annotate(  # noqa: PLR0913, PLR0917  a verb's options are its parameters
    root: Root,
    with_: With,
    on: On,
    columns: Columns = None,
    name: Name = None,
    workers: Workers = None,
    ray: RayAddress = None,
    local: Local = False,
    json: Json = False,
) -> None:
    """Join columns from elsewhere to the documents of a finished run, by their ids or addresses.

    Documents that FILE does not have get null. FILE is sorted once, in memory of some 650 MB and scratch space of its own size,
    and is not needed again: whether it is the same file is told by its SHA-256.

    Example: gristmill annotate out --with scores.parquet --on url --columns edu_score
    """
    from jobs.extending import add_step
    from pipeline.annotations.annotating import annotate_step
    from pipeline.extension import check_signals, recorded_step
    from pipeline.runs import open_run
    from pipeline.storage import open_storage

    try:
        run = open_run(open_storage(root))
        ingest = recorded_step(run, "ingest").step
        annotation = _declared(with_, on, columns, name)
        step = annotate_step(annotation, ingest)
        check_signals(run, step.name, annotation.signals.names)
        notice(
            f"{annotation.name}: {', '.join(annotation.signals.names)} for the documents of {len(run.source.parts)} files"
        )
        done = add_step(run, step, annotation=annotation, workers=workers, ray=ray, local=local)
    except GristmillError as error:
        fail(error)
    except KeyboardInterrupt:
        raise typer.Exit(UNFINISHED) from None
    rows, matched = done.total("rows"), done.total("matched")
    if json:
        told = {"columns": dict(annotation.columns), "sha256": annotation.sha256, "matched": matched}
        emit_json(done.as_json() | told)
        return
    out.print(f"{matched:,} of {rows:,} documents ({share(matched, rows)}) are in {with_}; done in {done.seconds} s")
    out.print(f"to judge by them, a recipe names among its `annotations`:\n  {annotation}")


def _declared(path: str, on: str, columns: str | None, name: str | None) -> "Annotation":
    """The annotation that the command speaks of; reads FILE once for its digest."""
    from pipeline.annotations.annotation import KEYS, Annotation
    from pipeline.annotations.side_files import sha256_of, side_columns
    from pipeline.errors import RecipeError

    if on not in KEYS:
        raise RecipeError(f"--on {on}: give {' or '.join(KEYS)}")
    wanted = [column.strip() for column in columns.split(",")] if columns else None
    called = name or re.sub(r"[^A-Za-z0-9_-]+", "_", PurePosixPath(path).name.split(".")[0]).strip("_-") or "annotation"
    return Annotation(
        name=called, on=on, columns=side_columns(path, on, wanted), sha256=sha256_of(path), path=_absolute(path)
    )


def _absolute(path: str) -> str:
    """A local path as workers find it, whatever folder they work in."""
    import os

    return path if "://" in path else os.path.abspath(path)  # noqa: PTH100  what a link is called counts


if __name__ == "__main__":
    run_verb(annotate)
