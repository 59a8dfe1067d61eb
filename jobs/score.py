"""`gristmill score`: how good the texts of anyone's Parquet or JSON lines are, by one model or several."""

from typing import Annotated

import typer

from jobs.options import (
    DateColumn,
    IdColumn,
    Json,
    Local,
    Output,
    RayAddress,
    Rows,
    SourceName,
    TextColumn,
    UrlColumn,
    Workers,
)
from jobs.terminal import UNFINISHED, emit_json, fail, notice, out, run_verb
from pipeline.errors import GristmillError

Models = Annotated[
    list[str],
    typer.Option(
        "--model",
        "-m",
        metavar="[COLUMN=]PLACE[@SHA256]",
        help="A folder with config.json and safetensors or model.onnx, fastText's .bin, KenLM's .arpa or binary. Repeatable.",
    ),
]
Buckets = Annotated[
    int | None,
    typer.Option(
        "--buckets",
        metavar="N",
        min=2,
        help="Also tell for each text the highest of its buckets by the models, of N with equally many texts.",
        show_default=False,
    ),
]


def score(  # noqa: PLR0913, PLR0917  a verb's options are its parameters
    input_: Rows,
    output: Output,
    model: Models,
    buckets: Buckets = None,
    source: SourceName = None,
    text_column: TextColumn = None,
    id_column: IdColumn = None,
    url_column: UrlColumn = None,
    date_column: DateColumn = None,
    workers: Workers = None,
    ray: RayAddress = None,
    local: Local = False,
    json: Json = False,
) -> None:
    """Score texts that somebody else extracted: ROOT/dataset has them with a column for each model, none left out.

    Run the same command again to finish what was interrupted, or with more input. In a recipe, models are its `quality`.

    Example: gristmill score data/*.parquet --model edu_score=models/edu --output out
    """
    from jobs.running import prepare, row_columns, run
    from jobs.scoring import columns_of, scoring_recipe

    try:
        recipe = scoring_recipe(model, buckets)
        columns = row_columns(text_column, id_column, url_column, date_column)
        prepared = prepare((recipe, ()), input_, output, source=source, columns=columns)
        notice(f"{len(prepared.source.parts)} files → {prepared.storage.location}: {', '.join(columns_of(recipe))}")
        manifest = run(prepared, workers=workers, ray=ray, local=local)
    except GristmillError as error:
        fail(error)
    except KeyboardInterrupt:
        raise typer.Exit(UNFINISHED) from None
    if json:
        emit_json(manifest)
        return
    kept = manifest["funnel"]["kept"]
    out.print(f"{kept:,} texts scored in {prepared.storage.location}/dataset after {manifest['run_seconds']} s")


if __name__ == "__main__":
    run_verb(score)
