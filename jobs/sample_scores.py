"""`gristmill sample-scores`: pages for annotation from every range of a score, and their labels read back."""

from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jobs.options import IdColumn, Json, TextColumn, UrlColumn
from jobs.terminal import UNFINISHED, emit_json, fail, notice, out, run_verb
from pipeline.errors import GristmillError

if TYPE_CHECKING:
    from jobs.training.sampling import By, Draw

Files = Annotated[
    list[str],
    typer.Argument(
        metavar="INPUT…", help="ROOT of a finished run, or Parquet or JSON lines; with --labels, a sample drawn before."
    ),
]
File = Annotated[
    Path, typer.Option("--output", "-o", metavar="FILE", help="JSON lines to write; it must not be there.")
]
Score = Annotated[str | None, typer.Option("--score", metavar="NAME", help="The column with the score.")]
Strata = Annotated[int, typer.Option("--strata", metavar="N", min=1, help="Ranges of the score.")]
PerStratum = Annotated[int, typer.Option("--per-stratum", metavar="N", min=1, help="Pages of each.")]
Ranges = Annotated[
    str, typer.Option("--by", metavar="width|count", help="Ranges of equal width, or with equal numbers of pages.")
]
Seed = Annotated[int, typer.Option("--seed", min=0, help="Another seed draws other pages.")]
Labels = Annotated[
    str | None,
    typer.Option(
        "--labels", metavar="FILE", help="Parquet, JSON lines or CSV with id and label: joined to the sample INPUT."
    ),
]
LabelColumn = Annotated[str, typer.Option("--label-column", metavar="NAME", help="The column of --labels.")]


def sample_scores(  # noqa: PLR0913, PLR0917  a verb's options are its parameters
    files: Files,
    output: File,
    score: Score = None,
    strata: Strata = 20,
    per_stratum: PerStratum = 50,
    by: Ranges = "width",
    seed: Seed = 1,
    labels: Labels = None,
    label_column: LabelColumn = "label",
    text_column: TextColumn = None,
    id_column: IdColumn = None,
    url_column: UrlColumn = None,
    json: Json = False,
) -> None:
    """Draw pages for annotation, as many from each range of a score, or join labels to pages drawn before.

    A page is drawn by a hash of its id, so the same command draws the same pages. Each is a line with `label` null. Fill that in,
    or give labels by id with --labels; train-quality takes either file.

    Example: gristmill sample-scores out --score fasttext_score --output sample.jsonl
    """
    from jobs.training.sampling import Draw
    from pipeline.errors import RecipeError
    from pipeline.rows.columns import RowColumns

    try:
        _check_new(output)
        if labels:
            told, lines = _join(files, labels, label_column, output)
        elif score:
            columns = RowColumns(text=text_column, id=id_column, url=url_column)
            chosen: By = by  # pyright: ignore[reportAssignmentType]  Draw looks at it
            told, lines = _draw(
                files,
                Draw(score=score, columns=columns, strata=strata, pages=per_stratum, by=chosen, seed=seed),
                output,
            )
        else:
            raise RecipeError("name the score to draw by with --score, or labels to join with --labels")
    except GristmillError as error:
        fail(error)
    except KeyboardInterrupt:
        notice("stopped")
        raise typer.Exit(UNFINISHED) from None
    if json:
        emit_json(told)
        return
    for line in lines:
        out.print(line)


def _check_new(path: Path) -> None:
    from pipeline.errors import RecipeError

    if path.exists() or path.is_symlink():
        raise RecipeError(f"--output {path} is there already; name a new file")
    if not path.absolute().parent.is_dir():
        raise RecipeError(f"--output {path}: no folder {path.absolute().parent}")


def _draw(files: list[str], draw: "Draw", output: Path) -> "tuple[dict[str, Any], list[Any]]":
    """Draws and writes; what a machine reads of it, and what a person does."""
    from rich.table import Table

    from jobs.tables import add_columns
    from jobs.training.sampling import drawn

    strata, pages = drawn(files, draw)
    written = _write(output, pages)
    table = Table(
        title=f"{draw.score}: {sum(each.pages for each in strata):,} pages with a score", title_justify="left"
    )
    add_columns(table, right=("from", "to", "pages", "drawn"))
    for each in strata:
        table.add_row(f"{each.low:g}", f"{each.high:g}", f"{each.pages:,}", f"{each.drawn:,}")
    told = {"file": str(output), "pages": written, "strata": [asdict(each) for each in strata]}
    return told, [table, f"{written:,} pages written to {output}"]


def _join(files: list[str], labels: str, column: str, output: Path) -> tuple[dict[str, Any], list[Any]]:
    from jobs.training.labelling import join_labels, labels_of

    found = join_labels(files, labels_of(labels, column))
    _write(output, found.rows)
    lines = [f"{found.labelled:,} labelled pages written to {output}; {found.without:,} of the sample have no label"]
    if found.strange:
        lines.append(f"{found.strange:,} labels are of pages that are not in the sample")
    told = {"file": str(output), "labelled": found.labelled, "without": found.without, "strange": found.strange}
    return told, lines


def _write(path: Path, rows: Iterable[dict[str, Any]]) -> int:
    """Writes lines of JSON under another name first; says how many."""
    import orjson

    from pipeline.errors import StorageError

    unfinished, count = path.with_name(f".{path.name}.unfinished"), 0
    try:
        with unfinished.open("wb") as file:
            for row in rows:
                file.write(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE))
                count += 1
        unfinished.rename(path)
    except OSError as error:
        raise StorageError(f"{path}: {error.strerror or error}") from error
    finally:
        unfinished.unlink(missing_ok=True)
    return count


if __name__ == "__main__":
    run_verb(sample_scores)
