"""A folder of models, `<name>/<sha256>/`, from which a cluster loads without asking anybody outside.

Beside each lies its list of files, `<sha256>.txt`, which makes a copy of it all in a bucket or on a web server a registry too.

A model enters whole or not at all: it is copied under a name that nothing looks for, looked through there, and then renamed. What
is there is never replaced, so several may add the same model at the same time.
"""

import os
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from pipeline.errors import RecipeError, StorageError
from pipeline.model_files import NAME, REGISTRY, SHA256, ModelFiles, digest_of, listed, refuse
from pipeline.model_formats.fields import RefusedError, opened
from pipeline.model_formats.folder import MOST_BYTES, ModelFile, files_of, known_of

_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class Registered:
    """A model of the registry; `files` and `bytes` as the file system tells them, without reading any."""

    name: str
    sha256: str
    files: int
    bytes: int


def registry_at(place: str | None) -> Path:
    """The registry's folder: the one that is named, or that of `$GRISTMILL_MODELS`."""
    found = place or os.environ.get(REGISTRY)
    if not found:
        raise RecipeError(f"name the registry with --registry, or in {REGISTRY}")
    return Path(found).expanduser().absolute()


def add_model(folder: Path, name: str, registry: Path, most_bytes: int = MOST_BYTES) -> tuple[Path, str, bool]:
    """Where the model lies in the registry, its SHA-256, and whether it is new there.

    Raises:
        RecipeError: the folder holds what may not be loaded, or the name is none.
        StorageError: the registry cannot be written, or holds something else under this digest.
    """
    if not NAME.fullmatch(name):
        raise RecipeError(f"model {name!r}: a name has letters, digits and . _ + -")
    files = files_of(folder, most_bytes)
    refuse(folder, name, files)
    sha256 = digest_of(files)
    place = registry / name / sha256
    unfinished = place.with_name(f".{sha256}-{uuid4().hex}")
    try:
        new = False
        if not place.exists():
            _copy(folder, files, unfinished)
            if digest_of(files_of(unfinished, most_bytes)) != sha256:
                raise StorageError(f"{folder} changed while it was copied, or the copy is damaged")
            new = _take_name(unfinished, place)
        _write_list(place, listed(files))
        return _known(place, name, sha256, most_bytes), sha256, new
    except OSError as error:
        raise StorageError(f"{registry} cannot be written: {error}") from error
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def _copy(folder: Path, files: Sequence[ModelFile], target: Path) -> None:
    for each in files:
        copy = target / each.path
        copy.parent.mkdir(parents=True, exist_ok=True)
        try:
            with opened(folder / each.path) as source, copy.open("xb") as written:
                while source.left:
                    written.write(source.take(min(_BLOCK, source.left)))
                written.flush()
                os.fsync(written.fileno())
        except RefusedError as error:
            raise StorageError(f"{folder / each.path} changed while it was copied: {error}") from error
        copy.chmod(0o444)


def _take_name(unfinished: Path, place: Path) -> bool:
    """Whether the folder took the name; a folder with files in it is never replaced by a rename."""
    try:
        unfinished.rename(place)
    except OSError:
        if place.is_dir():
            return False
        raise
    return True


def _write_list(place: Path, text: str) -> None:
    """Puts the model's list beside its folder, for those who fetch it; always the same text under that name."""
    unfinished = place.with_name(f".{place.name}-{uuid4().hex}.txt")
    unfinished.write_text(text)
    unfinished.replace(place.with_name(f"{place.name}.txt"))


def _known(place: Path, name: str, sha256: str, most_bytes: int) -> Path:
    try:
        return ModelFiles(name=name, sha256=sha256, location=str(place), most_bytes=most_bytes).folder()
    except RecipeError as error:
        raise StorageError(f"the registry is damaged, remove {place}: {error}") from error


def models_in(registry: Path) -> Iterator[Registered]:
    """Every model of the registry, by name; what is no model is passed over."""
    try:
        for name in sorted(_folders(registry)):
            for sha256 in sorted(_folders(registry / name)):
                if NAME.fullmatch(name) and SHA256.fullmatch(sha256):
                    known = known_of(registry / name / sha256)
                    yield Registered(name, sha256, len(known), sum(each[2] for each in known.values()))
    except OSError as error:
        raise RecipeError(f"{registry} is no registry that can be read: {error.strerror}") from error


def _folders(place: Path) -> list[str]:
    with os.scandir(place) as entries:
        return [entry.name for entry in entries if entry.is_dir(follow_symlinks=False)]
