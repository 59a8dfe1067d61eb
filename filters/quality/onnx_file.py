"""Looks into an ONNX file before ONNX Runtime does: which operators it asks for, and which other files.

The format is protocol buffers: numbered fields, each a number, some bytes, or a message in bytes. Only the few fields that lead
to operators and to outside data are followed; weights are stepped over.
"""

import mmap
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from filters.quality.weights import is_plain
from pipeline.errors import RecipeError

DOMAINS = ("", "ai.onnx", "ai.onnx.ml", "com.microsoft")
"""Those whose operators ONNX Runtime has itself; any other would need a library of the model's own."""
_DEEPEST = 32  # graphs in graphs
_VARINT, _EIGHT, _BYTES, _FOUR = 0, 1, 2, 5

# Message: field: what kind of message is there. Numbers are those of onnx.proto3.
_MODEL = {7: "graph", 8: "opset", 25: "function"}
_FOLLOWED = {
    "model": _MODEL,
    "graph": {1: "node", 5: "tensor", 15: "sparse"},
    "function": {7: "node", 9: "opset"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse"},
    "sparse": {1: "tensor", 2: "tensor"},
    "tensor": {13: "outside"},
}
_TEXTS = {"node": {7: "domain"}, "opset": {1: "domain"}, "function": {10: "domain"}, "outside": {1: "key", 2: "value"}}


@dataclass(slots=True)
class Asked:
    """What a file asks for: domains of operators, and the files where weights lie. `graphs` is how many it has."""

    domains: set[str] = field(default_factory=set[str])
    files: set[str] = field(default_factory=set[str])
    graphs: int = 0


def check_onnx(path: Path) -> None:
    """RecipeError for what is no ONNX file, asks for operators of others, or for files outside its folder."""
    asked = asked_of(path)
    if strange := sorted(asked.domains - set(DOMAINS)):
        raise RecipeError(
            f"{path} asks for operators of {strange[0]!r}, which would be code of somebody else's; it is refused"
        )
    for name in sorted(asked.files):
        if not is_plain(name) or not (path.parent / name).is_file():
            raise RecipeError(f"{path} asks for weights in {name!r}, which is no file of its folder; it is refused")
    if not asked.graphs:
        raise RecipeError(f"{path} is no ONNX file: it has no graph")


def asked_of(path: Path) -> Asked:
    """What an ONNX file asks for; RecipeError where it cannot be read."""
    asked = Asked()
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as raw:
            view = memoryview(raw)
            try:
                _look(view, "model", asked, 0)
            finally:
                view.release()
    except (OSError, ValueError, IndexError) as error:  # mmap has no empty files
        raise RecipeError(f"{path} is no ONNX file: {error}") from error
    return asked


def _look(message: memoryview, kind: str, asked: Asked, depth: int) -> None:
    if depth > _DEEPEST * 3:  # a graph in a graph is three messages deeper
        raise ValueError(f"more than {_DEEPEST} graphs in one another")
    asked.graphs += kind == "graph"
    followed, texts = _FOLLOWED.get(kind, {}), _TEXTS.get(kind, {})
    said: dict[str, str] = {}
    for number, begin, end in _fields(message):
        if number in texts:
            said[texts[number]] = bytes(message[begin:end]).decode("utf-8", "backslashreplace")
        elif number in followed:
            inside = message[begin:end]
            try:
                _look(inside, followed[number], asked, depth + 1)
            finally:
                inside.release()
    if "domain" in said:
        asked.domains.add(said["domain"])
    if kind == "outside" and said.get("key") == "location":
        asked.files.add(said.get("value", ""))


def _fields(message: memoryview) -> Iterator[tuple[int, int, int]]:
    """The fields that hold bytes: number, begin, end."""
    at = 0
    while at < len(message):
        tag, at = _number(message, at)
        wire = tag & 7
        if wire == _VARINT:
            _, at = _number(message, at)
        elif wire in (_EIGHT, _FOUR):
            at += 8 if wire == _EIGHT else 4
        elif wire == _BYTES:
            size, at = _number(message, at)
            if at + size > len(message):
                raise ValueError("it is cut")
            yield tag >> 3, at, at + size
            at += size
        else:
            raise ValueError(f"a field of kind {wire}")
    if at > len(message):
        raise ValueError("it is cut")


def _number(message: memoryview, at: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        byte = message[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
    raise ValueError("a number of more than ten bytes")
