"""Reads and writes safetensors files: a JSON header of names, types and places, then plain numbers; nothing in it can run.

The format is that of https://github.com/huggingface/safetensors ("Format"). The header is checked whole before a number is taken.
"""

import json
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from filters.quality.model_file import looked_at
from pipeline.model_formats.fields import Fields, RefusedError
from pipeline.model_formats.safetensors import Tensor, tensors_in

Array = npt.NDArray[Any]

_LENGTH = struct.Struct("<Q")
_ALIGNED = 8  # bytes: where the data begins
_TYPES = {
    "F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2", "I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "|i1",
    "U64": "<u8", "U32": "<u4", "U16": "<u2", "U8": "|u1", "BOOL": "|b1",
}  # fmt: skip
_NAMES = {kind: name for name, kind in _TYPES.items() if name != "BF16"}


def header(path: Path) -> dict[str, Tensor]:
    """The tensors of a file, without their numbers.

    Raises:
        RecipeError: it cannot be read, is no whole safetensors file, or has numbers that NumPy has not.
    """
    with looked_at(path) as fields:
        return _known(fields)


def read(path: Path) -> dict[str, Array]:
    """All tensors by name, read-only; those of bfloat16 as float32, which holds the same numbers. Errors as `header`."""
    with looked_at(path) as fields:
        known = _known(fields)
        data = memoryview(fields.take(fields.left))
    return {name: _array(tensor, data[tensor.start : tensor.end]) for name, tensor in known.items()}


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


def _known(fields: Fields) -> dict[str, Tensor]:
    found = tensors_in(fields)
    for name, tensor in found.items():
        if tensor.kind not in _TYPES:
            raise RefusedError(f"its tensor {name!r} is {tensor.kind}; what can be read is {', '.join(_TYPES)}")
    return found


def _plain(array: Array, name: str) -> Array:
    plain = np.asarray(array)  # not ascontiguousarray, which makes a list of a single number
    little = plain.astype(plain.dtype.newbyteorder("<"), copy=False)
    if little.dtype.str not in _NAMES:
        raise ValueError(f"tensor {name} is {plain.dtype}, which safetensors does not hold")
    return little


def _array(tensor: Tensor, data: memoryview) -> Array:
    numbers = np.frombuffer(data, np.dtype(_TYPES[tensor.kind])).reshape(tensor.shape)
    return (numbers.astype("<u4") << 16).view("<f4") if tensor.kind == "BF16" else numbers
