"""`gristmill dedup`: somebody's Parquet or JSON lines without its copies and near-duplicates."""

from enum import StrEnum
from typing import Annotated

import typer

from jobs.options import Against, DateColumn, IdColumn, Json, Output, Rows, SourceName, TextColumn, UrlColumn
from jobs.terminal import UNFINISHED, emit_json, fail, notice, out, run_verb
from pipeline.errors import GristmillError
from pipeline.sizes import bytes_text

Copies = Annotated[
    str | None,
    typer.Option(
        "--exact",
        metavar="text,url",
        help="Take exact copies out first: rows with the same text, the same address, or either.",
        show_default=False,
    ),
]
Near = Annotated[
    bool, typer.Option("--near/--no-near", help="Look for near-duplicates too, or for exact copies alone.")
]
Score = Annotated[
    str | None,
    typer.Option(
        "--score",
        metavar="COLUMN",
        help="Of duplicates the row with the highest number in this column stays; without one it comes last.",
        show_default="the longest text",
    ),
]
Preset = Annotated[
    str,
    typer.Option(
        "--preset", metavar="NAME", help="What is compared how: fast, fineweb, refinedweb, rpv2 or rpv2-0.7 to -1.0."
    ),
]
Family = Annotated[
    str | None,
    typer.Option(
        "--family",
        metavar="fast|datatrove",
        help="Words and hashes: fast ones of our own for any language, or datatrove's, bit for bit, for English.",
        show_default="the preset's",
    ),
]
Rule = Annotated[
    str,
    typer.Option(
        "--rule",
        metavar="star|components",
        help="star: a row goes only for a similar one that stays; components: of a chain of similar rows one stays.",
    ),
]
Similarity = Annotated[
    float,
    typer.Option("--similarity", metavar="S", help="The least estimated similarity for which a star takes a row out."),
]
ReadText = Annotated[
    bool, typer.Option("--read-text", help="For stars: read the texts of pairs that are near the bound, and compute.")
]


class Format(StrEnum):
    """What rows become."""

    parquet = "parquet"
    jsonl = "jsonl"


As = Annotated[Format, typer.Option("--format", help="Lines of JSON become Parquet, or stay lines.")]
Memory = Annotated[
    str | None,
    typer.Option(
        "--memory",
        metavar="SIZE",
        help="The most that a part of the work takes; more rows mean more parts.",
        show_default="the last run's, else 2GB",
    ),
]
Threads = Annotated[
    int | None,
    typer.Option("--workers", metavar="N", min=1, help="Parts at a time, in threads.", show_default="all CPUs"),
]
Cluster = Annotated[
    str | None,
    typer.Option("--ray", metavar="ADDRESS", help="Run on this Ray cluster.", show_default="in this process"),
]


def dedup(  # noqa: PLR0913, PLR0917  a verb's options are its parameters
    input_: Rows,
    output: Output,
    source: SourceName = None,
    text_column: TextColumn = None,
    id_column: IdColumn = None,
    url_column: UrlColumn = None,
    date_column: DateColumn = None,
    exact: Copies = None,
    near: Near = True,
    score: Score = None,
    preset: Preset = "fast",
    family: Family = None,
    rule: Rule = "star",
    similarity: Similarity = 0.7,
    read_text: ReadText = False,
    format_: As = Format.parquet,
    against: Against = None,
    memory: Memory = None,
    workers: Threads = None,
    ray: Cluster = None,
    json: Json = False,
) -> None:
    """Take near-duplicates, and where asked exact copies, out of anyone's Parquet or JSON lines.

    All columns of the rows that stay are kept (ROOT/dataset/data), and for each row it is told what became of it
    (ROOT/dataset/duplicates). Run the same command again to finish what was interrupted, or with more input.

    Example: gristmill dedup data/*.parquet --output out
    """
    from jobs.dedup_tables import clusters_table, rows_table
    from jobs.deduplicating import (
        HowToDedup,
        comparison,
        exact_copies,
        prepare_rows,
        rule_of_survival,
        run_rows,
        scale_of,
    )
    from jobs.memory import memory_of
    from pipeline.funnel import Funnel
    from pipeline.rows.columns import RowColumns

    try:
        how = HowToDedup(
            minhash=comparison(preset, family) if near else None,
            exact=exact_copies(exact),
            survival=rule_of_survival(rule, similarity, read_text=read_text, score=score),
            columns=RowColumns(text=text_column, id=id_column, url=url_column, date=date_column),
            scale=scale_of(memory_of(memory), output),
            lines=format_ is Format.jsonl,
        )
        prepared = prepare_rows(input_, output, how, name=source, against=against or [])
        notice(
            f"{len(prepared.files.parts)} files, {bytes_text(prepared.files.bytes)}, "
            f"as source {prepared.source.name} → {prepared.storage.location}"
        )
        for release in prepared.releases:
            notice(f"against {release.root}@{release.source}")
        manifest = run_rows(prepared, workers=workers, ray=ray)
    except GristmillError as error:
        fail(error)
    except KeyboardInterrupt:
        raise typer.Exit(UNFINISHED) from None
    if json:
        emit_json(manifest)
        return
    out.print(rows_table(Funnel(**manifest["funnel"]), manifest["duplicates"]))
    if manifest["duplicates"]["largest"]:
        out.print(clusters_table(manifest["duplicates"]["largest"]))
    out.print(
        f"{len(manifest['shards'])} file(s) in {prepared.storage.location}/dataset/data after {manifest['run_seconds']} s",
    )


if __name__ == "__main__":
    run_verb(dedup)
