"""`gristmill train-quality`: a quality classifier from labelled text, with a report of what it reaches."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jobs.options import Json
from jobs.terminal import UNFINISHED, emit_json, fail, notice, out, run_verb
from pipeline.errors import GristmillError

if TYPE_CHECKING:
    from jobs.training.kinds import Settings

Files = Annotated[
    list[str],
    typer.Argument(metavar="FILE…", help="Labelled text: Parquet or JSON lines; files, globs, folders or addresses."),
]
Folder = Annotated[Path, typer.Option("--output", "-o", metavar="FOLDER", help="Where to write; it must not be there.")]
Kind = Annotated[str, typer.Option("--kind", metavar="NAME", help="fasttext, static or encoder.")]
Text = Annotated[str, typer.Option("--text-column", metavar="NAME", help="The column with the text.")]
Label = Annotated[
    str,
    typer.Option(
        "--label-column", metavar="NAME", help="The column with 0 and 1, true and false, or a score; null: none yet."
    ),
]
SplitColumn = Annotated[
    str,
    typer.Option(
        "--split-column", metavar="NAME", help="A column that says train or test; where there is none, a hash does."
    ),
]
Share = Annotated[
    float,
    typer.Option("--held-out", metavar="SHARE", min=0.01, max=0.9, help="How much a hash holds out for the report."),
]
Good = Annotated[
    float | None,
    typer.Option(
        "--good", metavar="SCORE", help="From which score on a page is good.", show_default="the middle of the scores"
    ),
]
Base = Annotated[
    str,
    typer.Option(
        "--base", metavar="FOLDER", help="Static embeddings or an encoder to build on; or package:PACKAGE/PATH."
    ),
]
Dim = Annotated[int, typer.Option("--dim", min=1, help="static, out of an encoder: numbers of a vector.")]
MaxTokens = Annotated[int, typer.Option("--max-tokens", min=8, help="static, encoder: tokens that are read of a text.")]
FineTune = Annotated[bool, typer.Option("--fine-tune", help="encoder: train all weights, not the head alone.")]
Epochs = Annotated[
    int | None,
    typer.Option("--epochs", min=1, help="fasttext, --fine-tune: passes.", show_default="5; 3 of an encoder"),
]
Rate = Annotated[float | None, typer.Option("--lr", help="The same: how fast.", show_default="0.1; 5e-5 of an encoder")]
Words = Annotated[int, typer.Option("--word-ngrams", min=1, max=5, help="fasttext: longest n-grams of words.")]
Buckets = Annotated[int, typer.Option("--buckets", min=1, help="fasttext: rows that n-grams share; 400 bytes each.")]
Seed = Annotated[int, typer.Option("--seed", min=0, help="Of the split and the training.")]
Unbalanced = Annotated[bool, typer.Option("--unbalanced", help="Let each row count the same, not each class.")]


def train_quality(  # noqa: PLR0913, PLR0917  a verb's options are its parameters
    files: Files,
    output: Folder,
    kind: Kind,
    text_column: Text = "text",
    label_column: Label = "label",
    split_column: SplitColumn = "split",
    held_out: Share = 0.2,
    good: Good = None,
    base: Base = "",
    dim: Dim = 256,
    max_tokens: MaxTokens = 512,
    fine_tune: FineTune = False,
    epochs: Epochs = None,
    lr: Rate = None,
    word_ngrams: Words = 2,
    buckets: Buckets = 2_000_000,
    seed: Seed = 1,
    unbalanced: Unbalanced = False,
    json: Json = False,
) -> None:
    """Train a quality classifier from labelled text: fastText, a head over static embeddings, or an encoder.

    FOLDER gets the model, its card, and a report on rows that it has not seen; what is printed at the end names it in a recipe.
    The same data, settings and versions make the same model.

    Example: gristmill train-quality labels.parquet --kind fasttext --output good-pages
    """
    from jobs.training.kinds import KINDS, Settings
    from jobs.training.labelled import read_labelled
    from jobs.training.training import check_output, task_of, train
    from pipeline.errors import RecipeError

    shared: dict[str, Any] = {"kind": kind, "seed": seed, "balanced": not unbalanced, "max_tokens": max_tokens}
    settings = Settings(
        **shared,
        base=base,
        dim=dim,
        fine_tune=fine_tune,
        epochs=epochs,
        lr=lr,
        word_ngrams=word_ngrams,
        buckets=buckets,
    )
    try:
        if kind not in KINDS:
            raise RecipeError(f"--kind {kind}: there are {', '.join(KINDS)}")
        check_output(output.expanduser().absolute())
        labelled = read_labelled(files, text_column, label_column, split_column)
        report, lines = train(task_of(labelled, settings, held_out, good), settings, output)
    except GristmillError as error:
        fail(error)
    except KeyboardInterrupt:
        notice("stopped; nothing was written")
        raise typer.Exit(UNFINISHED) from None
    if json:
        emit_json({**report, "recipe": lines})
        return
    _print(report, lines, output, settings)


def _print(report: dict[str, Any], lines: str, output: Path, settings: "Settings") -> None:
    from rich.table import Table

    from jobs.tables import add_columns
    from jobs.training.report_page import figures_of, number

    held, split = report["held_out"], report["split"]
    table = Table(
        title=f"{settings.kind}: {held['rows']:,} held-out texts, {held['good']:,} good", title_justify="left"
    )
    add_columns(table, "figure", right=("value",))
    for name, value in figures_of(held):
        table.add_row(name, number(value))
    out.print(table)
    out.print(f"learned from {split['train']:,} texts; written to {output}; SHA-256 {report['sha256']}")
    if held["rows"] < 100:
        notice(f"only {held['rows']} texts were held out: the figures are rough")
    out.print(f"a recipe names it so:\n\n{lines}")


if __name__ == "__main__":
    run_verb(train_quality)
