"""Which files a model may have, by name, and what each is held against."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath

from pipeline.model_formats.fasttext import MAGIC, check_fasttext
from pipeline.model_formats.fields import Fields, RefusedError, opened
from pipeline.model_formats.kenlm_binaries import check_kenlm
from pipeline.model_formats.language_models import check_arpa
from pipeline.model_formats.onnx import check_onnx
from pipeline.model_formats.pickles import refuse_pickles
from pipeline.model_formats.safetensors import check_safetensors
from pipeline.model_formats.settings import check_settings

NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._+-]{0,199}|\.gitattributes")
"""What a file or folder may be called: the same on every file system, and a word in a list."""
MOST_TEXT_BYTES = 256 << 20

_KINDS = {
    ".safetensors": "safetensors",
    ".onnx": "onnx",
    ".onnx_data": "weights",
    ".data": "weights",
    ".bin": "fasttext",
    ".ftz": "fasttext",
    ".arpa": "arpa",
    ".binary": "kenlm",
    ".klm": "kenlm",
    ".json": "settings",
    ".txt": "text",
    ".md": "text",
}
_TEXTS = re.compile(r"(?:LICEN[CS]E|NOTICE|COPYING|README|SHA256SUMS|\.gitattributes)")
_WHY = {
    **dict.fromkeys((".pt", ".pth", ".pkl", ".pickle", ".ckpt", ".joblib"), "pickles run code when they are loaded"),
    **dict.fromkeys((".npy", ".npz"), "arrays of NumPy may hold pickles"),
    **dict.fromkeys((".py", ".pyc", ".pyd", ".so", ".dll", ".dylib", ".sh", ".ipynb"), "it is code"),
    **dict.fromkeys((".h5", ".keras", ".pb"), "it may hold code"),
    **dict.fromkeys((".zip", ".tar", ".gz", ".xz", ".bz2", ".zst", ".mar"), "nobody can see what an archive holds"),
    ".msgpack": "it is another library's",
}
_ALLOWED = "safetensors, ONNX, fastText and KenLM files, JSON, text and a license may lie there"


def kind_of(path: PurePosixPath) -> str:
    """What a file should be by its name; RefusedError where no such file may lie beside a model."""
    name = path.name
    if re.match(r"pytorch_model.*\.bin$|training_args\.bin$|.*optimizer.*\.bin$", name):
        raise RefusedError("it is a pickle of PyTorch, and pickles run code when they are loaded")
    kind = "text" if _TEXTS.fullmatch(name) else _KINDS.get(path.suffix.lower())
    if kind is None or (path.suffix == ".data" and not name.endswith(".onnx.data")):
        raise RefusedError(f"{_WHY.get(path.suffix.lower(), 'nothing is known of such files')}; {_ALLOWED}")
    return kind


def look(file: Path, path: PurePosixPath, sizes: Mapping[str, int]) -> tuple[str, str]:
    """What a file is, and some words on what it holds; `path` is its place in the folder, where files have `sizes`.

    RefusedError where it may not lie there, or is not what its name says.
    """
    kind = kind_of(path)
    with opened(file) as fields:
        refuse_pickles(fields)
        if kind == "fasttext" and fields.size >= 4 and int.from_bytes(fields.take(4), "little") != MAGIC:
            kind = "kenlm"  # whose binaries are often called so
        fields.back_to(0)
        return kind, _check(kind, fields, path, sizes)


def _check(kind: str, fields: Fields, path: PurePosixPath, sizes: Mapping[str, int]) -> str:
    checks: dict[str, Callable[[Fields], str]] = {
        "safetensors": check_safetensors,
        "onnx": lambda given: check_onnx(given, lambda name: sizes.get((path.parent / name).as_posix())),
        "fasttext": check_fasttext,
        "kenlm": check_kenlm,
        "arpa": check_arpa,
        "settings": lambda given: check_settings(given, path.name),
        "text": _check_text,
        "weights": lambda given: f"{given.size:,} bytes, as the ONNX file beside it says",
    }
    return checks[kind](fields)


def _check_text(fields: Fields) -> str:
    if fields.size > MOST_TEXT_BYTES:
        raise RefusedError(f"it has {fields.size:,} bytes, and a text beside a model at most {MOST_TEXT_BYTES:,}")
    try:
        text = fields.take(fields.size).decode()
    except UnicodeDecodeError as error:
        raise RefusedError(f"it is no text: {error.reason} at {error.start:,}") from error
    if "\0" in text:
        raise RefusedError("it is no text: it has a NUL")
    return ""
