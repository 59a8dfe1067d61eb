"""Tells pages that repeat themselves, as DCLM's baseline counts Gopher's table A1: every occurrence of what is there twice."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import pyarrow as pa

from filters.gopher_repetition import DUP_SIZES as ALL_SIZES
from filters.gopher_repetition import TOP_SIZES, run_rules
from filters.numbered_runs import NumberedRuns, grouped
from filters.unicode_words import unicode_words, word_places
from pipeline.evidence import Span, lines_of, marked
from pipeline.measures import Rule, schema, signals_of
from pipeline.pages import Pages

_TOP_SIGNALS = tuple(f"commonest_{size}_gram_char_ratio" for size in TOP_SIZES)
_ALL_SIGNALS = tuple(f"repeated_{size}_gram_char_ratio" for size in ALL_SIZES)
_PIECE_SIGNALS = ("repeated_line_ratio", "repeated_line_char_ratio", "repeated_para_ratio", "repeated_para_char_ratio")
_PARAGRAPH_BREAK = re.compile("\n\n")


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
        rows = list(map(_pieces, pages.texts))
        columns = {name: [row[name] for row in rows] for name in ("filled_line_count", *_PIECE_SIGNALS)}
        return signals_of(self.signals, columns | _run_shares(list(map(unicode_words, pages.texts))), len(pages))

    def evidence(self, text: str, subject: str) -> list[Span]:
        """Lines, paragraphs or words that are there more than once."""
        if subject in _PIECE_SIGNALS:
            places = list(lines_of(text, _PARAGRAPH_BREAK if "para" in subject else None))
            times = Counter(text[start:end].strip() for start, end in places)
            return marked(
                text, places, "said more than once", lambda piece: times[piece.strip()] > 1 and bool(piece.strip())
            )
        places = word_places(text)
        runs = NumberedRuns([[text[start:end] for start, end in places]], ALL_SIZES[-1])
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


def _pieces(text: str) -> dict[str, float | int | None]:
    """What is measured of lines and paragraphs."""
    lines = [line for line in map(str.strip, text.split("\n")) if line]
    paragraphs = [paragraph for paragraph in map(str.strip, text.split("\n\n")) if paragraph]
    row: dict[str, float | int | None] = {"filled_line_count": len(lines)}
    for kind, pieces in (("line", lines), ("para", paragraphs)):
        row[f"repeated_{kind}_ratio"], row[f"repeated_{kind}_char_ratio"] = _shares(pieces)
    return row


def _run_shares(pages: Sequence[list[str]]) -> dict[str, list[float | None]]:
    """Each signal of runs, page by page."""
    columns: dict[str, list[float | None]] = {signal: [] for signal in (*_TOP_SIGNALS, *_ALL_SIGNALS)}
    for group in grouped(pages):
        runs = NumberedRuns(group, ALL_SIZES[-1])
        for size, signal in zip(TOP_SIZES, _TOP_SIGNALS, strict=True):
            columns[signal] += runs.commonest_shares(size)
        for size, signal in zip(ALL_SIZES, _ALL_SIGNALS, strict=True):
            columns[signal] += runs.repeated_shares(size)
    return columns


def _shares(pieces: Sequence[str]) -> tuple[float | None, float | None]:
    """The shares of pieces that are there twice, by number and by characters."""
    if len(pieces) <= 1:
        return None, None
    times = Counter(pieces)
    count = sum(number for number in times.values() if number > 1)
    chars = sum(len(piece) * number for piece, number in times.items() if number > 1)
    return count / len(pieces), chars / sum(map(len, pieces))
