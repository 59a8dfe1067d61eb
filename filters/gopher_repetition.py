"""Tells pages that repeat themselves: paragraphs, lines and runs of words (Gopher, table A1, as datatrove 0.10.1 counts it)."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipeline.evidence import Place, Span, lines_of, repeated, split_lines_of, words_of
from pipeline.identity import IDENTITY_IF_CHANGED
from pipeline.measures import Rule, schema, signals_of
from pipeline.nltk_words import NltkEnglish
from pipeline.pages import Pages
from pipeline.words import ENGINES, check_words, split_words

TOP_SIZES = (2, 3, 4)
DUP_SIZES = (5, 6, 7, 8, 9, 10)

_PARAGRAPH_BREAK = re.compile("\n{2,}")
_LINE_BREAK = re.compile("\n+")
_BASE = np.uint64(0x9E3779B97F4A7C15)  # odd, so that multiplying by it loses nothing modulo 2**64

_TOP_SIGNALS = tuple(f"top_{size}_gram_char_ratio" for size in TOP_SIZES)
_DUP_SIGNALS = tuple(f"dup_{size}_gram_char_ratio" for size in DUP_SIZES)
_PIECE_SIGNALS = ("dup_para_ratio", "dup_para_char_ratio", "dup_line_ratio", "dup_line_char_ratio")


@dataclass(frozen=True, slots=True, kw_only=True)
class GopherRepetition:
    """Shares of a page that were there before.

    `dup_…` counts the second and later occurrences: of paragraphs and lines by number and by characters, of runs of n words by
    characters, where a run that was seen before is skipped whole. `top_n_gram_char_ratio` is the commonest run of n words, its
    length times its count. Characters are divided by those of the whole text. Lines are what stands between newlines, several
    in a row as one, or (`blank_lines`) those of `str.splitlines`, so that all blank lines but the first are repeated. Words are
    datatrove's for `language`, or those of `tokenizer`. Null for a page without text, and where a page has no run of n words.
    """

    name: ClassVar[str] = "gopher_repetition"
    version: ClassVar[int] = 1
    engines: ClassVar[tuple[str, ...]] = ENGINES
    signals: ClassVar[pa.Schema] = schema(
        text_chars="int32", **dict.fromkeys((*_PIECE_SIGNALS, *_TOP_SIGNALS, *_DUP_SIGNALS), "float64")
    )

    language: str = "en"
    blank_lines: bool = field(default=False, metadata=IDENTITY_IF_CHANGED)
    tokenizer: NltkEnglish | None = field(default=None, metadata=IDENTITY_IF_CHANGED)

    def check(self) -> None:
        """Refuses a language whose words cannot be told here (RecipeError)."""
        if self.tokenizer is None:
            check_words(self.language)

    def measure(self, pages: Pages) -> pa.RecordBatch:
        """One row per page."""
        pairs = zip(pages.texts, pages.words(self.language, self.tokenizer), strict=True)
        rows = [_shares(text, words, self._lines(text)) for text, words in pairs]
        columns = {name: [row.get(name) for row in rows] for name in self.signals.names}
        return signals_of(self.signals, columns, len(pages))

    def _lines(self, text: str) -> list[str]:
        if self.blank_lines:
            return text.splitlines()
        return _LINE_BREAK.split(text) if "\n\n" in text else text.split("\n")

    def evidence(self, text: str, subject: str) -> list[Span]:
        """Paragraphs, lines and runs of words that were there before, or every place of the commonest run."""
        if subject.startswith("dup_para"):
            first = len(text) - len(text.lstrip())
            paragraphs = lines_of(text.strip(), _PARAGRAPH_BREAK)
            return repeated(text, [(first + start, first + end) for start, end in paragraphs], "repeated paragraph")
        if subject.startswith("dup_line"):
            lines = split_lines_of(text) if self.blank_lines else lines_of(text, _LINE_BREAK)
            return repeated(text, list(lines), "repeated line")
        words = split_words(text, self.language, self.tokenizer)
        places = words_of(text, words)
        if subject in _TOP_SIGNALS:
            return _commonest(words, places, TOP_SIZES[_TOP_SIGNALS.index(subject)])
        if subject in _DUP_SIGNALS:
            return _said_before(words, places, DUP_SIZES[_DUP_SIGNALS.index(subject)])
        return []

    @staticmethod
    def rules(
        *,
        max_dup_para: float = 0.30,
        max_dup_para_chars: float = 0.20,
        max_dup_line: float = 0.30,
        max_dup_line_chars: float = 0.20,
        max_top_grams: tuple[float, ...] = (0.20, 0.18, 0.16),
        max_dup_grams: tuple[float, ...] = (0.15, 0.14, 0.13, 0.12, 0.11, 0.10),
    ) -> tuple[Rule, ...]:
        """Gopher's bounds in datatrove's order; `max_top_grams` are for 2 to 4 words, `max_dup_grams` for 5 to 10.

        | reason | datatrove's reason |
        |---|---|
        | `empty_text` | `empty` |
        | `repeated_paragraphs`, `repeated_paragraph_chars` | `dup_para_frac`, `dup_para_char_frac` |
        | `repeated_lines`, `repeated_line_chars` | `dup_line_frac`, `dup_line_char_frac` |
        | `frequent_2_grams` … `frequent_4_grams` | `top_2_gram` … `top_4_gram` |
        | `repeated_5_grams` … `repeated_10_grams` | `duplicated_5_n_grams` … `duplicated_10_n_grams` |
        """
        return (
            Rule("text_chars", "==", 0, "empty_text"),
            Rule("dup_para_ratio", ">", max_dup_para, "repeated_paragraphs"),
            Rule("dup_para_char_ratio", ">", max_dup_para_chars, "repeated_paragraph_chars"),
            Rule("dup_line_ratio", ">", max_dup_line, "repeated_lines"),
            Rule("dup_line_char_ratio", ">", max_dup_line_chars, "repeated_line_chars"),
            *run_rules(_TOP_SIGNALS, max_top_grams, "frequent", TOP_SIZES),
            *run_rules(_DUP_SIGNALS, max_dup_grams, "repeated", DUP_SIZES),
        )


def run_rules(signals: Sequence[str], bounds: Sequence[float], how: str, sizes: Sequence[int]) -> Iterator[Rule]:
    """A rule for the runs of each size in words, `frequent_2_grams` and so on; as many bounds as sizes, or a ValueError."""
    for signal, bound, size in zip(signals, bounds, sizes, strict=True):
        yield Rule(signal, ">", bound, f"{how}_{size}_grams")


def _shares(text: str, words: list[str], lines: list[str]) -> dict[str, float | int | None]:
    if not text:
        return {"text_chars": 0}
    shares: dict[str, float | int | None] = {"text_chars": len(text)}
    for kind, pieces in (("para", _paragraphs(text)), ("line", lines)):
        again, again_chars = _repeats(pieces)
        shares[f"dup_{kind}_ratio"] = again / len(pieces)
        shares[f"dup_{kind}_char_ratio"] = again_chars / len(text)
    lengths = np.fromiter(map(len, words), np.int64, len(words))
    spaced, tight = _Runs(words, lengths, " "), _Runs(words, lengths, "")
    for size, signal in zip(TOP_SIZES, _TOP_SIGNALS, strict=True):
        chars = spaced.top_chars(size)
        shares[signal] = None if chars is None else chars / len(text)
    for size, signal in zip(DUP_SIZES, _DUP_SIGNALS, strict=True):
        shares[signal] = tight.repeated_chars(size) / len(text)
    return shares


def _paragraphs(text: str) -> list[str]:
    return _PARAGRAPH_BREAK.split(text.strip()) if "\n\n" in text else [text.strip()]


def _repeats(pieces: Sequence[str]) -> tuple[int, int]:
    """How many pieces were there before, and their characters."""
    different = set(pieces)
    return len(pieces) - len(different), sum(map(len, pieces)) - sum(map(len, different))


class _Runs:
    """The runs of `size` neighbouring words of a page, joined by `glue`; runs are equal when their joined texts are.

    Without glue, `ab c` and `a bc` are equal: datatrove counts so, and it is why word numbers cannot stand for words here. The
    runs are compared by a polynomial hash of their characters (computed for all runs at once from prefix sums, modulo 2**64).
    Equal runs have equal hashes; that runs of equal hash are equal is checked on the text, so no answer depends on the hash.
    """

    def __init__(self, words: list[str], lengths: npt.NDArray[np.int64], glue: str) -> None:
        self._text = glue.join(words)
        self._ends = np.cumsum(lengths + len(glue)) - len(glue)
        self._starts = self._ends - lengths
        codes = np.frombuffer(self._text.encode("utf-32-le"), np.uint32).astype(np.uint64)
        powers = np.cumprod(np.full(len(codes) + 1, _BASE))
        self._prefix = np.concatenate([np.zeros(1, np.uint64), np.cumsum(codes * powers[:-1])])
        self._shift = powers[len(codes) - self._starts]  # brings a run's hash to the same power wherever it starts

    def top_chars(self, size: int) -> int | None:
        """Length of the commonest run (the first seen of several) times its count; None where there is no run."""
        hashes = self._hashes(size)
        if not len(hashes):
            return None
        kinds, counts = np.unique(hashes, return_counts=True)
        count = int(counts.max())
        first = int(np.argmax(_among(hashes, kinds[counts == count]))) if count > 1 else 0
        run = self._run(first, size)
        same = np.flatnonzero(hashes == hashes[first]).tolist() if count > 1 else []
        if any(self._run(place, size) != run for place in same):  # two runs share a hash
            run, count = Counter(self._run(place, size) for place in range(len(hashes))).most_common(1)[0]
        return len(run) * count

    def repeated_chars(self, size: int) -> int:
        """Characters in runs that were seen before; such a run is skipped whole, and of a skipped part no run is remembered."""
        hashes = self._hashes(size)
        ordered = np.sort(hashes)
        repeated = ordered[1:][ordered[1:] == ordered[:-1]]
        if not len(repeated):
            return 0
        chars, resume = 0, 0
        seen: set[str] = set()
        for place in np.flatnonzero(_among(hashes, repeated)).tolist():
            if place >= resume:
                run = self._run(place, size)
                if run in seen:
                    chars += len(run)
                    resume = place + size
                seen.add(run)
        return chars

    def _hashes(self, size: int) -> npt.NDArray[np.uint64]:
        count = max(0, len(self._starts) - size + 1)
        sums = self._prefix[self._ends[size - 1 :]] - self._prefix[self._starts[:count]]
        return sums * self._shift[:count]

    def _run(self, place: int, size: int) -> str:
        return self._text[self._starts[place] : self._ends[place + size - 1]]


def _among(values: npt.NDArray[np.uint64], ordered: npt.NDArray[np.uint64]) -> npt.NDArray[Any]:
    """Which of `values` are in `ordered`, which is sorted and not empty."""
    places = np.searchsorted(ordered, values)
    return ordered[np.minimum(places, len(ordered) - 1)] == values


def _commonest(words: Sequence[str], places: Sequence[Place], size: int) -> list[Span]:
    """Where the commonest run of `size` words (the first seen of several) stands; of runs that overlap, the first."""
    runs = [" ".join(words[at : at + size]) for at in range(len(words) - size + 1)]
    top = Counter(runs).most_common(1)[0][0] if runs else ""
    spans: list[Span] = []
    for at, run in enumerate(runs):
        start, end = places[at][0], places[at + size - 1][1]
        if run == top and end > start and (not spans or start >= spans[-1].end):
            spans.append(Span(start, end, f"the commonest {size} words"))
    return spans


def _said_before(words: Sequence[str], places: Sequence[Place], size: int) -> list[Span]:
    """The runs that `_Runs.repeated_chars` counts."""
    seen: set[str] = set()
    spans: list[Span] = []
    resume = 0
    for at in range(len(words) - size + 1):
        if at >= resume:
            run = "".join(words[at : at + size])
            if run in seen:
                spans.append(Span(places[at][0], places[at + size - 1][1], f"{size} words said before"))
                resume = at + size
            seen.add(run)
    return spans
