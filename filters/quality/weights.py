"""Which files of a model's folder hold its weights: safetensors, inside the folder, and nothing else."""

from pathlib import Path, PurePosixPath
from typing import Any

import orjson

from filters.quality.safetensors import Tensor, header
from pipeline.errors import RecipeError

ONE, INDEX = "model.safetensors", "model.safetensors.index.json"
_MOST_JSON = 100_000_000  # bytes; the largest tokenizers have 35 MB


def json_of(path: Path) -> dict[str, Any]:
    """The object that a JSON file holds; RecipeError where there is none."""
    try:
        if path.stat().st_size > _MOST_JSON:
            raise RecipeError(f"{path} has {path.stat().st_size:,} bytes, which no such file has")
        found: Any = orjson.loads(path.read_bytes())
    except OSError as error:
        raise RecipeError(f"{path} cannot be read: {error.strerror}") from error
    except orjson.JSONDecodeError as error:
        raise RecipeError(f"{path} is no JSON: {error}") from error
    if not isinstance(found, dict):
        raise RecipeError(f"{path} is no JSON object")
    return found


def weight_files(folder: Path) -> list[Path]:
    """The safetensors of a folder: one file, or those that its index names, all inside.

    Raises:
        RecipeError: there are none; weights of other formats are not read, because reading a pickle runs what is in it.
    """
    if (folder / ONE).is_file():
        return [folder / ONE]
    if not (folder / INDEX).is_file():
        raise RecipeError(f"{folder} has no {ONE}; weights in other formats (pickles) are not read")
    named: Any = json_of(folder / INDEX).get("weight_map")
    if not isinstance(named, dict) or not named:
        raise RecipeError(f"{folder / INDEX} names no weights")
    return [_inside(folder, name) for name in sorted(set(map(str, named.values())))]


def _inside(folder: Path, name: str) -> Path:
    if not is_plain(name) or not name.endswith(".safetensors"):
        raise RecipeError(f"{folder / INDEX}: {name!r} is no safetensors file in this folder")
    if not (folder / name).is_file():
        raise RecipeError(f"{folder} has no {name}, which {INDEX} names")
    return folder / name


def is_plain(name: str) -> bool:
    """Whether this is the name of a file, with no way into another folder."""
    return (
        PurePosixPath(name).parts == (name,) and name not in ("", ".", "..") and "\\" not in name and "\0" not in name
    )


def tensors_of(folder: Path) -> dict[str, Tensor]:
    """What the headers of a folder's weights say; RecipeError where one is damaged. No number is read."""
    tensors: dict[str, Tensor] = {}
    for path in weight_files(folder):
        tensors |= header(path)
    return tensors
