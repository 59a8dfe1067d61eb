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


def check_fasttext(path: Path, name: str, part: str = "quality") -> None:
    """RecipeError of a `part` of the recipe where the file is no classifier of fastText, or lies about what is in it."""
    with looked_at(path, f"{part}: {name} ({path})") as fields:  # it has its digest, and may be named by a link
        refuse_pickles(fields)
        fasttext.check_fasttext(fields, supervised=True)


@contextmanager
def unchanged(path: Path, name: str) -> Generator[None]:
    """RecipeError where the file is another at the end than at the beginning: what a library read is what was checked."""
    before = path.stat()
    yield
    after = path.stat()
    told = ("st_dev", "st_ino", "st_size", "st_mtime_ns", "st_ctime_ns")
    if any(getattr(before, each) != getattr(after, each) for each in told):
        raise RecipeError(f"quality: {name} ({path}) was changed while it was loaded")
