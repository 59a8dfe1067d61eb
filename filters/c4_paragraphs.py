"""Tells pages without long paragraphs (mC4's paragraph filter, as datatrove 0.10.1 does it)."""

from dataclasses import dataclass
from typing import ClassVar

import pyarrow as pa

from pipeline.errors import RecipeError
from pipeline.evidence import Span, lines_of, marked
from pipeline.measures import Rule, schema, signals_of
from pipeline.pages import Pages


@dataclass(frozen=True, slots=True, kw_only=True)
class C4Paragraphs:
    r"""Counts the paragraphs: lines (between `\n`) of at least `min_chars` characters."""

    name: ClassVar[str] = "c4_paragraphs"
    version: ClassVar[int] = 1
    engines: ClassVar[tuple[str, ...]] = ()
    signals: ClassVar[pa.Schema] = schema(c4_paragraph_count="int32")

    min_chars: int = 200

    def __post_init__(self) -> None:
        if self.min_chars < 1:
            raise RecipeError(f"c4_paragraphs: min_chars is {self.min_chars}, but a paragraph has characters")

    def measure(self, pages: Pages) -> pa.RecordBatch:
        """One row per page."""
        counts = [sum(len(line) >= self.min_chars for line in text.split("\n")) for text in pages.texts]
        return signals_of(self.signals, {"c4_paragraph_count": counts}, len(pages))

    def evidence(self, text: str, subject: str) -> list[Span]:
        """The paragraphs."""
        if subject != "c4_paragraph_count":
            return []
        return marked(text, list(lines_of(text)), "paragraph", lambda line: len(line) >= self.min_chars)

    @staticmethod
    def rules(*, min_paragraphs: int = 3) -> tuple[Rule, ...]:
        """mC4's bound; datatrove's reason is `< 3 paragraphs`."""
        return (Rule("c4_paragraph_count", "<", min_paragraphs, "few_paragraphs"),)
