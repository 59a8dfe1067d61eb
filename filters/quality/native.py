"""Looks at a file that a native library will read by itself, before it does: is it of that kind, whole, and honest.

Such libraries take sizes from a file's head at its word. The driver looks and loads nothing; a worker looks again, and loads.
"""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

from pipeline.errors import RecipeError
from pipeline.model_formats import fasttext, language_models
from pipeline.model_formats.fields import Fields, RefusedError, opened
from pipeline.model_formats.pickles import refuse_pickles


def check_fasttext(path: Path, name: str) -> None:
    """RecipeError where the file is no classifier of fastText, or its sizes are not those of what is in it."""
    _check(path, name, lambda fields: fasttext.check_fasttext(fields, supervised=True))


def check_kenlm(path: Path, name: str) -> None:
    """RecipeError where the file is neither a binary of KenLM nor an ARPA file, or cannot hold what its head says."""
    _check(path, name, _kenlm)


def _kenlm(fields: Fields) -> str:
    binary = fields.take(min(fields.size, 4)) == b"mmap"
    fields.back_to(0)
    return language_models.check_kenlm(fields) if binary else language_models.check_arpa(fields)


def _check(path: Path, name: str, look: Callable[[Fields], str]) -> None:
    try:
        with opened(path.resolve()) as fields:  # a single file has its digest, and may be named by a link
            refuse_pickles(fields)
            look(fields)
    except RefusedError as error:
        raise RecipeError(f"quality: {name} ({path}) is refused: {error}") from error


@contextmanager
def unchanged(path: Path, name: str) -> Generator[None]:
    """RecipeError where the file is another at the end than at the beginning: what a library read is what was checked."""
    before = path.stat()
    yield
    after = path.stat()
    told = ("st_dev", "st_ino", "st_size", "st_mtime_ns", "st_ctime_ns")
    if any(getattr(before, each) != getattr(after, each) for each in told):
        raise RecipeError(f"quality: {name} ({path}) was changed while it was loaded")
