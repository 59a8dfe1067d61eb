"""Fetches a model from a registry at an address: its list of files, whose digest is the model's own, then each file by its own.

The list is `<name>/<sha256>.txt`, as `gristmill models add` writes it beside the folder.
"""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from uuid import uuid4

from pipeline.assets import Asset, cache_folder
from pipeline.errors import RecipeError
from pipeline.model_formats.fields import RefusedError
from pipeline.model_formats.folder import MOST_DEPTH, MOST_FILES
from pipeline.model_formats.kinds import NAME, kind_of
from pipeline.storage_errors import storage_errors

_LINE = re.compile(r"([0-9a-f]{64})  ([^\n]+)\n")
_MOST_LIST_BYTES = 1 << 20


def fetched_model(registry: str, name: str, sha256: str) -> Path:
    """The model's folder in the cache of this machine, fetched where it is not there yet.

    RecipeError where its list names what may not lie in a model's folder: of that nothing is fetched.
    """
    place = cache_folder("models") / sha256
    if place.is_dir():
        return place
    if not re.fullmatch(r"[a-z0-9+.-]+://[^/]+.*", registry):
        raise RecipeError(f"model {name}: {registry!r} must be a folder, or the address of a registry")
    base = f"{registry.rstrip('/')}/{name}/{sha256}"
    listed = Asset(name=f"list of {name}", location=f"{base}.txt", sha256=sha256).path()
    unfinished = place.with_name(f".{sha256}-{uuid4().hex}")
    with storage_errors(str(place)):
        try:
            for path, digest in list(_files(listed, name)):
                target = unfinished / path
                target.parent.mkdir(parents=True, exist_ok=True)
                fetched = Asset(name=f"{name}/{path}", location=f"{base}/{path}", sha256=digest).path()
                shutil.copyfile(
                    fetched, target
                )  # a second name would change the first one's times, by which changes are seen
            _rename(unfinished, place)
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)
    return place


def _files(listed: Path, name: str) -> Iterator[tuple[str, str]]:
    """Path and digest of each file of the list, once it is sure that all of them may lie there."""
    text = listed.read_bytes().decode("utf-8", "replace") if listed.stat().st_size <= _MOST_LIST_BYTES else ""
    lines = [found.groups() for line in text.splitlines(keepends=True) if (found := _LINE.fullmatch(line))]
    if not 0 < len(lines) <= MOST_FILES or len(lines) < len(text.splitlines()):
        raise RecipeError(f"model {name}: what its digest names is no list of a model's files")
    for _, path in lines:
        parts = PurePosixPath(path).parts
        if "/".join(parts) != path or len(parts) > MOST_DEPTH + 1 or not all(map(NAME.fullmatch, parts)):
            raise RecipeError(f"model {name}: its list names {path!r}, which is no file in a folder")
        try:
            kind_of(PurePosixPath(path))
        except RefusedError as error:
            raise RecipeError(f"model {name}: {path} is refused: {error}") from error
    return ((path, digest) for digest, path in lines)


def _rename(unfinished: Path, place: Path) -> None:
    """Gives the folder its name, unless another process was first."""
    try:
        unfinished.rename(place)
    except OSError:
        if not place.is_dir():
            raise
