"""`gristmill curate`: the main job, from archives to a dataset."""

import typer

from jobs.options import (
    Against,
    DateColumn,
    IdColumn,
    Input,
    Json,
    Limit,
    Local,
    Memory,
    Output,
    RayAddress,
    RecipeName,
    SourceName,
    TextColumn,
    UrlColumn,
    Workers,
)
from jobs.terminal import UNFINISHED, emit_json, fail, notice, out, run_verb
from pipeline.errors import GristmillError
from pipeline.sizes import bytes_text


def curate(  # noqa: PLR0913, PLR0917  a verb's options are its parameters
    recipe: RecipeName,
    output: Output,
    input_: Input = None,
    source: SourceName = None,
    limit: Limit = None,
    text_column: TextColumn = None,
    id_column: IdColumn = None,
    url_column: UrlColumn = None,
    date_column: DateColumn = None,
    against: Against = None,
    memory: Memory = None,
    workers: Workers = None,
    ray: RayAddress = None,
    local: Local = False,
    json: Json = False,
) -> None:
    """Turn archives, or rows of text, into sharded Parquet by a recipe.

    Run the same command again to finish what was interrupted or failed, or with more input or other bounds: only what is
    missing is done.

    Example: gristmill curate fineweb --input crawl/*.warc.gz --output out --workers 2
    """
    from jobs.estimate import memory_ceiling
    from jobs.memory import memory_of
    from jobs.running import prepare, row_columns, run
    from jobs.tables import funnel_table
    from pipeline.funnel import Funnel

    try:
        columns = row_columns(text_column, id_column, url_column, date_column)
        bytes_ = memory_of(memory)
        prepared = prepare(
            recipe, input_, output, source=source, limit=limit, columns=columns, against=against, memory=bytes_
        )
        ceiling = memory_ceiling(prepared.recipe, 1 if local or ray else workers)
        notice(
            f"{prepared.recipe.name}: {len(prepared.source.parts)} files, {bytes_text(prepared.source.bytes)}, "
            f"as source {prepared.source.name} → {prepared.storage.location}; "
            f"at most {bytes_text(ceiling)} of memory{' a part in flight' if ray else ''}"
        )
        if prepared.again:
            notice(prepared.again)
        for release in prepared.releases:
            notice(f"against {release.root}@{release.source}")
        manifest = run(prepared, workers=workers, ray=ray, local=local)
    except GristmillError as error:
        fail(error)
    except KeyboardInterrupt:
        raise typer.Exit(UNFINISHED) from None
    if json:
        emit_json(manifest)
        return
    out.print(funnel_table(Funnel(**manifest["funnel"])))
    out.print(
        f"{len(manifest['shards'])} shard(s) in {prepared.storage.location}/dataset after {manifest['run_seconds']} s",
    )


if __name__ == "__main__":
    run_verb(curate)
