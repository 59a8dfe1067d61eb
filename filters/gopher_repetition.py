"""Tells pages that repeat themselves: paragraphs, lines and runs of words (Gopher, table A1, as datatrove 0.10.1 counts it)."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import pyarrow as pa

from pipeline.evidence import Place, Span, lines_of, repeated, split_lines_of, words_of
from pipeline.identity import IDENTITY_IF_CHANGED
from pipeline.measures import Rule, schema, signals_of
from pipeline.nltk_words import NltkEnglish
from pipeline.pages import Pages
from pipeline.spelled import Spelled
from pipeline.words import ENGINES, check_words, split_words

TOP_SIZES = (2, 3, 4)
DUP_SIZES = (5, 6, 7, 8, 9, 10)

_PARAGRAPH_BREAK = re.compile("\n{2,}")
_LINE_BREAK = re.compile("\n+")

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
        rows = [_pieces(text, self._lines(text)) for text in pages.texts]
        columns = {name: [row.get(name) for row in rows] for name in ("text_chars", *_PIECE_SIGNALS)}
        runs = _run_chars(pages.spelled(self.language, self.tokenizer))
        shares = {name: list(map(_share, chars, pages.texts)) for name, chars in runs.items()}
        return signals_of(self.signals, columns | shares, len(pages))

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


def _pieces(text: str, lines: list[str]) -> dict[str, float | int | None]:
    """What is measured of paragraphs and lines."""
    if not text:
        return {"text_chars": 0}
    shares: dict[str, float | int | None] = {"text_chars": len(text)}
    for kind, pieces in (("para", _paragraphs(text)), ("line", lines)):
        again, again_chars = _repeats(pieces)
        shares[f"dup_{kind}_ratio"] = again / len(pieces)
        shares[f"dup_{kind}_char_ratio"] = again_chars / len(text)
    return shares


def _run_chars(pages: Sequence[Spelled]) -> dict[str, list[int | None]]:
    """For each signal of runs the characters that count, page by page."""
    from filters.word_runs import repeated_chars, top_chars  # compiled, which who only looks need not wait for

    signals = (*_TOP_SIGNALS, *_DUP_SIGNALS)
    chars = [(*top_chars(page, TOP_SIZES), *repeated_chars(page, DUP_SIZES)) for page in pages]
    return {signal: [row[column] for row in chars] for column, signal in enumerate(signals)}


def _share(chars: int | None, text: str) -> float | None:
    return chars / len(text) if text and chars is not None else None


def _paragraphs(text: str) -> list[str]:
    return _PARAGRAPH_BREAK.split(text.strip()) if "\n\n" in text else [text.strip()]


def _repeats(pieces: Sequence[str]) -> tuple[int, int]:
    """How many pieces were there before, and their characters."""
    different = set(pieces)
    return len(pieces) - len(different), sum(map(len, pieces)) - sum(map(len, different))


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
    """The runs that `word_runs.repeated_chars` counts."""
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
