"""Looks at the head of a file that a library will read by itself, before it does: is it of that kind, and whole."""

import struct
from pathlib import Path

from pipeline.errors import RecipeError

_FASTTEXT, _VERSIONS = 793_712_314, (11, 12)
_HEAD = struct.Struct("<ii")


def check_fasttext(path: Path, name: str) -> None:
    """RecipeError where the file does not begin as fastText's models do."""
    with path.open("rb") as file:
        head = file.read(_HEAD.size)
    if len(head) < _HEAD.size or _HEAD.unpack(head)[0] != _FASTTEXT or _HEAD.unpack(head)[1] not in _VERSIONS:
        raise RecipeError(f"quality: {name} ({path}) is no fastText model")
