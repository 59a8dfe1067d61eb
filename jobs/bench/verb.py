"""`gristmill bench`: the figures of the README, side by side with the peers in one run."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import orjson
import typer

from jobs.bench.settings import DATA_JUICER, DEDUPERS, PEERS, TOOLKITS, Settings, real_crawl
from jobs.options import Json
from jobs.terminal import UNFINISHED, emit_json, fail, notice, out
from pipeline.errors import GristmillError, InputError, RecipeError

if TYPE_CHECKING:
    from typing import Any

What = Annotated[
    str,
    typer.Argument(
        metavar="WHAT", help="What to measure: fineweb, dedup, driver, extract, measures, score, lru, or toolkits."
    ),
]
Archives = Annotated[
    Path | None,
    typer.Option(
        "--input",
        "-i",
        metavar="PATH",
        help="A folder of gzip WARC files, or one; for measures, score and toolkits also a finished run.",
        show_default="the corpus of real pages",
    ),
]
Corpus = Annotated[
    Path | None,
    typer.Option(
        "--corpus",
        metavar="FOLDER",
        help="For extract: a folder of archives with a gold.jsonl.",
        show_default="the corpus of real pages",
    ),
]
Folder = Annotated[
    Path, typer.Option("--output", "-o", metavar="FOLDER", help="Where the crawl, the runs and the results go.")
]
Pages = Annotated[
    int, typer.Option("--pages", min=1, help="Pages at least, the archives are repeated to that; for extract at most.")
]
Files = Annotated[
    int | None,
    typer.Option("--files", min=1, help="Archives to make.", show_default="two for each worker; 90,000 for driver"),
]
BenchWorkers = Annotated[int, typer.Option("--workers", metavar="N", min=1, help="Workers of each system.")]
Peers = Annotated[Path, typer.Option("--peers", metavar="PYTHON", help="The Python that has datatrove (make peers).")]
Toolkits = Annotated[
    Path,
    typer.Option(
        "--toolkits", metavar="PYTHON", help="For toolkits: the Python that has dolma and NeMo Curator (make toolkits)."
    ),
]
Disagree = Annotated[
    bool, typer.Option("--disagree", help="For toolkits: also count what one drops and another keeps.")
]
Documents = Annotated[int, typer.Option("--documents", metavar="N", min=1_000, help="For dedup: documents to make.")]
Words = Annotated[int, typer.Option("--words", metavar="W", min=20, help="For dedup: words of each, on average.")]
Signatures = Annotated[
    int | None,
    typer.Option(
        "--signatures",
        metavar="N",
        min=1_000,
        help="For dedup: make no text, but signatures of N documents, and measure the later steps.",
    ),
]
Systems = Annotated[
    list[str] | None,
    typer.Option(
        "--system", metavar="NAME", help="For dedup and score: run this system; repeatable.", show_default="all"
    ),
]
Dedupers = Annotated[
    Path,
    typer.Option(
        "--dedupers", metavar="PYTHON", help="For dedup: the Python that has daft and text-dedup (make dedupers)."
    ),
]
Model = Annotated[
    Path | None,
    typer.Option(
        "--model",
        metavar="FOLDER",
        help="For score: an encoder with a head.",
        show_default="one made here, on a GPU as large as BERT-base",
    ),
]
OursOnly = Annotated[bool, typer.Option("--ours-only", help="Leave the peers out.")]
Also = Annotated[
    list[str] | None, typer.Option("--also", metavar="RECIPE", help="Measure this recipe besides fineweb; repeatable.")
]
Runs = Annotated[int, typer.Option("--runs", min=1, help="Times to measure; the median counts.")]


def bench(  # noqa: PLR0913, PLR0917  a verb's options are its parameters
    what: What = "fineweb",
    input_: Archives = None,
    corpus: Corpus = None,
    output: Folder = Path("bench"),
    pages: Pages = 10_000,
    files: Files = None,
    workers: BenchWorkers = 2,
    peers: Peers = PEERS,
    toolkits: Toolkits = TOOLKITS,
    disagree: Disagree = False,
    documents: Documents = 100_000,
    words: Words = 200,
    signatures: Signatures = None,
    system: Systems = None,
    dedupers: Dedupers = DEDUPERS,
    model: Model = None,
    ours_only: OursOnly = False,
    also: Also = None,
    runs: Runs = 1,
    json: Json = False,
) -> None:
    """Measure pages per second, memory and where the time goes, beside the peers on the same archives; or what extractors find.

    The result is printed and written to FOLDER as JSON and as a table in Markdown. Nothing else should run meanwhile: 10,000 pages take some minutes for ours and four times that for datatrove.

    Example: gristmill bench fineweb --pages 10000 --workers 2
    """  # noqa: E501  a paragraph of help
    from jobs.bench.registry import BENCHMARKS

    try:
        if what not in BENCHMARKS:
            raise RecipeError(f"no benchmark {what!r}: there are {', '.join(BENCHMARKS)}")
        benchmark = BENCHMARKS[what]
        if benchmark.has_peers and not ours_only and not peers.is_file():
            raise InputError(f"{peers}: no such Python; make it with `make peers`, or measure with --ours-only")
        _refuse_misplaced(what, input_, corpus, disagree=disagree)
        settings = Settings(
            input=input_ or real_crawl(),
            pages=pages,
            files=files,
            workers=workers,
            peers=None if ours_only else peers.absolute(),
            runs=runs,
            also=tuple(also or ()),
            output=output,
            corpus=corpus,
            toolkits=None if ours_only else toolkits.absolute(),
            disagree=disagree,
            documents=documents,
            words=words,
            signatures=signatures,
            systems=tuple(system or ()),
            dedupers=None if ours_only else dedupers.absolute(),
            data_juicer=None if ours_only else DATA_JUICER,
            model=model,
        )
        result = benchmark.measure(settings)
        _write(output, what, result, benchmark.markdown(result))
    except GristmillError as error:
        fail(error)
    except KeyboardInterrupt:
        notice("stopped; a benchmark starts anew each time")
        raise typer.Exit(UNFINISHED) from None
    if json:
        emit_json(result)
        return
    for table in benchmark.tables(result):
        out.print(table)
    out.print(f"written to {output}/{what}.json and {output}/{what}.md")


def _refuse_misplaced(what: str, input_: Path | None, corpus: Path | None, *, disagree: bool) -> None:
    if corpus is not None and what != "extract":
        raise RecipeError(f"--corpus is for extract; {what} takes its archives by --input")
    if disagree and what != "toolkits":
        raise RecipeError(f"--disagree is for toolkits, not for {what}")
    for place in (input_, corpus):
        if place is not None and not place.exists():
            raise InputError(f"{place}: no such file or folder")


def _write(folder: Path, what: str, result: "dict[str, Any]", table: str) -> None:
    try:
        (folder / f"{what}.json").write_bytes(orjson.dumps(result, option=orjson.OPT_INDENT_2))
        (folder / f"{what}.md").write_text(table, encoding="utf-8")
    except OSError as error:
        raise InputError(f"{folder}: {error.strerror}") from error
