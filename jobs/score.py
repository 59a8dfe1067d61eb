"""`gristmill score`: how good the texts of anyone's Parquet or JSON lines are, by one model or several."""

from typing import Annotated, Any

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
        metavar="[COLUMN=]PLACE[#LABEL][@SHA256]",
        help="What train-quality made, a folder with config.json and safetensors or model.onnx, fastText's .bin, KenLM's .arpa "
        "or binary; LABEL is the class whose probability is the score. Repeatable.",
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
    """Score texts that somebody else extracted: ROOT/dataset has each row that has a text, with a column for each model.

    Run the same command again to finish what was interrupted, or with more input. In a recipe, models are its `quality`.

    Example: gristmill score data/*.parquet --model edu_score=models/edu --output out
    """
    from jobs.recipes.score import columns_of
    from jobs.recipes.score import score as scoring
    from jobs.running import prepare, row_columns, run

    try:
        recipe = scoring(model, buckets)
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
    out.print(_said(manifest, f"{prepared.storage.location}/dataset"))


def _said(manifest: dict[str, Any], place: str) -> str:
    """How many texts were scored, and of which rows there was none."""
    told = manifest["funnel"]
    without = {**told["failed"], **told["gated"]}
    rest = ", ".join(f"{reason} {count:,}" for reason, count in without.items())
    left_out = f"; {sum(without.values()):,} rows are not in it: {rest}" if without else ""
    return f"{told['kept']:,} texts scored in {place} after {manifest['run_seconds']} s{left_out}"


if __name__ == "__main__":
    run_verb(score)
