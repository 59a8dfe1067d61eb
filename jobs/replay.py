"""`gristmill replay`: the poison pages of a run once more, under other limits."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, replace
from itertools import islice
from typing import TYPE_CHECKING, Annotated, Any

import orjson
import typer
from rich.table import Table

from jobs.options import Json, RecipeFile, Root
from jobs.terminal import UNFINISHED, emit_json, fail, notice, one_line, out, run_verb
from pipeline.errors import GristmillError, RecipeError
from pipeline.sizes import bytes_text

if TYPE_CHECKING:
    from pipeline.ingest import Item
    from pipeline.inspection.second_try import SecondTry
    from pipeline.runs import OpenRun
    from pipeline.sandbox import Limits

MB = 1_000_000

MaxChars = Annotated[
    int | None,
    typer.Option("--max-chars", metavar="N", help="Characters of HTML a page may have.", show_default="the run's"),
]
Memory = Annotated[
    int | None,
    typer.Option("--memory", metavar="MB", help="Memory the extractor may take, in MB.", show_default="the run's"),
]
Cpu = Annotated[
    float | None,
    typer.Option("--cpu", metavar="SECONDS", help="CPU time a page may take.", show_default="the run's"),
]
Wall = Annotated[
    float | None,
    typer.Option("--wall", metavar="SECONDS", help="Wall-clock time a page may take.", show_default="the run's"),
]
AnyStructure = Annotated[
    bool,
    typer.Option("--any-structure", help="Lift the bounds on tags, depth, attributes and spanned cells."),
]
Reason = Annotated[
    list[str] | None,
    typer.Option("--reason", metavar="REASON", help="Only pages stopped for this, as over_cpu. Repeat for more."),
]
Pages = Annotated[int, typer.Option("--pages", metavar="N", min=1, help="Try at most the first N pages.")]
Save = Annotated[
    str | None,
    typer.Option("--save", metavar="FILE", help="Write the texts that came out as JSON lines, an input for `curate`."),
]


def replay(  # noqa: PLR0913, PLR0917  a verb's options are its parameters
    root: Root,
    max_chars: MaxChars = None,
    memory: Memory = None,
    cpu: Cpu = None,
    wall: Wall = None,
    any_structure: AnyStructure = False,
    reason: Reason = None,
    pages: Pages = 1_000,
    save: Save = None,
    recipe: RecipeFile = None,
    json: Json = False,
) -> None:
    """Run the pages again that a limit stopped or that broke the extractor, under other limits, and say what comes out.

    Nothing in ROOT changes. Near-duplicates are not looked for. Without a limit the run's own are taken: does it happen again?

    Example: gristmill replay out --cpu 60 --memory 4000
    """
    from pipeline.inspection.second_try import poison_pages, try_again
    from pipeline.runs import open_run
    from pipeline.storage import open_storage
    from pipeline.structure import Structure

    asked = {
        "max_html_chars": max_chars,
        "memory_bytes": memory and memory * MB,
        "cpu_seconds": cpu,
        "wall_seconds": wall,
        "structure": Structure.lifted() if any_structure else None,
    }
    try:
        run = open_run(open_storage(root))
        first, limits = _asked(run, asked, reason or [], recipe)
        tries = [
            each if save else replace(each, text=None)
            for each in (try_again(run, page, first, limits) for page in islice(poison_pages(run, reason or []), pages))
        ]
        if save:
            _save(run, tries, save)
    except GristmillError as error:
        fail(error)
    except KeyboardInterrupt:
        raise typer.Exit(UNFINISHED) from None
    if json:
        emit_json({"run": run.record.id, "limits": _readable(limits), "pages": [each.as_json() for each in tries]})
        return
    _print(limits, tries)


def _asked(
    run: "OpenRun", asked: dict[str, Any], reasons: Sequence[str], recipe: str | None
) -> "tuple[tuple[Item, ...], Limits]":
    """What the pages go through, and the limits; RecipeError for what cannot be asked for."""
    from jobs.looking.parts import first_steps
    from jobs.named_recipes import load_recipe
    from pipeline.quarantine import REASONS

    if unknown := [reason for reason in reasons if reason not in REASONS]:
        raise RecipeError(f"--reason {unknown[0]}: no poison page is stopped for that, but for {', '.join(REASONS)}")
    first = first_steps(run, load_recipe(recipe)[0] if recipe else None)
    for name in first.changed:
        notice(f"{name} has another version or engine now than in the run")
    try:
        limits = replace(first.limits, **{name: value for name, value in asked.items() if value is not None})
    except ValueError as error:
        raise RecipeError(str(error)) from error
    return first.items, limits


def _save(run: "OpenRun", tries: "Sequence[SecondTry]", place: str) -> None:
    """Writes what `curate` reads as rows: text, id, url, dump and file."""
    from pipeline.pack import dump_of

    rows = [
        {
            "text": each.text,
            "id": each.record_id,
            "url": each.url,
            "date": each.date,
            "dump": dump_of(each.file, run.source.name),
            "file_path": each.file,
        }
        for each in tries
        if each.text is not None
    ]
    try:
        with open(place, "wb") as file:  # noqa: PTH123  the person's own file
            file.write(b"".join(orjson.dumps(row) + b"\n" for row in rows))
    except OSError as error:
        raise RecipeError(f"--save {place}: {error.strerror}") from error
    notice(f"{len(rows):,} texts in {place}")


def _readable(limits: "Limits") -> dict[str, Any]:
    return asdict(limits)


def _print(limits: "Limits", tries: "Sequence[SecondTry]") -> None:
    if not tries:
        out.print("no page was stopped by a limit or broke the extractor")
        return
    table = Table(title="Poison pages, tried again", title_justify="left")
    for name in ("url", "was", "now"):
        table.add_column(name, overflow="fold")
    for name in ("characters", "memory", "seconds"):
        table.add_column(name, justify="right")
    for each in tries:
        now = "kept" if each.verdict == "keep" else f"{each.verdict}: {each.reason}"
        chars = "-" if each.text_chars is None else f"{each.text_chars:,}"
        peak = bytes_text(each.peak_bytes) if each.peak_bytes else "-"
        style = "green" if each.verdict == "keep" else "red" if each.verdict == "fail" else None
        table.add_row(one_line(each.url), each.was, now, chars, peak, f"{each.seconds:.1f}", style=style)
    out.print(table)
    out.print(
        f"up to {limits.max_html_chars:,} characters, {bytes_text(limits.memory_bytes)}, {limits.cpu_seconds:g} s of CPU time, "
        f"{limits.wall_seconds:g} s"
    )
    told = Counter(each.verdict for each in tries)
    out.print(
        f"{len(tries):,} pages: {told['keep']:,} would be kept, {told['drop']:,} dropped, {told['fail']:,} fail again"
    )


if __name__ == "__main__":
    run_verb(replay)
