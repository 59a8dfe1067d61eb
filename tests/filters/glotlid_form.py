"""A tiny fastText model whose labels have GlotLID's form, trained on generated text: the real thing to load."""

import hashlib
import json
import subprocess
import sys
from pathlib import Path
from random import Random
from typing import Any

from pipeline.assets import Asset

LETTERS = {"eng_Latn": "etaoinshr", "por_Latn": "çãõéaosqu", "rus_Cyrl": "оеаинтсрв", "cmn_Hani": "的一是不了人我在"}


def sentence(code: str, random: Random) -> str:
    """Words of the letters that the language is made of here."""
    return " ".join(
        "".join(random.choices(LETTERS[code], k=random.randint(2, 7))) for _ in range(random.randint(5, 15))
    )


TRAIN = """
import json, sys
import fasttext
text, path, settings = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
fasttext.train_supervised(text, **settings).save_model(path)
"""


def trained(lines: list[str], folder: Path, **options: Any) -> Asset:
    """A model of `lines`. fastText 0.9.2 reads memory it never wrote: in a fresh process that is mostly zeros, else once more."""
    text, path = folder / "train.txt", folder / "glotlid-form.bin"
    text.write_text("\n".join(lines), encoding="utf-8")
    settings: dict[str, Any] = {
        "dim": 8,
        "minn": 1,
        "maxn": 2,
        "bucket": 2000,
        "epoch": 15,
        "thread": 1,
        "seed": 1,
        "verbose": 0,
        **options,
    }
    for size in range(10):
        told = json.dumps(settings | {"dim": settings["dim"] + size})
        if not subprocess.run([sys.executable, "-c", TRAIN, text, path, told], check=False).returncode:
            break
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    return Asset(name=path.name, sha256=sha256, location=str(path))


def train(folder: Path) -> Asset:
    """Of the sentences above."""
    random = Random("glotlid form")
    return trained([f"__label__{code} {sentence(code, random)}" for _ in range(300) for code in LETTERS], folder)
