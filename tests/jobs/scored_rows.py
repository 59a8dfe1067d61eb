"""Rows of text in some files, models that score them, and recipes of a person's own that name these."""

import hashlib
from pathlib import Path

import numpy as np
import orjson

WORDS = ("corn", "rye", "wheat", "barley", "oats", "millet", "spelt", "flour")


def arpa(path: Path, first: float = 1.0) -> Path:
    """A model of n-grams that finds a text the worse, the later its words stand in the list."""
    lines = ["\\data\\", f"ngram 1={len(WORDS) + 3}", "", "\\1-grams:", "-3\t<unk>", "-1\t<s>", "-1\t</s>"]
    lines += [f"-{first + place / 4}\t{word}" for place, word in enumerate(WORDS)]
    path.write_text("\n".join([*lines, "", "\\end\\"]) + "\n")
    return path


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def text_of(number: int, lines: int) -> str:
    """A text that no other number has; so many lines of some words."""
    drawn = np.random.default_rng(number)
    words = drawn.choice(WORDS, size=(lines, 6), p=np.roll([0.5, *[0.5 / 7] * 7], number))
    return "\n".join(" ".join(line) for line in words) + f"\nthe page of number {number}"


def write_rows(folder: Path, files: int, rows: int, lines: int = 3) -> Path:
    folder.mkdir(parents=True)
    for file in range(files):
        told = [
            {
                "id": f"id-{file}-{row}",
                "url": f"http://{row}.example.org/{file}",
                "text": text_of(file * rows + row, lines),
            }
            for row in range(rows)
        ]
        (folder / f"{file:02d}.jsonl").write_bytes(b"".join(orjson.dumps(each) + b"\n" for each in told))
    return folder


RECIPE = """
from dedup.minhash import MinHash
from filters.quality.kenlm import KenLmQuality
from jobs.recipe import Recipe
from pipeline.assets import Asset
from pipeline.extraction import Resiliparse
from pipeline.measures import Rule
from pipeline.quality import Ensemble, Quality

MODEL = KenLmQuality(model=Asset(name="mill.arpa", sha256="{sha256}", location="{location}"))
WORSE = Rule("perplexity_percentile", ">=", 0.75, "unlike_reference")


def scored(after: str) -> Recipe:
    return Recipe(
        name="scored", ingest=(Resiliparse(),), rules=(), minhash=MinHash(bands=4, rows=8, ngram=3), bundle=1, shard_files=1,
        quality=Quality(models=(MODEL,), ensemble=Ensemble(buckets=4), rules=(WORSE,), after=after),
    )


def early() -> Recipe:
    return scored("ingest")


def late() -> Recipe:
    return scored("deduplication")
"""


def write_recipe(path: Path, model: Path) -> Path:
    path.write_text(RECIPE.format(sha256=digest(model), location=model))
    return path
