"""What an extractor should find in real pages, and how much of it a text has.

A gold file, `gold.jsonl` beside the archives, has a line for each page: `record_id`, `source` (whose gold it is), `gold_kind`,
and either `gold_text` or `snippets`. Of a `full_text` or a `reader_html_text` it counts how many words are right; of a
`text_prefix`, which is only the beginning, whether it is there; of `snippets`, how many of those in `with` are there and how
many of those in `without`.
"""

import re
from collections import Counter
from dataclasses import dataclass
from math import fsum
from pathlib import Path
from typing import Any

import orjson

from pipeline.errors import InputError

GOLD_FILE = "gold.jsonl"
WHOLE, BEGINNING, SNIPPETS = ("full_text", "reader_html_text"), "text_prefix", "snippets"
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Gold:
    """What should be found in one page."""

    record_id: str
    kind: str
    source: str
    text: str = ""
    wanted: tuple[str, ...] = ()
    unwanted: tuple[str, ...] = ()


def read_gold(folder: Path) -> dict[str, Gold]:
    """The gold of a folder by record id; an InputError names the line that is not of the form."""
    path = folder / GOLD_FILE
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}; the folder needs archives and a {GOLD_FILE}") from error
    found: dict[str, Gold] = {}
    for number, line in enumerate(lines, 1):
        try:
            gold = _gold(orjson.loads(line))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            why = f"no {error}" if isinstance(error, KeyError) else str(error)
            raise InputError(f"{path}, line {number}: {why}") from error
        found[gold.record_id] = gold
    if not found:
        raise InputError(f"{path}: no line in it")
    return found


def _gold(line: dict[str, Any]) -> Gold:
    kind, snippets = line["gold_kind"], line.get("snippets") or {}
    if kind not in (*WHOLE, BEGINNING, SNIPPETS):
        raise ValueError(f"gold_kind {kind!r} is none of {', '.join((*WHOLE, BEGINNING, SNIPPETS))}")
    text = "" if kind == SNIPPETS else line["gold_text"]
    if not all(isinstance(value, str) for value in (line["record_id"], line["source"], text)):
        raise TypeError("record_id, source and gold_text are strings")
    wanted, unwanted = (tuple(map(_spaced, snippets[side])) if kind == SNIPPETS else () for side in ("with", "without"))
    return Gold(
        record_id=line["record_id"], kind=kind, source=line["source"], text=text, wanted=wanted, unwanted=unwanted
    )


def word_f1(text: str, gold: str) -> float:
    """Harmonic mean of precision and recall over words, each as often as it is there, whatever their case and order."""
    found, wanted = (Counter(_WORD.findall(each.lower())) for each in (text, gold))
    if not found or not wanted:
        return float(found == wanted)
    right = (found & wanted).total()
    return 2 * right / (found.total() + wanted.total())


class Scores:
    """Adds up how well one extractor's texts match the gold."""

    def __init__(self) -> None:
        self._f1: dict[str, list[float]] = {}
        self._found: dict[str, list[bool]] = {"with": [], "without": [], "beginning": []}

    def add(self, text: str, gold: Gold) -> None:
        """Judges one page."""
        if gold.kind in WHOLE:
            self._f1.setdefault(gold.source, []).append(word_f1(text, gold.text))
            return
        spaced = _spaced(text)
        if gold.kind == BEGINNING:
            self._found["beginning"].append(_spaced(gold.text) in spaced)
        self._found["with"] += [snippet in spaced for snippet in gold.wanted]
        self._found["without"] += [snippet in spaced for snippet in gold.unwanted]

    def figures(self) -> dict[str, Any]:
        """`word_f1` by source, each page counting alike; shares of snippets `with`, `without` and `beginning` (None: no gold)."""
        return {
            "word_f1": {source: _mean(values) for source, values in sorted(self._f1.items())},
            **{name: _mean(values) for name, values in self._found.items()},
        }


def _spaced(text: str) -> str:
    return " ".join(text.split())


def _mean(values: list[float] | list[bool]) -> float | None:
    return round(fsum(values) / len(values), 4) if values else None  # which is the same in any order
