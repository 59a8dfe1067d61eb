"""Reads and writes safetensors files: a JSON header of names, types and places, then plain numbers; nothing in it can run.

The format is that of https://github.com/huggingface/safetensors ("Format"). The header is checked whole before a number is taken:
each tensor has the bytes that its type and shape ask for, and all of them together cover the data once, without a gap.
"""

import json
import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeGuard

import numpy as np
import numpy.typing as npt

from pipeline.errors import RecipeError

MOST_HEADER = 100_000_000  # bytes, as the format's own reader allows
MOST_DIMENSIONS = 32

Array = npt.NDArray[Any]

_LENGTH = struct.Struct("<Q")
_ALIGNED = 8  # bytes: where the data begins
_TYPES = {
    "F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2", "I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "|i1",
    "U64": "<u8", "U32": "<u4", "U16": "<u2", "U8": "|u1", "BOOL": "|b1",
}  # fmt: skip
_NAMES = {kind: name for name, kind in _TYPES.items() if name != "BF16"}


@dataclass(frozen=True, slots=True)
class Tensor:
    """What a header says of a tensor: its type as the format names it, its shape, and its bytes from `start` to `end`."""

    kind: str
    shape: tuple[int, ...]
    start: int
    end: int


def header(path: Path) -> dict[str, Tensor]:
    """The tensors of a file, without their numbers.

    Raises:
        RecipeError: it cannot be read, or is no whole safetensors file.
    """
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            length = _header_length(file.read(_LENGTH.size), size, path)
            raw = file.read(length)
    except OSError as error:
        raise RecipeError(f"{path} cannot be read: {error.strerror}") from error
    return _checked(_parsed(raw, path), size - _LENGTH.size - length, path)


def read(path: Path) -> dict[str, Array]:
    """All tensors by name, read-only; those of bfloat16 as float32, which holds the same numbers. Errors as `header`."""
    known = header(path)
    try:
        data = memoryview(path.read_bytes())
    except OSError as error:
        raise RecipeError(f"{path} cannot be read: {error.strerror}") from error
    begin = _LENGTH.size + _LENGTH.unpack(data[: _LENGTH.size])[0]
    if len(data) - begin != max((tensor.end for tensor in known.values()), default=0):
        raise RecipeError(f"{path} changed while it was read")
    return {name: _array(tensor, data[begin + tensor.start : begin + tensor.end]) for name, tensor in known.items()}


def write(path: Path, tensors: Mapping[str, Array], metadata: Mapping[str, str] | None = None) -> None:
    """Writes a new file: equal tensors give equal bytes, whatever their order. ValueError for a type the format does not have."""
    arrays = {name: _plain(tensors[name], name) for name in sorted(tensors)}
    order = sorted(arrays, key=lambda name: -arrays[name].itemsize)  # so that each stands where its type may stand
    told: dict[str, Any] = {"__metadata__": dict(sorted(metadata.items()))} if metadata else {}
    end = 0
    for name in order:
        start, end = end, end + arrays[name].nbytes
        kind = _NAMES[arrays[name].dtype.str]
        told[name] = {"dtype": kind, "shape": list(arrays[name].shape), "data_offsets": [start, end]}
    raw = json.dumps(told, separators=(",", ":"), ensure_ascii=False).encode()
    raw += b" " * (-len(raw) % _ALIGNED)
    with path.open("xb") as file:
        file.write(_LENGTH.pack(len(raw)) + raw)
        for name in order:
            file.write(arrays[name].tobytes())


def _plain(array: Array, name: str) -> Array:
    plain = np.asarray(array)  # not ascontiguousarray, which makes a list of a single number
    little = plain.astype(plain.dtype.newbyteorder("<"), copy=False)
    if little.dtype.str not in _NAMES:
        raise ValueError(f"tensor {name} is {plain.dtype}, which safetensors does not hold")
    return little


def _array(tensor: Tensor, data: memoryview) -> Array:
    numbers = np.frombuffer(data, np.dtype(_TYPES[tensor.kind])).reshape(tensor.shape)
    return (numbers.astype("<u4") << 16).view("<f4") if tensor.kind == "BF16" else numbers


def _header_length(head: bytes, size: int, path: Path) -> int:
    length = _LENGTH.unpack(head)[0] if len(head) == _LENGTH.size else -1
    if not 2 <= length <= min(MOST_HEADER, size - _LENGTH.size):
        raise RecipeError(f"{path} is no safetensors file: its header would have {max(length, 0):,} of {size:,} bytes")
    return length


def _parsed(raw: bytes, path: Path) -> dict[str, Any]:
    try:
        told = json.loads(raw, object_pairs_hook=_single) if raw.startswith(b"{") else None
    except (ValueError, RecursionError) as error:
        raise RecipeError(f"{path} is no safetensors file: its header is no JSON ({error})") from error
    if not isinstance(told, dict):
        raise RecipeError(f"{path} is no safetensors file: its header is no JSON object")
    return told


def _single(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name is there twice")
    return found


def _checked(told: dict[str, Any], size: int, path: Path) -> dict[str, Tensor]:
    """The tensors, which lie one behind the other in `size` bytes of data."""
    found = {name: _tensor(value, f"{path}, tensor {name}") for name, value in told.items() if name != "__metadata__"}
    end = 0
    for name, tensor in sorted(found.items(), key=lambda each: (each[1].start, each[1].end)):
        if tensor.start != end:
            raise RecipeError(
                f"{path}, tensor {name}: its bytes begin at {tensor.start}, not at {end} behind the others'"
            )
        end = tensor.end
    if end != size:
        raise RecipeError(f"{path}: the tensors have {end:,} bytes, and the file {size:,} for them")
    return found


def _tensor(told: Any, where: str) -> Tensor:
    known: dict[str, Any] = told if isinstance(told, dict) else {}
    kind, shape, place = known.get("dtype"), known.get("shape"), known.get("data_offsets")
    if not isinstance(kind, str) or kind not in _TYPES:
        raise RecipeError(f"{where}: its type is {kind!r}, and can be {', '.join(_TYPES)}")
    if not _whole(shape, MOST_DIMENSIONS) or not _whole(place, 2) or len(place) < 2:
        raise RecipeError(f"{where}: shape and data_offsets must be lists of whole numbers from 0 on")
    start, end = place
    wanted = math.prod(shape) * np.dtype(_TYPES[kind]).itemsize
    if end - start != wanted:
        raise RecipeError(f"{where}: {end - start:,} bytes for a shape of {shape}, which takes {wanted:,}")
    return Tensor(kind, tuple(shape), start, end)


def _whole(value: Any, most: int) -> TypeGuard[list[int]]:
    if not isinstance(value, list) or len(value) > most:
        return False
    return all(type(each) is int and 0 <= each < 1 << 63 for each in value)
