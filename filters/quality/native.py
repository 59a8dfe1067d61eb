"""Looks at a file that a native library will read by itself, before it does: is it of that kind, whole, and honest.

Such libraries take sizes from a file's head at its word. The driver looks and loads nothing; a worker looks again, and loads.
"""

import mmap
import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from weakref import finalize

import numpy as np

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


class Mapped:
    """A file as memory that may be read, of which all processes of a machine share one copy, for as long as it is used."""

    def __init__(self, path: Path, name: str) -> None:
        """RecipeError where it cannot be mapped: it is empty, or not there any more."""
        try:
            self._file = os.open(path, os.O_RDONLY)
            finalize(self, os.close, self._file)
            self._state = self._stat()
            self.bytes = np.frombuffer(mmap.mmap(self._file, 0, prot=mmap.PROT_READ), np.uint8)
        except (OSError, ValueError) as error:
            raise RecipeError(f"quality: {name} ({path}) cannot be mapped into memory: {error}") from error
        self._name = name

    def check(self) -> None:
        """RecipeError once something was written over it; a file that takes its place is another."""
        if self._stat() != self._state:
            raise RecipeError(f"quality: {self._name} was changed while it was in use")

    def _stat(self) -> tuple[int, ...]:
        found = os.fstat(self._file)
        return found.st_size, found.st_mtime_ns
