"""Tells menus and link lists: pages of short, unpunctuated or repeated lines (FineWeb, section 3.6, as datatrove 0.10.1)."""

from dataclasses import dataclass, field
from typing import ClassVar

import pyarrow as pa
from datatrove.utils.text import TERMINAL_PUNCTUATION

from pipeline.evidence import Span, lines_of, marked, repeated
from pipeline.identity import IDENTITY_IF_CHANGED
from pipeline.measures import Rule, schema, signals_of
from pipeline.nltk_words import NltkEnglish
from pipeline.pages import Pages
from pipeline.words import ENGINES, check_words


@dataclass(frozen=True, slots=True, kw_only=True)
class LineQuality:
    """Shares of the lines that are not blank, or (`blank_lines`) of all lines.

    `line_punct_ratio`: lines whose last character is in `end_chars` (a trailing space counts). `short_line_ratio`: lines of at
    most `short_line_chars` characters. `char_dup_ratio`: characters of lines that were there before, per character that is no
    newline; blank lines are never among them. `newline_word_ratio`: newlines per word, datatrove's for `language` or those of
    `tokenizer`. Null where there is nothing to divide by, and without `blank_lines` for a page of blank lines.
    """

    name: ClassVar[str] = "line_quality"
    version: ClassVar[int] = 1
    engines: ClassVar[tuple[str, ...]] = ENGINES
    signals: ClassVar[pa.Schema] = schema(
        nonblank_line_count="int32",
        line_punct_ratio="float64",
        short_line_ratio="float64",
        char_dup_ratio="float64",
        newline_word_ratio="float64",
    )

    short_line_chars: int = 30
    end_chars: str = "".join(sorted(TERMINAL_PUNCTUATION))
    language: str = "en"
    blank_lines: bool = field(default=False, metadata=IDENTITY_IF_CHANGED)
    tokenizer: NltkEnglish | None = field(default=None, metadata=IDENTITY_IF_CHANGED)

    def check(self) -> None:
        """Refuses a language whose words cannot be told here (RecipeError)."""
        if self.tokenizer is None:
            check_words(self.language)

    def measure(self, pages: Pages) -> pa.RecordBatch:
        """One row per page."""
        pairs = zip(pages.texts, pages.spelled(self.language, self.tokenizer), strict=True)
        rows = [self._row(text, len(words)) for text, words in pairs]
        columns = {name: [row.get(name) for row in rows] for name in self.signals.names}
        return signals_of(self.signals, columns, len(pages))

    def _row(self, text: str, words: int) -> dict[str, float | int | None]:
        every = text.split("\n")
        filled = [line for line in every if line and not line.isspace()]
        lines = every if self.blank_lines else filled
        if not lines:
            return {"nonblank_line_count": 0}
        newlines = text.count("\n")
        again = sum(map(len, filled)) - sum(map(len, set(filled)))
        return {
            "nonblank_line_count": len(filled),
            "line_punct_ratio": sum(self._is_punctuated(line) for line in lines) / len(lines),
            "short_line_ratio": sum(len(line) <= self.short_line_chars for line in lines) / len(lines),
            "char_dup_ratio": again / (len(text) - newlines) if len(text) > newlines else None,
            "newline_word_ratio": newlines / words if words else None,
        }

    def _is_punctuated(self, line: str) -> bool:
        return line != "" and line[-1] in self.end_chars

    def evidence(self, text: str, subject: str) -> list[Span]:
        """Lines without an end mark, short lines, lines that were there before, or line breaks."""
        every = list(lines_of(text))
        filled = [(start, end) for start, end in every if text[start:end].strip()]
        lines = every if self.blank_lines else filled
        if subject == "line_punct_ratio":
            return marked(text, lines, "no end mark", lambda line: not self._is_punctuated(line))
        if subject == "short_line_ratio":
            return marked(text, lines, "short line", lambda line: len(line) <= self.short_line_chars)
        if subject == "char_dup_ratio":
            return repeated(text, filled, "repeated line")
        if subject == "newline_word_ratio":
            return [Span(at, at + 1, "line break") for at, char in enumerate(text) if char == "\n"]
        return []

    @staticmethod
    def rules(
        *,
        min_line_punct: float = 0.12,
        max_short_lines: float = 0.67,
        max_char_dup: float = 0.01,
        max_newlines: float = 0.3,
        at_bounds: bool = False,
    ) -> tuple[Rule, ...]:
        """FineWeb's bounds in datatrove's order; `at_bounds` drops pages that stand at one of the first three, as in 2024.

        | reason | datatrove's reason |
        |---|---|
        | `only_blank_lines` | `empty` |
        | `few_punctuated_lines` | `line_punct_ratio` |
        | `many_short_lines` | `short_line_ratio` |
        | `many_repeated_chars` | `char_dup_ratio` |
        | `many_newlines` | `list_ratio` |
        """
        below, above = ("<=", ">=") if at_bounds else ("<", ">")
        return (
            Rule("nonblank_line_count", "==", 0, "only_blank_lines"),
            Rule("line_punct_ratio", below, min_line_punct, "few_punctuated_lines"),
            Rule("short_line_ratio", above, max_short_lines, "many_short_lines"),
            Rule("char_dup_ratio", above, max_char_dup, "many_repeated_chars"),
            Rule("newline_word_ratio", ">", max_newlines, "many_newlines"),
        )
