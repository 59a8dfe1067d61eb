"""Tells menus and link lists: pages of short, unpunctuated or repeated lines (FineWeb, section 3.6, as datatrove 0.10.1)."""

from dataclasses import dataclass
from typing import ClassVar

import pyarrow as pa
from datatrove.utils.text import TERMINAL_PUNCTUATION

from pipeline.evidence import Span, lines_of, marked, repeated
from pipeline.measures import Rule, schema, signals_of
from pipeline.pages import Pages
from pipeline.words import ENGINES, check_words


@dataclass(frozen=True, slots=True, kw_only=True)
class LineQuality:
    """Shares of the lines that are not blank.

    `line_punct_ratio`: lines whose last character is in `end_chars` (a trailing space counts). `short_line_ratio`: lines of at
    most `short_line_chars` characters. `char_dup_ratio`: characters of lines that were there before, per character that is no
    newline. `newline_word_ratio`: newlines per word. Null for a page of blank lines, and where there is no word.
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

    def check(self) -> None:
        """Refuses a language whose words cannot be told here (RecipeError)."""
        check_words(self.language)

    def measure(self, pages: Pages) -> pa.RecordBatch:
        """One row per page."""
        pairs = zip(pages.texts, pages.words(self.language), strict=True)
        rows = [self._row(text, len(words)) for text, words in pairs]
        columns = {name: [row.get(name) for row in rows] for name in self.signals.names}
        return signals_of(self.signals, columns, len(pages))

    def _row(self, text: str, words: int) -> dict[str, float | int | None]:
        lines = [line for line in text.split("\n") if line and not line.isspace()]
        if not lines:
            return {"nonblank_line_count": 0}
        chars = list(map(len, lines))
        newlines = text.count("\n")
        return {
            "nonblank_line_count": len(lines),
            "line_punct_ratio": sum(line[-1] in self.end_chars for line in lines) / len(lines),
            "short_line_ratio": sum(count <= self.short_line_chars for count in chars) / len(lines),
            "char_dup_ratio": (sum(chars) - sum(map(len, set(lines)))) / (len(text) - newlines),
            "newline_word_ratio": newlines / words if words else None,
        }

    def evidence(self, text: str, subject: str) -> list[Span]:
        """Lines without an end mark, short lines, lines that were there before, or line breaks."""
        lines = [(start, end) for start, end in lines_of(text) if text[start:end].strip()]
        if subject == "line_punct_ratio":
            return marked(text, lines, "no end mark", lambda line: line[-1] not in self.end_chars)
        if subject == "short_line_ratio":
            return marked(text, lines, "short line", lambda line: len(line) <= self.short_line_chars)
        if subject == "char_dup_ratio":
            return repeated(text, lines, "repeated line")
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
    ) -> tuple[Rule, ...]:
        """FineWeb's bounds in datatrove's order.

        | reason | datatrove's reason |
        |---|---|
        | `only_blank_lines` | `empty` |
        | `few_punctuated_lines` | `line_punct_ratio` |
        | `many_short_lines` | `short_line_ratio` |
        | `many_repeated_chars` | `char_dup_ratio` |
        | `many_newlines` | `list_ratio` |
        """
        return (
            Rule("nonblank_line_count", "==", 0, "only_blank_lines"),
            Rule("line_punct_ratio", "<", min_line_punct, "few_punctuated_lines"),
            Rule("short_line_ratio", ">", max_short_lines, "many_short_lines"),
            Rule("char_dup_ratio", ">", max_char_dup, "many_repeated_chars"),
            Rule("newline_word_ratio", ">", max_newlines, "many_newlines"),
        )
