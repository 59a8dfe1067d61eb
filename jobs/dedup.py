"""`gristmill dedup`: somebody's Parquet or JSON lines without its near-duplicates."""

from typing import Annotated

import typer

from jobs.options import DateColumn, IdColumn, Json, Output, SourceName, TextColumn, UrlColumn
from jobs.terminal import UNFINISHED, emit_json, fail, notice, out, run_verb
from pipeline.errors import GristmillError
from pipeline.sizes import bytes_of, bytes_text

Rows = Annotated[
    list[str],
    typer.Argument(
        metavar="INPUT…", help="Parquet or JSON lines: files, globs, folders, s3://, https:// or hf:// addresses."
    ),
]
Family = Annotated[
    str,
    typer.Option(
        "--family",
        metavar="NAME",
        help="fast: words and hashes of its own, for any language; datatrove: signatures bit for bit as FineWeb's.",
    ),
]
Memory = Annotated[
    str,
    typer.Option("--memory", metavar="SIZE", help="The most that a part of the work takes; more rows mean more parts."),
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
    family: Family = "fast",
    memory: Memory = "2GB",
    workers: Threads = None,
    ray: Cluster = None,
    json: Json = False,
) -> None:
    """Take near-duplicates out of anyone's Parquet or JSON lines.

    All columns of the rows that stay are kept (ROOT/dataset/data), and for each row it is told what became of it
    (ROOT/dataset/duplicates). Run the same command again to finish what was interrupted, or with more input.

    Example: gristmill dedup data/*.parquet --output out
    """
    from dedup.minhash import MinHash
    from dedup.scale import Scale
    from dedup.survival import Components
    from jobs.dedup_tables import clusters_table, rows_table
    from jobs.deduplicating import HowToDedup, prepare_rows, run_rows
    from pipeline.funnel import Funnel
    from pipeline.rows.columns import RowColumns

    try:
        how = HowToDedup(
            minhash=MinHash(family=family),
            survival=Components(),
            columns=RowColumns(text=text_column, id=id_column, url=url_column, date=date_column),
            scale=Scale(memory=bytes_of(memory, "--memory")),
        )
        prepared = prepare_rows(input_, output, how, name=source)
        notice(
            f"{len(prepared.files.parts)} files, {bytes_text(prepared.files.bytes)}, "
            f"as source {prepared.source.name} → {prepared.storage.location}"
        )
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
