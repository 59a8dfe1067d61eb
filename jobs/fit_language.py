"""`gristmill fit-language`: a language's thresholds for the recipe `fineweb2`, from reference text."""

import os
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from jobs.options import Json
from jobs.terminal import UNFINISHED, emit_json, fail, notice, out, run_verb
from pipeline.errors import GristmillError

if TYPE_CHECKING:
    from jobs.fitting.fitting import Fit
    from jobs.fitting.reference import Reference
    from pipeline.assets import Asset

Language = Annotated[str, typer.Argument(metavar="LANGUAGE", help="Language and script, as por_Latn.")]
Text = Annotated[
    list[str],
    typer.Option(
        "--input",
        "-i",
        metavar="PATH",
        help="Good text in the language: Parquet, JSON lines or .txt (a file is a page); a file, glob, folder or address.",
    ),
]
English = Annotated[
    list[str] | None,
    typer.Option("--english", metavar="PATH", help="English text of the same kind, for quantile and mean-std."),
]
Method = Annotated[
    str | None,
    typer.Option(
        "--method",
        metavar="NAME",
        help="tail, quantile or mean-std.",
        show_default="quantile with --english, else tail",
    ),
]
Tail = Annotated[
    float, typer.Option("--tail", metavar="SHARE", help="Of tail: the share of the text that each rule drops.")
]
Model = Annotated[
    Path | None,
    typer.Option(
        "--model", metavar="FILE", help="A fastText language model.", show_default="$GRISTMILL_GLOTLID, else lid.176"
    ),
]
File = Annotated[
    Path | None, typer.Option("--output", "-o", metavar="FILE", help="Where to write.", show_default="LANGUAGE.yml")
]
PagesLimit = Annotated[
    int | None, typer.Option("--pages", metavar="N", min=1, help="Read N pages at most.", show_default="all")
]
Column = Annotated[
    str | None, typer.Option("--text-column", metavar="NAME", help="The column with the text.", show_default="text")
]


def fit_language(  # noqa: PLR0913, PLR0917  a verb's options are its parameters
    language: Language,
    input_: Text,
    english: English = None,
    method: Method = None,
    tail: Tail = 0.1,
    model: Model = None,
    output: File = None,
    pages: PagesLimit = None,
    text_column: Column = None,
    json: Json = False,
) -> None:
    """Fit a language's thresholds to reference text, and write them as FineWeb2 publishes its own.

    Bounds lie where they drop a tenth of the text, or as much of it as English's bounds drop of English text. Stop words are the
    words above 0.8 % of all. The bound of the language score is its median less its standard deviation.

    Example: gristmill fit-language por_Latn --input wikipedia-pt.parquet --english wikipedia-en.parquet
    """
    from jobs.fitting.fitting import fit_thresholds
    from jobs.fitting.reference import measure_reference, texts_of

    try:
        chosen = _method(method, english)
        path = output or Path(f"{language}.yml")
        asset, label = _model(language, model, path)
        from filters.language_model import load_model

        told = load_model(asset)
        known = measure_reference(texts_of(input_, text_column), language, limit=pages, model=told, label=label)
        theirs = measure_reference(texts_of(english, text_column), "en", limit=pages) if english else None
        fit = fit_thresholds(known, method=chosen, tail=tail, english=theirs)
        fit = replace(fit, thresholds=replace(fit.thresholds, **_told_by(asset, label, language, path)))
        _write(path, fit.thresholds.to_yaml())
    except GristmillError as error:
        fail(error)
    except KeyboardInterrupt:
        notice("stopped; nothing was written")
        raise typer.Exit(UNFINISHED) from None
    if json:
        emit_json({"file": str(path), "method": chosen, "pages": known.pages, "thresholds": asdict(fit.thresholds)})
        return
    _print(language, known, fit, path)


def _method(method: str | None, english: list[str] | None) -> str:
    from jobs.fitting.bounds import METHODS
    from pipeline.errors import RecipeError

    chosen = method or ("quantile" if english else "tail")
    if chosen not in METHODS:
        raise RecipeError(f"--method {chosen}: there are {', '.join(METHODS)}")
    if chosen != "tail" and not english:
        raise RecipeError(f"--method {chosen} compares with English: name reference text with --english")
    return chosen


def _model(language: str, model: Path | None, path: Path) -> "tuple[Asset, str]":
    """The language model and what it calls the language; everything that can be wrong before a page is read."""
    from filters.language import LID_176
    from filters.language_model import code_in, load_model, model_knowing
    from jobs.recipes.language_thresholds import GLOTLID, asset_at
    from pipeline.errors import InputError
    from pipeline.words import check_words

    check_words(language)
    named = model or (Path(os.environ[GLOTLID]) if os.environ.get(GLOTLID) else None)
    asset = asset_at(named) if named else LID_176
    label = code_in(load_model(asset), language) or language
    model_knowing(asset, (label,))
    if not path.absolute().parent.is_dir():
        raise InputError(f"--output {path}: no folder {path.parent}")
    return asset, label


def _told_by(asset: "Asset", label: str, language: str, path: Path) -> dict[str, str]:
    """What the file says of the model; its place as seen from the file's folder."""
    from filters.language import LID_176

    told = {"language_model": LID_176.name}
    if asset != LID_176:
        told = {
            "language_model": os.path.relpath(asset.location, path.absolute().parent),
            "language_model_sha256": asset.sha256,
        }
    return told if label == language else {**told, "language_label": label}


def _write(path: Path, text: str) -> None:
    from pipeline.errors import StorageError

    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise StorageError(f"{path}: {error.strerror}") from error


def _print(language: str, known: "Reference", fit: "Fit", path: Path) -> None:
    from rich.table import Table

    from jobs.fitting.fitting import FEW_PAGES
    from jobs.tables import add_columns
    from pipeline.language_codes import name_of

    made = fit.thresholds
    table = Table(
        title=f"{name_of(language) or language}: {known.pages:,} pages, {known.words:,} words", title_justify="left"
    )
    add_columns(table, "threshold", "signal", right=("value", "drops of the text", "English has", "which would drop"))
    for each in fit.bounds:
        shares = f"{each.dropped:.1%}", f"{each.bound.english:g}", f"{each.english_would_drop:.1%}"
        table.add_row(each.bound.name, each.bound.signal, f"{each.value:g}", *shares)
    out.print(table)
    out.print(
        f"language_score {made.language_score:g}: median less standard deviation; {fit.kept:.1%} of its pages reach it"
    )
    out.print(f"stopwords: {' '.join(made.stopwords)}")
    if known.others:
        notice(f"the model takes {known.others:,} of {known.pages:,} pages for another language")
    if known.pages < FEW_PAGES:
        notice(f"only {known.pages:,} pages: with fewer than {FEW_PAGES:,} the bounds are rough")
    out.print(f"written to {path}; use it: gristmill curate fineweb2:{path} --input … --output …")


if __name__ == "__main__":
    run_verb(fit_language)
