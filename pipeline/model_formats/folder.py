"""A model's folder, looked through: every file with its digest, what it is, and why it is refused where it is."""

import hashlib
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path, PurePosixPath

from pipeline.errors import RecipeError
from pipeline.model_formats.fields import RefusedError
from pipeline.model_formats.kinds import NAME, look

MOST_FILES, MOST_DEPTH = 200, 4
MOST_BYTES = 20 << 30
"""What a model may have, unless a recipe says more."""

Known = tuple[int, int, int, int, int]
"""Device, inode, size and times of a file: a file that was changed or replaced has others. The last can be set by nobody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFile:
    """A file of a model. `kind` is empty and `refused` says why where it may not lie there; `holds` is for people."""

    path: str
    bytes: int
    sha256: str
    kind: str = ""
    holds: str = ""
    refused: str = ""
    known: Known = (0, 0, 0, 0, 0)


def files_of(folder: Path, most_bytes: int = MOST_BYTES) -> tuple[ModelFile, ...]:
    """Its files in the order of their paths, each read whole.

    RecipeError for what is no list of files that means the same everywhere: links, pipes, devices, odd names, names that differ
    in case alone, more than MOST_FILES or `most_bytes`, and what cannot be read.
    """
    try:
        found = dict(sorted((inside.as_posix(), known) for inside, known in _walk(folder)))
    except OSError as error:
        raise RecipeError(f"{folder} cannot be read: {error}") from error
    if (total := sum(known[2] for known in found.values())) > most_bytes:
        raise RecipeError(f"{folder} has {total:,} bytes, more than the {most_bytes:,} that a model may have")
    folded: dict[str, str] = {}
    for path in found:
        if (other := folded.setdefault(path.casefold(), path)) != path:
            raise RecipeError(f"{folder} has {other} and {path}, which are one file where case does not count")
    sizes = tuple((path, known[2]) for path, known in found.items())
    return tuple(_file(str(folder), path, known, sizes) for path, known in found.items())


def known_of(folder: Path) -> dict[str, Known]:
    """What the file system says of each file now; RecipeError as `files_of`."""
    try:
        return {inside.as_posix(): known for inside, known in _walk(folder)}
    except OSError as error:
        raise RecipeError(f"{folder} cannot be read: {error}") from error


def _walk(folder: Path) -> Iterator[tuple[PurePosixPath, Known]]:
    """Every file, none of them opened."""
    waiting, count = [PurePosixPath()], 0
    while waiting:
        inside = waiting.pop()
        with os.scandir(folder / inside) as entries:
            for entry in entries:
                path, count = inside / entry.name, count + 1
                _check_entry(folder, path, entry, count)
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(path)
                else:
                    yield path, _known(entry.stat(follow_symlinks=False))


def _check_entry(folder: Path, path: PurePosixPath, entry: "os.DirEntry[str]", count: int) -> None:
    if count > MOST_FILES:
        raise RecipeError(f"{folder} has more than {MOST_FILES} files, which no model has")
    if not NAME.fullmatch(entry.name):
        raise RecipeError(
            f"{folder} has a file {path.as_posix()!r}, and a model's files are called by letters, digits and . _ + -"
        )
    if entry.is_symlink():
        raise RecipeError(f"{folder / path} is a link; a model's files lie in its folder")
    is_folder = entry.is_dir(follow_symlinks=False)
    if not is_folder and not entry.is_file(follow_symlinks=False):
        raise RecipeError(f"{folder / path} is no plain file")
    if is_folder and len(path.parts) > MOST_DEPTH:
        raise RecipeError(f"{folder / path} lies deeper than a model's files do")


def _known(found: os.stat_result) -> Known:
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


@lru_cache(maxsize=1024)  # once a process and file: it is asked for at every part; a changed file is another key
def _file(folder: str, path: str, known: Known, sizes: tuple[tuple[str, int], ...]) -> ModelFile:
    place, inside = Path(folder, path), PurePosixPath(path)
    kind = holds = refused = ""
    try:
        kind, holds = look(place, inside, dict(sizes))
    except RefusedError as error:
        refused = str(error)
    return ModelFile(
        path=path, bytes=known[2], sha256=_digest(place, known), kind=kind, holds=holds, refused=refused, known=known
    )


def _digest(path: Path, known: Known) -> str:
    """The SHA-256 of the file that was seen; RecipeError where another lies there by now."""
    try:
        file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise RecipeError(f"{path} cannot be read: {error.strerror}") from error
    with os.fdopen(file, "rb") as reading:
        found = os.fstat(reading.fileno())
        if not stat.S_ISREG(found.st_mode) or _known(found) != known:
            raise RecipeError(f"{path} changed while it was looked at")
        digest = hashlib.file_digest(reading, "sha256").hexdigest()
        if _known(os.fstat(reading.fileno())) != known:
            raise RecipeError(f"{path} changed while it was read")
    return digest
