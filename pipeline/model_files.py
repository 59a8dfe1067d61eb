"""A model of several files, named by the digest of the list of them: what a folder must hold, and nothing else that is read."""

import hashlib
import os
import re
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path, PurePosixPath

from pipeline.errors import RecipeError
from pipeline.identity import NOT_IDENTITY
from pipeline.model_formats.folder import MOST_BYTES, ModelFile, files_of, known_of
from pipeline.remote.model_fetching import fetched_model

REGISTRY = "GRISTMILL_MODELS"
"""The variable that names the registry: the folder or address below which `<name>/<sha256>/` holds a model."""
NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._+-]{0,99}")
"""What a model may be called: a folder in the registry has that name."""
_NAMED = 4  # files in an error
SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFiles:
    """A folder whose list of files (`listing`) has this SHA-256. Where it lies is no part of what it is.

    `location` is a folder, `package:PACKAGE/PATH` (of an installed package, found without importing it), the address of a
    registry (`s3://BUCKET/PREFIX` or `https://…`), from which the model is fetched once, or empty: then it is in the registry
    that `$GRISTMILL_MODELS` names. A model with more than `most_bytes` is refused.
    """

    sha256: str
    name: str = field(metadata=NOT_IDENTITY, compare=False)
    location: str = field(default="", metadata=NOT_IDENTITY, compare=False)
    most_bytes: int = field(default=MOST_BYTES, metadata=NOT_IDENTITY, compare=False)

    def __post_init__(self) -> None:
        if not SHA256.fullmatch(self.sha256):
            raise RecipeError(f"model {self.name}: {self.sha256!r} is no SHA-256 (64 lower-case hexadecimal digits)")

    def folder(self) -> Path:
        """The folder, every file of which was read, may be loaded, and has the digest that the list says.

        Raises:
            RecipeError: it is missing, cannot be read, holds what may not be loaded, or is another model.
        """
        return self._checked()[0]

    @contextmanager
    def held(self) -> Generator[Path]:
        """The same, for as long as a library reads the files: RecipeError at the end where one was changed meanwhile."""
        folder, files = self._checked()
        yield folder
        if known_of(folder) != {each.path: each.known for each in files}:
            raise RecipeError(f"model {self.name}: {folder} was changed while it was loaded")

    def place(self) -> Path | None:
        """Where the folder should be; None for a package that is not there. A model from an address is fetched.

        Raises:
            RecipeError: no place is named, or nothing or something else is at the address.
            TransientError: the network failed.
            StorageError: the cache folder cannot be written.
        """
        registry = self.location or os.environ.get(REGISTRY, "")
        if ("://" in registry or not self.location) and not NAME.fullmatch(self.name):
            raise RecipeError(f"model {self.name!r}: in a registry a name has letters, digits and . _ + - alone")
        if "://" in registry:
            return fetched_model(registry, self.name, self.sha256)
        if not registry:
            raise RecipeError(f"model {self.name}: name its folder, or the registry in {REGISTRY}")
        if not self.location:
            return Path(registry).expanduser().absolute() / self.name / self.sha256
        if not self.location.startswith("package:"):
            return Path(self.location).expanduser().absolute()
        package, _, inside = self.location.removeprefix("package:").partition("/")
        path = PurePosixPath(inside)
        if not package.isidentifier() or path.is_absolute() or ".." in path.parts or "\\" in inside:
            raise RecipeError(f"model {self.name}: {self.location!r} must be package:PACKAGE/PATH")
        return _in_package(package, inside)

    def _checked(self) -> tuple[Path, tuple[ModelFile, ...]]:
        found = self.place()
        if found is None or not found.is_dir():
            raise RecipeError(f"model {self.name}: no folder at {found or self.location}")
        files = files_of(found, self.most_bytes)
        refuse(found, self.name, files)
        digest = digest_of(files)
        if digest != self.sha256:
            raise RecipeError(
                f"model {self.name}: the files in {found} are {digest}, but the recipe names {self.sha256}"
            )
        return found, files


def refuse(folder: Path, name: str, files: Sequence[ModelFile]) -> None:
    """RecipeError for files that may not lie in a model's folder, naming the first ones."""
    if refused := [each for each in files if each.refused]:
        more = "".join(f"; {each.path}: {each.refused}" for each in refused[1:_NAMED])
        raise RecipeError(f"model {name}: {folder / refused[0].path} is refused: {refused[0].refused}{more}")


def _in_package(package: str, inside: str) -> Path | None:
    try:
        spec = find_spec(package)
    except ValueError:  # a half-initialised module of that name
        return None
    folders = (spec.submodule_search_locations or ()) if spec else ()
    return next((place for folder in folders if (place := Path(folder) / inside).is_dir()), None)


def listing(folder: Path) -> str:
    """The files of a folder, a line each: SHA-256, two spaces, path; sorted by path, as `sha256sum` writes them.

    RecipeError for a link, which might lead out, and for what else is no file that means the same everywhere.
    """
    return listed(files_of(folder))


def digest_of(files: Sequence[ModelFile]) -> str:
    """The SHA-256 of the list of files, by which a recipe names them."""
    return hashlib.sha256(listed(files).encode()).hexdigest()


def listed(files: Sequence[ModelFile]) -> str:
    """The list itself, of files that were looked through."""
    return "".join(f"{each.sha256}  {each.path}\n" for each in files)
