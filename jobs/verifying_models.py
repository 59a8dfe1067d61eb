"""What `gristmill models verify` finds in a folder, and in the files that a recipe's models name."""

from collections.abc import Iterator
from dataclasses import asdict, fields, is_dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from jobs.quality_models import file_digest
from pipeline.assets import Asset
from pipeline.errors import GristmillError, RecipeError
from pipeline.model_files import SHA256, ModelFiles, digest_of
from pipeline.model_formats.fields import RefusedError
from pipeline.model_formats.folder import MOST_BYTES, files_of
from pipeline.model_formats.kinds import look
from pipeline.quality import QualityModel

_TOLD = ("path", "bytes", "sha256", "kind", "holds", "refused")


def verified_folder(place: str, wanted: str | None = None, most_bytes: int = MOST_BYTES) -> dict[str, Any]:
    """A folder's files and their digest. `wanted` is the one it should have; in a registry its own name says it."""
    folder = Path(place).expanduser().absolute()
    wanted = wanted or (folder.name if SHA256.fullmatch(folder.name) else None)
    found: dict[str, Any] = {"name": folder.name, "folder": str(folder), "sha256": "", "files": [], "problems": []}
    if not folder.is_dir():
        raise RecipeError(f"{folder} is no folder")
    try:
        files = files_of(folder, most_bytes)
    except RecipeError as error:
        return found | {"problems": [str(error)], "sound": False}
    digest = digest_of(files)
    problems = [] if wanted in (None, digest) else [f"its files are {digest}, and should be {wanted}"]
    if not files:
        problems.append("it is empty")
    refused = any(each.refused for each in files)
    told = [{key: value for key, value in asdict(each).items() if key in _TOLD} for each in files]
    return found | {"sha256": digest, "files": told, "problems": problems, "sound": not refused and not problems}


def verified_file(place: str) -> dict[str, Any]:
    """A model of a single file, which a recipe names by the file's own digest."""
    path = Path(place).expanduser().absolute()
    digest = file_digest(path)
    found = _file(Asset(sha256=digest, name=path.name, location=str(path)))
    sound = not found["problems"] and not found["files"][0]["refused"]
    return {"name": path.name, "folder": str(path.parent), "sha256": digest, **found, "sound": sound}


def verified_model(model: QualityModel) -> dict[str, Any]:
    """What a recipe's model stands on, and what the model itself says of it; nothing is loaded."""
    problems, listed = list[str](), list[dict[str, Any]]()
    for each in _stands_on(model):
        found = _folder(each) if isinstance(each, ModelFiles) else _file(each)
        problems += found["problems"]
        listed += found["files"]
    try:
        model.check()
    except GristmillError as error:
        problems += [str(error)] if str(error) not in problems else []
    sound = not problems and not any(each["refused"] for each in listed)
    return {"name": model.column, "sha256": "", "files": listed, "problems": problems, "sound": sound}


def _stands_on(value: Any) -> Iterator[Asset | ModelFiles]:
    if isinstance(value, Asset | ModelFiles):
        yield value
    elif is_dataclass(value):
        for each in fields(value):
            yield from _stands_on(getattr(value, each.name))
    elif isinstance(value, tuple):
        for each in value:
            yield from _stands_on(each)


def _folder(model: ModelFiles) -> dict[str, Any]:
    try:
        place = model.place()
        if place is None:
            raise RecipeError(f"model {model.name}: no folder at {model.location}")
        return verified_folder(str(place), model.sha256, model.most_bytes)
    except GristmillError as error:
        return {"files": [], "problems": [str(error)]}


def _file(asset: Asset) -> dict[str, Any]:
    """A single file; word lists and tokenizers of JSON are looked at by their names, models by their content."""
    try:
        path = asset.path()
    except GristmillError as error:
        return {"files": [], "problems": [str(error)]}
    told: dict[str, Any] = {"path": str(path), "bytes": path.stat().st_size, "sha256": asset.sha256}
    kind = holds = refused = ""
    name = PurePosixPath(asset.name if PurePosixPath(asset.name).suffix else asset.location)
    try:
        kind, holds = look(path.resolve(), PurePosixPath(name.name), {})
    except RefusedError as error:
        refused = str(error)
    return {"files": [told | {"kind": kind, "holds": holds, "refused": refused}], "problems": []}
