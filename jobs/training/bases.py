"""The folder that a model is built on: found where a recipe would find a model's files, whatever its digest."""

import hashlib
from importlib.util import find_spec
from pathlib import Path, PurePosixPath

from pipeline.errors import RecipeError
from pipeline.model_files import listing

PACKAGE = "package:"


def base_folder(location: str) -> Path:
    """The folder of `--base`: a path, or `package:PACKAGE/PATH`; RecipeError where there is none."""
    if not location:
        raise RecipeError("name a folder to build on with --base: static embeddings, or an encoder")
    found = _in_package(location) if location.startswith(PACKAGE) else Path(location).expanduser().absolute()
    if found is None or not found.is_dir():
        raise RecipeError(f"--base {location}: no such folder")
    return found


def _in_package(location: str) -> Path | None:
    package, _, inside = location.removeprefix(PACKAGE).partition("/")
    if not package.isidentifier() or ".." in PurePosixPath(inside).parts or inside.startswith("/"):
        raise RecipeError(f"--base {location} must be package:PACKAGE/PATH")
    spec = find_spec(package)
    folders = (spec.submodule_search_locations or ()) if spec else ()
    return next((place for folder in folders if (place := Path(folder) / inside).is_dir()), None)


def folder_digest(folder: Path) -> str:
    """The digest by which a recipe names a folder."""
    return hashlib.sha256(listing(folder).encode()).hexdigest()
