"""A model of several files, named by the digest of the list of them: what a folder must hold, and nothing else that is read."""

import hashlib
import os
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path, PurePosixPath

from pipeline.errors import RecipeError
from pipeline.identity import NOT_IDENTITY

REGISTRY = "GRISTMILL_MODELS"
"""The variable that names the folder of models: `<name>/<sha256>/` in it holds one."""
MOST_FILES = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFiles:
    """A folder whose list of files (`listing`) has this SHA-256. Where it lies is no part of what it is.

    `location` is a folder, `package:PACKAGE/PATH` (of an installed package, found without importing it), or empty: then it is
    `<name>/<sha256>` in the folder that `$GRISTMILL_MODELS` names.
    """

    sha256: str
    name: str = field(metadata=NOT_IDENTITY, compare=False)
    location: str = field(default="", metadata=NOT_IDENTITY, compare=False)

    def folder(self) -> Path:
        """The folder, every file of which was read and has the digest that the list says.

        Raises:
            RecipeError: it is missing, cannot be read, or is another model.
        """
        found = self._place()
        if found is None or not found.is_dir():
            raise RecipeError(f"model {self.name}: no folder at {found or self.location}")
        digest = hashlib.sha256(listing(found).encode()).hexdigest()
        if digest != self.sha256:
            raise RecipeError(
                f"model {self.name}: the files in {found} are {digest}, but the recipe names {self.sha256}"
            )
        return found

    def _place(self) -> Path | None:
        if not self.location:
            registry = os.environ.get(REGISTRY)
            if not registry:
                raise RecipeError(f"model {self.name}: name its folder, or the registry in {REGISTRY}")
            return Path(registry).expanduser() / self.name / self.sha256
        if not self.location.startswith("package:"):
            return Path(self.location).expanduser().absolute()
        package, _, inside = self.location.removeprefix("package:").partition("/")
        if not package.isidentifier() or ".." in PurePosixPath(inside).parts:
            raise RecipeError(f"model {self.name}: {self.location!r} must be package:PACKAGE/PATH")
        spec = find_spec(package)
        folders = (spec.submodule_search_locations or ()) if spec else ()
        return next((place for folder in folders if (place := Path(folder) / inside).is_dir()), None)


def listing(folder: Path) -> str:
    """The files of a folder, a line each: SHA-256, two spaces, path; sorted by path, as `sha256sum` writes them.

    RecipeError for a link, which might lead out, and for what cannot be read.
    """
    lines: list[str] = []
    try:
        for path in sorted(folder.rglob("*"), key=lambda each: each.relative_to(folder).as_posix()):
            if path.is_symlink():
                raise RecipeError(f"{path} is a link; a model's files lie in its folder")
            if path.is_file():
                known = path.stat()
                digest = _digest(str(path), known.st_ino, known.st_size, known.st_mtime_ns)
                lines.append(f"{digest}  {path.relative_to(folder).as_posix()}\n")
            if len(lines) > MOST_FILES:
                raise RecipeError(f"{folder} has more than {MOST_FILES} files, which no model has")
    except OSError as error:
        raise RecipeError(f"{folder} cannot be read: {error}") from error
    return "".join(lines)


@lru_cache(maxsize=256)  # once a process and file: it is asked for at every part
def _digest(path: str, inode: int, size: int, mtime_ns: int) -> str:  # noqa: ARG001  a changed file is another key
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
