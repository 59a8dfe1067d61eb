"""Quality models as a person names them on a command line: by the file or folder, with the digest behind an `@`."""

import hashlib
import os
from dataclasses import fields
from pathlib import Path
from typing import Any

from pipeline.errors import RecipeError
from pipeline.model_files import ModelFiles, listing
from pipeline.quality import QualityModel

_DIGEST_CHARS = 64
KINDS = {
    "model.onnx": ("filters.quality.onnx", "OnnxQuality"),
    "head.safetensors": ("filters.quality.static", "StaticQuality"),
    "config.json": ("filters.quality.encoder", "EncoderQuality"),
}
"""A folder with this file, the first of them that it has, is of this kind."""
_FASTTEXT, _KENLM = ("filters.quality.fasttext", "FastTextQuality"), ("filters.quality.kenlm", "KenLmQuality")
FILES = {".bin": _FASTTEXT, ".arpa": _KENLM, ".binary": _KENLM, ".klm": _KENLM}
"""A file with this ending is of this kind."""


TRAINED = ("model.bin", "model")
"""Where the model lies in a folder that `gristmill train-quality` made."""


def model_at(place: str, column: str | None = None) -> QualityModel:
    """The model in a file or folder, `PLACE`, `PLACE#LABEL` or one of these with `@SHA256`; `column` names its score.

    A `.bin` is fastText's or, by its first bytes, KenLM's, as are `.arpa`, `.binary` and `.klm`; the folder that `train-quality`
    made stands for the model in it. Without a column or a label the kind's customary one is taken, without a digest that of what
    is there now, which the run records.

    Raises:
        RecipeError: nothing is there, it is of no known kind, has no labels, or its digest is another.
    """
    where, _, digest = place.rpartition("@") if _has_digest(place) else (place, "", "")
    where, label = _label_of(where)
    named = {"column": column} if column else {}
    path, name = _path(where), Path(where).name
    if inside := _trained(path):
        path = inside
        where = str(inside)
    if path.is_file():
        return _of_file(path, digest, label, named)
    files = ModelFiles(sha256=digest or _folder_digest(where, path), name=name, location=where)
    folder = files.folder()
    kind = next((kind for file, kind in KINDS.items() if (folder / file).is_file()), None)
    if kind is None:
        raise RecipeError(f"{where} is no model's folder: it has none of {', '.join(KINDS)}")
    return _made(kind, label, model=files, **named)


def _label_of(where: str) -> tuple[str, str]:
    """The place and the label behind its `#`, empty where there is none, or where the place itself has that in its name."""
    place, _, label = where.rpartition("#")
    return (place, label) if place and label and not os.path.lexists(where) else (where, "")


def _trained(path: Path) -> Path | None:
    """The model in a folder that `train-quality` made, None for any other."""
    inside = (path / name for name in TRAINED) if (path / "report.json").is_file() else ()
    return next((each for each in inside if each.exists()), None)


def classifier_at(place: str, column: str) -> QualityModel:
    """The same, of models whose higher scores are better; RecipeError for a perplexity, of which lower ones are."""
    model = model_at(place, column)
    if model.name == "kenlm_quality":
        raise RecipeError(f"{place} is KenLM's: the lower its score the better, and this recipe keeps what scores high")
    return model


def _path(where: str) -> Path:
    wanted = "name a file (.bin, .arpa, .binary) or a folder with config.json"
    try:
        path = Path(where).expanduser()
        there = bool(where) and path.exists()
    except (OSError, RuntimeError) as error:  # a name that is too long; no such user
        raise RecipeError(f"no model at {where}: {error}") from error
    if not there and not where.startswith("package:"):
        raise RecipeError(f"no model at {where or 'an empty name'}: {wanted}")
    return path


def file_digest(path: Path) -> str:
    """The SHA-256 of a file; RecipeError where it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise RecipeError(f"{path} cannot be read: {error}") from error


def _has_digest(place: str) -> bool:
    return place[-_DIGEST_CHARS - 1 : -_DIGEST_CHARS] == "@"


def _of_file(path: Path, digest: str, label: str, named: dict[str, str]) -> QualityModel:
    from pipeline.assets import Asset

    if path.suffix not in FILES:
        raise RecipeError(f"{path} is no model of a known kind: {', '.join(FILES)}, or a folder")
    kind = FILES[path.suffix]
    if kind == _FASTTEXT and _is_kenlm(path):
        kind = _KENLM
    model = Asset(sha256=digest or file_digest(path), name=path.name, location=str(path.absolute()))
    return _made(kind, label, model=model, **named)


def _is_kenlm(path: Path) -> bool:
    """Whether a file begins as KenLM's binaries do, which are often called `.bin`."""
    from pipeline.model_formats.kenlm_binaries import MAGIC

    try:
        with path.open("rb") as file:
            return file.read(len(MAGIC)) == MAGIC
    except OSError as error:
        raise RecipeError(f"{path} cannot be read: {error}") from error


def _made(kind: tuple[str, str], label: str, **given: Any) -> QualityModel:
    from jobs.user_file import find_named

    cls = find_named(":".join(kind), "quality model").value
    kept = {field.name: field.type for field in fields(cls)}
    if label and "label" not in kept:
        raise RecipeError(f"{given['model'].location} has no labels, and {label!r} is named behind its #")
    if label:
        given["label"] = label if kept["label"] is str or not label.isdecimal() else int(label)
    made: QualityModel = cls(**given)
    return made


def _folder_digest(where: str, path: Path) -> str:
    if where.startswith("package:"):
        raise RecipeError(f"{where}: name its digest behind an @; `gristmill models verify` prints it")
    return hashlib.sha256(listing(path).encode()).hexdigest()
