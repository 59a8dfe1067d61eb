"""Quality models as a person names them on a command line: by the file or folder, with the digest behind an `@`."""

import hashlib
from pathlib import Path

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


def model_at(place: str, column: str | None = None) -> QualityModel:
    """The model in a file or folder, `PLACE` or `PLACE@SHA256`; `column` names its score, else its own customary name does.

    A `.bin` is fastText's or, by its first bytes, KenLM's, as are `.arpa`, `.binary` and `.klm`. Without a digest it is taken
    from the file as it is now, and the run records it.

    Raises:
        RecipeError: nothing is there, it is of no known kind, or its digest is another.
    """
    where, _, digest = place.rpartition("@") if _has_digest(place) else (place, "", "")
    named = {"column": column} if column else {}
    path = _path(where)
    if path.is_file():
        return _of_file(path, digest, named)
    files = ModelFiles(sha256=digest or _folder_digest(where, path), name=path.name, location=where)
    folder = files.folder()
    kind = next((kind for file, kind in KINDS.items() if (folder / file).is_file()), None)
    if kind is None:
        raise RecipeError(f"{where} is no model's folder: it has none of {', '.join(KINDS)}")
    return _made(kind, model=files, **named)


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


def _digest(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise RecipeError(f"{path} cannot be read: {error}") from error


def _has_digest(place: str) -> bool:
    return place[-_DIGEST_CHARS - 1 : -_DIGEST_CHARS] == "@"


def _of_file(path: Path, digest: str, named: dict[str, str]) -> QualityModel:
    from pipeline.assets import Asset

    if path.suffix not in FILES:
        raise RecipeError(f"{path} is no model of a known kind: {', '.join(FILES)}, or a folder")
    kind = FILES[path.suffix]
    if kind == _FASTTEXT and _is_kenlm(path):
        kind = _KENLM
    if not digest:
        digest = _digest(path)
    return _made(kind, model=Asset(sha256=digest, name=path.name, location=str(path.absolute())), **named)


def _is_kenlm(path: Path) -> bool:
    """Whether a file begins as KenLM's binaries do, which are often called `.bin`."""
    from pipeline.model_formats.kenlm_binaries import MAGIC

    try:
        with path.open("rb") as file:
            return file.read(len(MAGIC)) == MAGIC
    except OSError as error:
        raise RecipeError(f"{path} cannot be read: {error}") from error


def _made(kind: tuple[str, str], **fields: object) -> QualityModel:
    from jobs.user_file import find_named

    made: QualityModel = find_named(":".join(kind), "quality model").value(**fields)
    return made


def _folder_digest(where: str, path: Path) -> str:
    if where.startswith("package:"):
        raise RecipeError(f"{where}: name its digest behind an @; `gristmill models verify` prints it")
    return hashlib.sha256(listing(path).encode()).hexdigest()
