"""`gristmill takedown`: pages leave a run for good."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from jobs.options import Json, Local, RayAddress, Root, Workers
from jobs.terminal import UNFINISHED, emit_json, fail, notice, one_line, out, run_verb
from pipeline.errors import GristmillError, RecipeError

if TYPE_CHECKING:
    from pipeline.takedown.listing import Listing

Urls = Annotated[
    str | None,
    typer.Option(
        "--urls",
        metavar="FILE",
        help="The list: an address (url:ADDRESS without ://), domain:NAME (with all below it), record id or row:FILE#ROW a line; "
        "# begins a comment. "
        "Without it, a takedown that was interrupted is completed.",
        show_default=False,
    ),
]
Scope = Annotated[
    str, typer.Option("--scope", metavar="page|cluster", help="The pages alone, or all copies of their text with them.")
]
Recipes = Annotated[
    list[str] | None,
    typer.Option(
        "--recipe",
        metavar="RECIPE",
        help="The recipe by which the last run, or one that it is compared with, was made: one of your own, file.py:function, or "
        "one with models, dclm:MODEL. Repeat for more.",
        show_default="the runs' records",
    ),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would go; change nothing.")]


def takedown(  # noqa: PLR0913, PLR0917  a verb's options are its parameters
    root: Root,
    urls: Urls = None,
    scope: Scope = "page",
    dry_run: DryRun = False,
    recipe: Recipes = None,
    workers: Workers = None,
    ray: RayAddress = None,
    local: Local = False,
    json: Json = False,
) -> None:
    """Remove pages and every trace of them for good: no later run here, and no release, has them again.

    Only shards that held such a page, or a duplicate of one, change. Exit code 1 if something listed was nowhere; it is
    barred all the same.

    Example: gristmill takedown out --urls list.txt --scope cluster
    """
    from jobs.rebuilding import Means
    from jobs.taking_down import complete_interrupted, take_down
    from pipeline.storage import open_storage

    means = Means(workers=workers, ray=ray, local=local)
    try:
        listing = _asked(urls, scope, dry_run)
        storage = open_storage(root)
        told = None if dry_run else complete_interrupted(storage, recipe or [], means)
        if listing and not (told and _is_of(told, listing, scope)):
            told = take_down(storage, listing, scope, recipe or [], means, dry_run=dry_run)
    except GristmillError as error:
        fail(error)
    except KeyboardInterrupt:
        notice("stopped; run the same command again to complete it")
        raise typer.Exit(UNFINISHED) from None
    if json:
        emit_json(told or {})
    else:
        _print(told, dry_run)
    if told and told["unknown"]:
        raise typer.Exit(UNFINISHED)


def _asked(urls: str | None, scope: str, dry_run: bool) -> "Listing | None":
    """The list, if one is given; RecipeError for what cannot be asked."""
    from pipeline.takedown.listing import read_list
    from pipeline.takedown.survey import SCOPES

    if scope not in SCOPES:
        raise RecipeError(f"--scope {scope}: it is {' or '.join(SCOPES)}")
    if dry_run and urls is None:
        raise RecipeError("--dry-run: name a list with --urls")
    return read_list(urls) if urls else None


def _is_of(record: dict[str, Any], listing: "Listing", scope: str) -> bool:
    """Whether a record is that of this very list and scope."""
    return record["scope"] == scope and record["list"]["sha256"] == listing.sha256


def _print(told: dict[str, Any] | None, dry_run: bool) -> None:
    if told is None:
        out.print("nothing to complete: name what is to be taken down with --urls")
        return
    for entry in told.get("unknown_entries", ()):
        out.print(f"nowhere in this run{'' if dry_run else ', and barred from now on'}: {entry}", style="yellow")
    for entry in told.get("taken_down_before", ()):
        out.print(f"taken down before: {entry}")
    told_of = f"{told['records']:,} records ({told['copies']:,} of them copies), {told['documents']:,} with text"
    for part in told["parts"]:
        out.print(f"  {part['records']:>6,} records  {one_line(part['file'])}")
    if "id" not in told:
        touched = told["shards"]["touched"]
        out.print(f"{'would go' if dry_run else 'nothing new to take down'}: {told_of}")
        out.print(f"{len(touched)} of {told['shards']['of']} shards hold some of them")
        return
    shards = told["shards"]
    out.print(f"gone: {told_of}; {told['kept']:,} documents stay", style="bold")
    out.print(
        f"{len(shards['rewritten'])} shards are new, {shards['same']} are as they were; {told['deleted_files']:,} files deleted; "
        f"the record is takedowns/{told['id']}.json"
    )


if __name__ == "__main__":
    run_verb(takedown)
