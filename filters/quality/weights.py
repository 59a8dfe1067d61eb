"""Which files of a model's folder hold its weights: safetensors, inside the folder, and nothing else."""

from pathlib import Path
from typing import Any

from filters.quality.model_file import json_of
from filters.quality.safetensors import Tensor, header
from pipeline.errors import RecipeError

ONE, INDEX = "model.safetensors", "model.safetensors.index.json"


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
    there = {path.name: path for path in folder.glob("*.safetensors") if path.is_file()}
    names = sorted(set(map(str, named.values())))
    if strange := [name for name in names if name not in there]:
        raise RecipeError(f"{folder / INDEX}: {strange[0]!r} is no safetensors file in this folder")
    return [there[name] for name in names]


def tensors_of(folder: Path) -> dict[str, Tensor]:
    """What the headers of a folder's weights say; RecipeError where one is damaged. No number is read."""
    tensors: dict[str, Tensor] = {}
    for path in weight_files(folder):
        tensors |= header(path)
    return tensors
