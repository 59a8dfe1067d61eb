"""`gristmill demo`: a small synthetic crawl, curated; the first thing a newcomer runs."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from jobs.options import Json, Local
from jobs.terminal import UNFINISHED, emit_json, fail, notice, out, run_verb
from pipeline.errors import GristmillError

if TYPE_CHECKING:
    from jobs.synthetic.crawl import Planted

WORTH_ASKING = ("near_duplicate", "many_short_lines", "has_curly_bracket", "over_memory", "soft_banned_words")

Folder = Annotated[Path, typer.Argument(metavar="FOLDER", help="Where the crawl and the run go.")]
Pages = Annotated[int, typer.Option("--pages", min=50, max=100_000, help="How many pages the crawl has.")]
DemoWorkers = Annotated[int, typer.Option("--workers", metavar="N", min=1, help="Parts at a time.")]


def demo(
    folder: Folder = Path("demo"),
    pages: Pages = 300,
    workers: DemoWorkers = 2,
    local: Local = False,
    json: Json = False,
) -> None:
    """Make a small synthetic crawl and curate it.

    The crawl has pages in several languages, near-duplicates, spam, odd charsets, a page that kills the extractor, a
    truncated record and a corrupt gzip member: look at what became of each with `gristmill why`.

    Example: gristmill demo
    """
    from jobs.running import prepare, run
    from jobs.synthetic.crawl import make_crawl
    from jobs.tables import funnel_table
    from pipeline.funnel import Funnel

    try:
        planted = make_crawl(folder / "crawl", pages=pages)
        notice(f"{pages} pages in 4 archives in {folder}/crawl; curating them with the recipe fineweb")
        prepared = prepare("fineweb", [str(folder / "crawl")], str(folder / "out"))
        manifest = run(prepared, workers=None if local else workers, local=local)
    except GristmillError as error:
        fail(error)
    except KeyboardInterrupt:
        raise typer.Exit(UNFINISHED) from None
    if json:
        emit_json(manifest)
        return
    out.print(funnel_table(Funnel(**manifest["funnel"])))
    out.print(f"\nThe dataset is {folder}/out/dataset. Now try:", style="bold")
    out.print(f"  gristmill status {folder}/out")
    for page in _worth_asking(planted):
        out.print(f"  gristmill why {folder}/out '{page.url}'  # {page.expectation}")
    out.print(f"  gristmill verify {folder}/out")
    out.print("  gristmill curate fineweb --input YOUR.warc.gz --output out")


def _worth_asking(planted: "list[Planted]") -> "list[Planted]":
    """A page for each of a few different fates."""
    by_fate = {page.expectation: page for page in planted}
    return [by_fate[fate] for fate in WORTH_ASKING if fate in by_fate]


if __name__ == "__main__":
    run_verb(demo)
