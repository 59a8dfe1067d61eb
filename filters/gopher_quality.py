"""Tells pages that are no prose: too short or long, odd words, symbols, bullets (Gopher, section A1.1, as datatrove 0.10.1)."""

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import ClassVar

import pyarrow as pa
from datatrove.utils.text import PUNCTUATION_SET

from pipeline.char_classes import char_classes
from pipeline.evidence import Span, marked, split_lines_of, words_of
from pipeline.identity import IDENTITY_IF_CHANGED
from pipeline.measures import Rule, ratio, schema, signals_of
from pipeline.nltk_words import NltkEnglish
from pipeline.pages import Pages
from pipeline.spelled import Spelled
from pipeline.words import ENGINES, check_words, split_words

STOP_WORDS = ("the", "be", "to", "of", "and", "that", "have", "with")  # of which Gopher wants two in a page

SYMBOLS = "".join(sorted(PUNCTUATION_SET))
_BULLETS = ("•", "-")
_ELLIPSES = ("...", "…")
_ELLIPSIS = re.compile(r"\.\.\.|…")
_LONG_WORD, _SHORT_WORD = 10, 3  # characters; Gopher's bounds of the mean


@dataclass(frozen=True, slots=True, kw_only=True)
class GopherQuality:
    """Counts and shares of words and lines.

    `word_count` and `mean_word_chars` are of words with a character that is none of `symbols`; the ratios are per word of any
    kind, or per line of `str.splitlines`. `stop_word_count` is the number of different `stop_words` found, as they are written,
    or (`each_stop_word`) how often any of them stands there. Words are datatrove's for `language`, or those of `tokenizer`. Null
    where there is nothing to divide by.
    """

    name: ClassVar[str] = "gopher_quality"
    version: ClassVar[int] = 1
    engines: ClassVar[tuple[str, ...]] = ENGINES
    signals: ClassVar[pa.Schema] = schema(
        word_count="int32",
        mean_word_chars="float64",
        hash_word_ratio="float64",
        ellipsis_word_ratio="float64",
        bullet_line_ratio="float64",
        ellipsis_line_ratio="float64",
        alpha_word_ratio="float64",
        stop_word_count="int32",
    )

    stop_words: tuple[str, ...] = STOP_WORDS
    language: str = "en"
    symbols: str = field(default=SYMBOLS, metadata=IDENTITY_IF_CHANGED)
    each_stop_word: bool = field(default=False, metadata=IDENTITY_IF_CHANGED)
    tokenizer: NltkEnglish | None = field(default=None, metadata=IDENTITY_IF_CHANGED)

    def check(self) -> None:
        """Refuses a language whose words cannot be told here (RecipeError)."""
        if self.tokenizer is None:
            check_words(self.language)

    def measure(self, pages: Pages) -> pa.RecordBatch:
        """One row per page."""
        pairs = zip(pages.texts, pages.spelled(self.language, self.tokenizer), strict=True)
        rows = [self._row(text, words) for text, words in pairs]
        return signals_of(self.signals, {name: [row[name] for row in rows] for name in self.signals.names}, len(pages))

    def _row(self, text: str, words: Spelled) -> dict[str, float | int | None]:
        from filters.word_counts import word_counts  # compiled, which who only looks need not wait for

        lines = text.splitlines()
        counts = word_counts(words, char_classes(self.symbols), _spelled(self.stop_words))
        word_count = len(words) - counts.symbol_words
        ellipses = sum(map(text.count, _ELLIPSES))
        return {
            "word_count": word_count,
            "mean_word_chars": ratio(counts.chars - counts.symbol_chars, word_count),
            "hash_word_ratio": ratio(text.count("#"), len(words)),
            "ellipsis_word_ratio": ratio(ellipses, len(words)),
            "bullet_line_ratio": ratio(sum(line.lstrip().startswith(_BULLETS) for line in lines), len(lines)),
            "ellipsis_line_ratio": ratio(_ellipsis_lines(lines) if ellipses else 0, len(lines)),
            "alpha_word_ratio": ratio(len(words) - counts.letterless, len(words)),
            "stop_word_count": counts.stops if self.each_stop_word else counts.different_stops,
        }

    def evidence(self, text: str, subject: str) -> list[Span]:
        """The words, lines or signs that are counted; nothing for the number of words."""
        if subject == "hash_word_ratio":
            return [Span(at, at + 1, "hash") for at, char in enumerate(text) if char == "#"]
        if subject == "ellipsis_word_ratio":
            return [Span(*found.span(), "ellipsis") for found in _ELLIPSIS.finditer(text)]
        lines = list(split_lines_of(text))
        if subject == "bullet_line_ratio":
            return marked(text, lines, "bullet line", lambda line: line.lstrip().startswith(_BULLETS))
        if subject == "ellipsis_line_ratio":
            return marked(text, lines, "ends in an ellipsis", lambda line: line.rstrip().endswith(_ELLIPSES))
        return self._words(text, subject)

    def _words(self, text: str, subject: str) -> list[Span]:
        if subject not in {"alpha_word_ratio", "stop_word_count", "mean_word_chars"}:
            return []
        words = words_of(text, split_words(text, self.language, self.tokenizer))
        if subject == "alpha_word_ratio":
            return marked(text, words, "no letter", lambda word: not any(map(str.isalpha, word)))
        if subject == "stop_word_count":
            return marked(text, words, "stop word", lambda word: word in self.stop_words)
        spoken = [(start, end) for start, end in words if text[start:end].strip(self.symbols)]
        long = marked(text, spoken, "long word", lambda word: len(word) > _LONG_WORD)
        return sorted([*long, *marked(text, spoken, "short word", lambda word: len(word) < _SHORT_WORD)], key=_start)

    @staticmethod
    def rules(  # noqa: PLR0913  one keyword per rule
        *,
        min_words: int = 50,
        max_words: int = 100_000,
        min_mean_word_chars: float = 3,
        max_mean_word_chars: float = 10,
        max_hashes: float = 0.1,
        max_ellipses: float = 0.1,
        max_bullet_lines: float = 0.9,
        max_ellipsis_lines: float = 0.3,
        min_alpha_words: float = 0.8,
        min_stop_words: int = 2,
    ) -> tuple[Rule, ...]:
        """Gopher's bounds in datatrove's order.

        | reason | datatrove's reason |
        |---|---|
        | `few_words`, `many_words` | `gopher_short_doc`, `gopher_long_doc` |
        | `short_words`, `long_words` | `gopher_below_avg_threshold`, `gopher_above_avg_threshold` |
        | `many_hashes`, `many_ellipses` | `gopher_too_many_hashes`, `gopher_too_many_ellipsis` |
        | `many_bullet_lines`, `many_ellipsis_lines` | `gopher_too_many_bullets`, `gopher_too_many_end_ellipsis` |
        | `few_alphabetic_words` | `gopher_below_alpha_threshold` |
        | `few_stop_words` | `gopher_enough_stop_words` |
        """
        return (
            Rule("word_count", "<", min_words, "few_words"),
            Rule("word_count", ">", max_words, "many_words"),
            Rule("mean_word_chars", "<", min_mean_word_chars, "short_words"),
            Rule("mean_word_chars", ">", max_mean_word_chars, "long_words"),
            Rule("hash_word_ratio", ">", max_hashes, "many_hashes"),
            Rule("ellipsis_word_ratio", ">", max_ellipses, "many_ellipses"),
            Rule("bullet_line_ratio", ">", max_bullet_lines, "many_bullet_lines"),
            Rule("ellipsis_line_ratio", ">", max_ellipsis_lines, "many_ellipsis_lines"),
            Rule("alpha_word_ratio", "<", min_alpha_words, "few_alphabetic_words"),
            Rule("stop_word_count", "<", min_stop_words, "few_stop_words"),
        )


@lru_cache(maxsize=8)
def _spelled(stop_words: tuple[str, ...]) -> Spelled:
    return Spelled.of(sorted(set(stop_words)))


def _ellipsis_lines(lines: list[str]) -> int:
    return sum(line.rstrip().endswith(_ELLIPSES) for line in lines)


def _start(span: Span) -> int:
    return span.start
