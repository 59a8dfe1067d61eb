"""Safetensors: a header of JSON that says where in the file each tensor lies, and nothing that could be executed."""

import json
from dataclasses import dataclass
from math import prod
from typing import Any

from pipeline.model_formats.fields import Fields, RefusedError

MOST_HEADER_BYTES = 100_000_000  # as the library has it
_MOST_DIMENSIONS = 32
_BYTES = {
    **dict.fromkeys(("BOOL", "U8", "I8", "F8_E5M2", "F8_E4M3", "F8_E8M0"), 1),
    **dict.fromkeys(("I16", "U16", "F16", "BF16"), 2),
    **dict.fromkeys(("I32", "U32", "F32"), 4),
    **dict.fromkeys(("I64", "U64", "F64", "C64"), 8),
}
_METADATA = "__metadata__"


@dataclass(frozen=True, slots=True)
class Tensor:
    """What a header says of a tensor: its type as the format names it, its shape, and its bytes from `start` to `end`."""

    kind: str
    shape: tuple[int, ...]
    start: int
    end: int


def check_safetensors(fields: Fields) -> str:
    """How many tensors there are; RefusedError as `tensors_in`."""
    return f"{len(tensors_in(fields))} tensors"


def tensors_in(fields: Fields) -> dict[str, Tensor]:
    """The tensors of the header, by name; their numbers are what is left, and `start` and `end` count from there.

    RefusedError unless each lies in the file, with the bytes of its shape, and together they fill it.
    """
    length = fields.number("<Q")
    if length > min(fields.left, MOST_HEADER_BYTES):
        raise RefusedError(f"its header of {length:,} bytes does not fit")
    header = _parsed(fields.take(length))
    metadata = header.pop(_METADATA, {})
    if not isinstance(metadata, dict) or not all(isinstance(text, str) for text in metadata.values()):
        raise RefusedError("its metadata are not text")
    found = {name: _tensor(name, told) for name, told in header.items()}
    end = 0
    for start, stop in sorted((each.start, each.end) for each in found.values()):
        if start != end:
            raise RefusedError(f"its tensors overlap or leave a gap at {min(start, end):,}")
        end = stop
    if end != fields.left:
        raise RefusedError(f"its tensors take {end:,} bytes, and {fields.left:,} follow the header")
    return found


def _parsed(text: bytes) -> dict[str, Any]:
    if not text.startswith(b"{"):
        raise RefusedError("its header is no JSON object")
    try:
        return dict(json.loads(text, object_pairs_hook=_once, parse_constant=_no_number))
    except (ValueError, RecursionError) as error:
        raise RefusedError(f"its header cannot be read: {error}") from error


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name comes twice")
    return found


def _no_number(text: str) -> None:
    raise ValueError(f"{text} is no number of JSON")


def _tensor(name: str, told: Any) -> Tensor:
    try:
        kind, shape, (start, stop) = told["dtype"], told["shape"], told["data_offsets"]
        size = _BYTES[kind]
    except (KeyError, TypeError, ValueError) as error:
        raise RefusedError(f"its tensor {name!r} has no type, shape or place that is known") from error
    numbers = [start, stop, *shape] if isinstance(shape, list) else [None]
    if not all(type(number) is int and 0 <= number < 1 << 63 for number in numbers):
        raise RefusedError(f"its tensor {name!r} has no shape and place in whole numbers")
    if len(shape) > _MOST_DIMENSIONS:
        raise RefusedError(f"its tensor {name!r} has {len(shape)} dimensions, and can have {_MOST_DIMENSIONS}")
    if stop - start != prod(shape) * size:
        raise RefusedError(f"its tensor {name!r} has {stop - start:,} bytes for a shape of {prod(shape) * size:,}")
    return Tensor(kind, tuple(shape), start, stop)
