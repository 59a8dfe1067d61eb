"""Looks at a file that a native library will read by itself, before it does: is it of that kind, whole, and honest.

Such libraries take sizes from a file's head at its word. The driver looks and loads nothing; a worker looks again, and loads.
"""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from filters.quality.model_file import looked_at
from pipeline.errors import RecipeError
from pipeline.model_formats import fasttext
from pipeline.model_formats.pickles import refuse_pickles

_NAMED = 20  # labels in an error


def check_fasttext(path: Path, name: str, part: str = "quality") -> list[str]:
    """The labels; RecipeError of a `part` of the recipe where the file is no fastText classifier, or lies about what is in it."""
    with looked_at(path, f"{part}: {name} ({path})") as fields:  # it has its digest, and may be named by a link
        refuse_pickles(fields)
        return fasttext.labels_of(fields)


def check_label(path: Path, name: str, label: str) -> None:
    """RecipeError as of `check_fasttext`, and where the classifier has no such label."""
    labels = check_fasttext(path, name)
    if label not in labels:
        raise RecipeError(f"quality: {name} ({path}) has no label {label!r}; it has {', '.join(labels[:_NAMED])}")


@contextmanager
def unchanged(path: Path, name: str) -> Generator[None]:
    """RecipeError where the file is another at the end than at the beginning: what a library read is what was checked."""
    before = path.stat()
    yield
    after = path.stat()
    told = ("st_dev", "st_ino", "st_size", "st_mtime_ns", "st_ctime_ns")
    if any(getattr(before, each) != getattr(after, each) for each in told):
        raise RecipeError(f"quality: {name} ({path}) was changed while it was loaded")
