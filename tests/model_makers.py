"""Files of models, made by hand or by the library that they are for, and files that would leave a mark if they were run."""

import json
import os
import pickle
import struct
import subprocess
import sys
import zipfile
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from jobs.training.fasttext_classifier import FRESH

WORDS = (
    "corn",
    "rye",
    "wheat",
    "barley",
    "oats",
    "millet",
    "spelt",
    "flour",
    "bran",
    "grist",
    "mill",
    "stone",
    "sack",
    "sail",
)


def safetensors(header: Any, data: bytes = b"") -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def tensor(dtype: str, shape: list[int], start: int, stop: int) -> dict[str, Any]:
    return {"dtype": dtype, "shape": shape, "data_offsets": [start, stop]}


def two_tensors() -> bytes:
    header = {"__metadata__": {"format": "pt"}, "a": tensor("F32", [2, 3], 0, 24), "b": tensor("BF16", [4], 24, 32)}
    return safetensors(header, bytes(32))


class Trap:
    """Pickled, a command that makes the file `mark`."""

    def __init__(self, mark: Path) -> None:
        self._mark = mark

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        import os

        return os.system, (f"touch {self._mark}",)


def trapped(mark: Path, protocol: int = 4) -> bytes:
    return pickle.dumps(Trap(mark), protocol)


def trapped_checkpoint(path: Path, mark: Path) -> None:
    """What torch.save writes: a zip with a pickle in it."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", trapped(mark, 2))
        archive.writestr("archive/version", "3\n")


TRAIN = """
import json, sys
import fasttext
text, path, how, compressed = *sys.argv[1:3], *map(json.loads, sys.argv[3:])
train = fasttext.train_supervised if how.pop("supervised", True) else fasttext.train_unsupervised
train(text, **how).save_model(path)
if compressed:
    model = fasttext.load_model(path)
    model.quantize(text, retrain=True, cutoff=300, dsub=2, qnorm=True)
    model.save_model(path)
"""


@cache
def fasttext_model(*, labels: int = 2, compressed: bool = False, **how: Any) -> bytes:
    """A real model of generated lines. fastText 0.9.2 reads memory it never wrote: what is fresh from the system is zeros."""
    lines = [
        f"__label__{n % labels} {' '.join(WORDS[n * k % len(WORDS)] for k in range(1, 9))} w{n}" for n in range(400)
    ]
    options = {"epoch": 1, "bucket": 50, "minCount": 1, "thread": 1, "verbose": 0} | how
    with TemporaryDirectory() as folder:
        text, path = Path(folder, "text"), Path(folder, "model.bin")
        text.write_text("\n".join(lines) + "\n")
        for dim in range(16, 84, 4):
            told = [json.dumps(options | {"dim": dim}), json.dumps(compressed)]
            command = [sys.executable, "-c", TRAIN, str(text), str(path), *told]
            if not subprocess.run(command, check=False, capture_output=True, env=os.environ | FRESH).returncode:
                return path.read_bytes()
    raise AssertionError("fastText trained no model in twenty tries")


def varint(number: int) -> bytes:
    found = bytearray()
    while number > 0x7F:
        found.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*found, number])


def message(*fields: tuple[int, int | bytes | str]) -> bytes:
    """A message of protocol buffers."""
    pieces: list[bytes] = []
    for field, value in fields:
        if isinstance(value, int):
            pieces.append(varint(field << 3) + varint(value))
        else:
            data = value.encode() if isinstance(value, str) else value
            pieces.append(varint(field << 3 | 2) + varint(len(data)) + data)
    return b"".join(pieces)


def node(operator: str, domain: str = "", *attributes: bytes) -> tuple[int, bytes]:
    return 1, message((1, "x"), (2, "y"), (4, operator), (7, domain), *((5, each) for each in attributes))


def weights(shape: Iterable[int], *more: tuple[int, int | bytes | str], kind: int = 1) -> tuple[int, bytes]:
    return 5, message(*((1, size) for size in shape), (2, kind), (8, "w"), *more)


def external(**places: str) -> list[tuple[int, int | bytes | str]]:
    return [*((13, message((1, key), (2, value))) for key, value in places.items()), (14, 1)]


def onnx_model(*graph: tuple[int, int | bytes | str], more: Iterable[tuple[int, int | bytes | str]] = ()) -> bytes:
    return message((1, 8), (7, message(*graph, (2, "g"))), (8, message((1, ""), (2, 17))), *more)


SANITY = struct.pack(
    "<56s3f3IQ",
    b"mmap lm http://kheafield.com/code format version 5\n".ljust(56, b"\0"),
    0,
    1,
    -0.5,
    1,
    (1 << 32) - 1,
    0,
    1,
)


def kenlm(
    counts: Iterable[int], *, multiplier: float = 1.5, kind: int = 2, order: int | None = None, size: int = 4096
) -> bytes:
    """The head of a trie, or of another kind, and nothing."""
    known = list(counts)
    fixed = struct.pack("<B3xfiB3xI", len(known) if order is None else order, multiplier, kind, 1, kind > 1)
    return SANITY + fixed + struct.pack(f"<{len(known)}Q", *known) + bytes(size)


ARPA = """\\data\\
ngram 1=4
ngram 2=2

\\1-grams:
-1.0\t<unk>\t0
0\t<s>\t-0.3
-1.2\t</s>\t0
-0.5\tcorn\t-0.2

\\2-grams:
-0.3\t<s> corn
-0.2\tcorn </s>

\\end\\
"""


def model_folder(folder: Path, **files: bytes | str) -> Path:
    """A small sound model, and more files or others; `__` in a name stands for a dot, and None for no file."""
    sound: dict[str, Any] = {
        "config__json": json.dumps({"model_type": "bert", "_name_or_path": "/data/somebody/model", "hidden_size": 4}),
        "model__safetensors": two_tensors(),
        "tokenizer__json": json.dumps({"model": {"type": "WordLevel", "vocab": {"auto_map": 0, "../up": 1}}}),
        "vocab__txt": "[PAD]\n[UNK]\ncorn\n",
        "README__md": "# A model\n",
        "LICENSE": "Apache-2.0\n",
    }
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in (sound | files).items():
        if content is not None:
            path = folder / name.replace("__", ".")
            path.parent.mkdir(exist_ok=True, parents=True)
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder
