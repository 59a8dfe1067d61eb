"""Trains a supervised fastText classifier as DCLM did: words and pairs of words, one pass after the other by a single thread.

One thread, one seed and fresh memory give the same bytes each time; more threads write into one matrix at once, and give others.
"""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

import orjson

from filters.quality.fasttext import FastTextQuality
from jobs.training.kinds import BAD, GOOD, Examples, Fitted, Floats, Settings, scores_by, tell
from pipeline.assets import Asset
from pipeline.errors import InputError, RecipeError

FILE = "model.bin"
CHILD = str(Path(__file__).with_name("fasttext_child.py"))
FRESH = {"MALLOC_MMAP_THRESHOLD_": "4096", "MALLOC_PERTURB_": "0", "MALLOC_TOP_PAD_": "0"}
"""Lets glibc take each matrix from the system, so that it begins as zeros, and keep none that a small one would fit in."""
RATE, EPOCHS = 0.1, 5  # DCLM's, with vectors of 100 numbers and pairs of words


def train(examples: Examples, settings: Settings, folder: Path) -> Fitted:
    """Writes `model.bin` into the folder; where classes are to count the same, rows of the rarer one are read more often."""
    if not examples.classes:
        raise InputError("fasttext tells two classes apart, and the labels are scores: say with --good from which on")
    lines = _lines(examples, settings)
    tell(f"fasttext learns from {len(lines):,} lines")
    facts = {"lines": len(lines), "words": _learned(lines, settings, folder / FILE)}
    return Fitted(FILE, _score, ("fasttext-numpy2-wheel",), facts)


def _learned(lines: list[str], settings: Settings, output: Path) -> int:
    """Trains by the settings, DCLM's where they say nothing; how many words the model knows."""
    told: dict[str, Any] = {"dim": settings.vectors, "wordNgrams": settings.word_ngrams, "bucket": settings.buckets}
    told["lr"] = RATE if settings.lr is None else settings.lr
    told["epoch"] = EPOCHS if settings.epochs is None else settings.epochs
    return learn(lines, output, seed=settings.seed, **told)


def learn(lines: Sequence[str], output: Path, **told: Any) -> int:
    """Trains in a process of its own by a single thread; how many words the model knows. RecipeError where nothing is learned."""
    with TemporaryDirectory(prefix="gristmill-") as place:
        text = Path(place) / "train.txt"
        text.write_text("".join(lines), encoding="utf-8", errors="replace")
        asked = orjson.dumps({"input": str(text), "output": str(output), "thread": 1, "verbose": 0} | told)
        child = subprocess.run(
            [sys.executable, CHILD], input=asked, env=os.environ | FRESH, stdout=subprocess.PIPE, check=False
        )
    said: dict[str, Any] = (
        orjson.loads(child.stdout) if child.returncode == 0 else {"error": f"it ended with {child.returncode}"}
    )
    if "error" in said:
        raise RecipeError(f"fasttext cannot learn so: {said['error']}; another --lr or fewer --epochs may help")
    return said["words"]


def _lines(examples: Examples, settings: Settings) -> list[str]:
    """A line for each row, shuffled: the texts as the scorer reads them."""
    rows = [
        (label == 1, " ".join(text.split("\n"))) for label, text in zip(examples.labels, examples.texts, strict=True)
    ]
    if settings.balanced:
        rarer = sum(good for good, _ in rows) * 2 < len(rows)
        few = [row for row in rows if row[0] == rarer]
        missing = len(rows) - 2 * len(few)
        rows += [few[place % len(few)] for place in range(missing)]
    Random(settings.seed).shuffle(rows)  # noqa: S311  no secret
    return [f"__label__{GOOD if good else BAD} {text}\n" for good, text in rows]


def _score(sha256: str, path: Path, texts: Sequence[str]) -> Floats:
    model = Asset(sha256=sha256, name=path.name, location=str(path))
    return scores_by(FastTextQuality(model=model, label=f"__label__{GOOD}"), texts)
