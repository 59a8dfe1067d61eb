"""Command-line options that several verbs share."""

from typing import Annotated

import typer

RecipeName = Annotated[
    str,
    typer.Argument(
        metavar="RECIPE",
        help="A shipped recipe (see gristmill recipes; fineweb2:por_Latn has a language) or your own, file.py:function.",
    ),
]
Input = Annotated[
    list[str] | None,
    typer.Option(
        "--input",
        "-i",
        metavar="PATH",
        help="WARC, WET or ARC files, or Parquet or JSONL that is already text: a file, glob, folder, s3://, https:// or hf:// "
        "address, or a warc.paths[.gz] list. Repeat for more. Without it, the files of ROOT's last run.",
        show_default=False,
    ),
]
Rows = Annotated[
    list[str],
    typer.Argument(
        metavar="INPUT…", help="Parquet or JSON lines: files, globs, folders, s3://, https:// or hf:// addresses."
    ),
]
Output = Annotated[
    str, typer.Option("--output", "-o", metavar="ROOT", help="Where the run lives: a folder or s3://bucket/prefix.")
]
SourceName = Annotated[
    str | None,
    typer.Option("--source", metavar="NAME", help="What to call this list of files.", show_default="the crawl's name"),
]
Limit = Annotated[
    int | None, typer.Option("--limit", metavar="N", help="Take the first N files only.", show_default="all")
]
Against = Annotated[
    list[str] | None,
    typer.Option(
        "--against",
        metavar="ROOT[@SOURCE,…]",
        help="A finished run, or some of its sources: what it kept stays, and new documents that resemble it, or are copies "
        "of what it looked at, are removed. "
        "Repeat for more, the earliest first.",
        show_default=False,
    ),
]
Memory = Annotated[
    str | None,
    typer.Option(
        "--memory",
        metavar="SIZE",
        help="The most that one task may take that compares documents, as 4GB; more documents mean more tasks.",
        show_default="the last run's, else the recipe's",
    ),
]
Workers = Annotated[
    int | None, typer.Option("--workers", metavar="N", min=1, help="Parts at a time.", show_default="all CPUs")
]
RayAddress = Annotated[
    str | None,
    typer.Option(
        "--ray", metavar="ADDRESS", help="Join this Ray cluster ('auto' inside one).", show_default="start one here"
    ),
]
Local = Annotated[bool, typer.Option("--local", help="Run in this process, one part after the other, without Ray.")]
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON on stdout.")]
RecipeFile = Annotated[
    str | None,
    typer.Option(
        "--recipe",
        metavar="RECIPE",
        help="The run's recipe, file.py:function, where it is your own.",
        show_default="the run's record",
    ),
]
Root = Annotated[str, typer.Argument(metavar="ROOT", help="The folder or s3://bucket/prefix of a run.")]


def _column(what: str, customary: str) -> typer.models.OptionInfo:
    return typer.Option(
        f"--{what}-column",
        metavar="NAME",
        help=f"Of Parquet and JSONL: the column with the {what}, as a.b inside a struct.",
        show_default=customary,
    )


TextColumn = Annotated[str | None, _column("text", "text")]
IdColumn = Annotated[str | None, _column("id", "id")]
UrlColumn = Annotated[str | None, _column("url", "url, metadata.url")]
DateColumn = Annotated[str | None, _column("date", "date, metadata.date")]
