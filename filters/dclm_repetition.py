"""Tells pages that repeat themselves, as DCLM's baseline counts Gopher's table A1: every occurrence of what is there twice."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import ClassVar

import pyarrow as pa
import regex

from filters.gopher_repetition import DUP_SIZES as ALL_SIZES
from filters.gopher_repetition import TOP_SIZES, run_rules
from pipeline.evidence import Place, Span, lines_of, marked
from pipeline.measures import Rule, schema, signals_of
from pipeline.pages import Pages

_TOP_SIGNALS = tuple(f"commonest_{size}_gram_char_ratio" for size in TOP_SIZES)
_ALL_SIGNALS = tuple(f"repeated_{size}_gram_char_ratio" for size in ALL_SIZES)
_PIECE_SIGNALS = ("repeated_line_ratio", "repeated_line_char_ratio", "repeated_para_ratio", "repeated_para_char_ratio")
_PARAGRAPH_BREAK = re.compile("\n\n")
# With this flag \b is a word boundary of Unicode's annex 29, but for an apostrophe before a vowel, for which the library has a
# rule of its own; another character of the apostrophe's class has none.
_BOUNDARY = regex.compile(r"\b", regex.WORD | regex.VERSION1)
_APOSTROPHES = str.maketrans("'\u2019", "\u2024\u2024")


@dataclass(frozen=True, slots=True, kw_only=True)
class DclmRepetition:
    """Shares of a page that it says more than once; the first time counts too.

    Lines and paragraphs are taken without the whitespace around them, blank ones not at all, and their characters are divided
    by those of all. Words are those of Unicode's annex 29 that begin with a letter or digit, and characters are those of words.
    `commonest_n_gram_char_ratio` is the longest of the commonest runs of n words, its length times its count;
    `repeated_n_gram_char_ratio` is of words that stand in any run that is there twice. Null for a page of at most one line or
    paragraph, where there is no run of n words, and for the commonest run where none is there twice.
    """

    name: ClassVar[str] = "dclm_repetition"
    version: ClassVar[int] = 1
    engines: ClassVar[tuple[str, ...]] = ("regex",)
    signals: ClassVar[pa.Schema] = schema(
        filled_line_count="int32", **dict.fromkeys((*_PIECE_SIGNALS, *_TOP_SIGNALS, *_ALL_SIGNALS), "float64")
    )

    def measure(self, pages: Pages) -> pa.RecordBatch:
        """One row per page."""
        rows = [_row(text) for text in pages.texts]
        columns = {name: [row.get(name) for row in rows] for name in self.signals.names}
        return signals_of(self.signals, columns, len(pages))

    def evidence(self, text: str, subject: str) -> list[Span]:
        """Lines, paragraphs or words that are there more than once."""
        if subject in _PIECE_SIGNALS:
            places = list(lines_of(text, _PARAGRAPH_BREAK if "para" in subject else None))
            times = Counter(text[start:end].strip() for start, end in places)
            return marked(
                text, places, "said more than once", lambda piece: times[piece.strip()] > 1 and bool(piece.strip())
            )
        places = word_places(text)
        runs = _Runs([text[start:end] for start, end in places])
        if subject in _TOP_SIGNALS:
            chosen = runs.commonest(TOP_SIZES[_TOP_SIGNALS.index(subject)])
        elif subject in _ALL_SIGNALS:
            chosen = runs.repeated(ALL_SIZES[_ALL_SIGNALS.index(subject)])
        else:
            chosen = []
        return [Span(*places[word], "said more than once") for word in chosen]

    @staticmethod
    def rules(
        *,
        max_line: float = 0.30,
        max_line_chars: float = 0.20,
        max_para: float = 0.30,
        max_para_chars: float = 0.20,
        max_commonest_grams: tuple[float, ...] = (0.20, 0.18, 0.16),
        max_repeated_grams: tuple[float, ...] = (0.15, 0.14, 0.13, 0.12, 0.11, 0.10),
    ) -> tuple[Rule, ...]:
        """Gopher's bounds in DCLM's order; the first tuple is for 2 to 4 words, the second for 5 to 10."""
        return (
            Rule("filled_line_count", "==", 0, "empty_text"),
            Rule("repeated_line_ratio", ">", max_line, "repeated_lines"),
            Rule("repeated_para_ratio", ">", max_para, "repeated_paragraphs"),
            Rule("repeated_line_char_ratio", ">", max_line_chars, "repeated_line_chars"),
            Rule("repeated_para_char_ratio", ">", max_para_chars, "repeated_paragraph_chars"),
            *run_rules(_TOP_SIGNALS, max_commonest_grams, "frequent", TOP_SIZES),
            *run_rules(_ALL_SIGNALS, max_repeated_grams, "repeated", ALL_SIZES),
        )


def _row(text: str) -> dict[str, float | int | None]:
    lines = [line for line in map(str.strip, text.split("\n")) if line]
    paragraphs = [paragraph for paragraph in map(str.strip, text.split("\n\n")) if paragraph]
    row: dict[str, float | int | None] = {"filled_line_count": len(lines)}
    for kind, pieces in (("line", lines), ("para", paragraphs)):
        row[f"repeated_{kind}_ratio"], row[f"repeated_{kind}_char_ratio"] = _shares(pieces)
    runs = _Runs([text[start:end] for start, end in word_places(text)])
    for size, signal in zip(TOP_SIZES, _TOP_SIGNALS, strict=True):
        row[signal] = runs.commonest_share(size)
    for size, signal in zip(ALL_SIZES, _ALL_SIGNALS, strict=True):
        row[signal] = runs.repeated_share(size)
    return row


def word_places(text: str) -> list[Place]:
    """Where the words of Unicode's annex 29 stand that begin with a letter or digit."""
    places: list[Place] = []
    end = 0
    for piece in _BOUNDARY.split(text.translate(_APOSTROPHES)):
        start, end = end, end + len(piece)
        if piece[:1].isalnum():
            places.append((start, end))
    return places


def _shares(pieces: Sequence[str]) -> tuple[float | None, float | None]:
    """The shares of pieces that are there twice, by number and by characters."""
    if len(pieces) <= 1:
        return None, None
    times = Counter(pieces)
    count = sum(number for number in times.values() if number > 1)
    chars = sum(len(piece) * number for piece, number in times.items() if number > 1)
    return count / len(pieces), chars / sum(map(len, pieces))


class _Runs:
    """Runs of neighbouring words, of any size up to `ALL_SIZES`; a number for each, the same for equal runs."""

    def __init__(self, words: Sequence[str]) -> None:
        self._before = [0, *accumulate(map(len, words))]  # characters of the words before each
        self._numbers: dict[int, list[int]] = {}
        known: dict[str, int] = {}
        numbers = singles = [known.setdefault(word, len(known)) for word in words]
        for size in range(2, ALL_SIZES[-1] + 1):
            pairs: dict[tuple[int, int], int] = {}
            numbers = [pairs.setdefault(pair, len(pairs)) for pair in zip(numbers, singles[size - 1 :], strict=False)]
            self._numbers[size] = numbers

    def commonest_share(self, size: int) -> float | None:
        top = self._top(size)
        return None if top is None else self._chars(top[0], size) * top[1] / self._before[-1]

    def repeated_share(self, size: int) -> float | None:
        if not self._numbers[size]:
            return None
        return sum(self._before[word + 1] - self._before[word] for word in self.repeated(size)) / self._before[-1]

    def commonest(self, size: int) -> list[int]:
        """The words of every place of the commonest run."""
        top = self._top(size)
        numbers = self._numbers[size]
        return [] if top is None else self._words(size, {numbers[top[0]]})

    def repeated(self, size: int) -> list[int]:
        """The words of all runs that are there twice, each once, in order."""
        return self._words(size, {run for run, times in Counter(self._numbers[size]).items() if times > 1})

    def _words(self, size: int, chosen: set[int]) -> list[int]:
        words: list[int] = []
        done = 0
        for place, number in enumerate(self._numbers[size]):
            if number in chosen:
                words += range(max(place, done), place + size)
                done = place + size
        return words

    def _top(self, size: int) -> tuple[int, int] | None:
        """Where the longest of the commonest runs stands first, and how often; None where none is there twice."""
        numbers = self._numbers[size]
        times = Counter(numbers)
        most = max(times.values(), default=1)
        if most == 1:
            return None
        places = [place for place, number in enumerate(numbers) if times[number] == most]
        return max(places, key=lambda place: self._chars(place, size)), most

    def _chars(self, place: int, size: int) -> int:
        return self._before[place + size] - self._before[place]
