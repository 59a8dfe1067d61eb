"""The length of a page's text in characters."""

from dataclasses import dataclass
from typing import ClassVar

import pyarrow as pa

from pipeline.measures import Rule, schema, signals_of
from pipeline.pages import Pages


@dataclass(frozen=True, slots=True, kw_only=True)
class TextLength:
    """Counts characters of the text as it is where this measure stands."""

    name: ClassVar[str] = "text_length"
    version: ClassVar[int] = 1
    engines: ClassVar[tuple[str, ...]] = ()
    signals: ClassVar[pa.Schema] = schema(page_chars="int32")

    def measure(self, pages: Pages) -> pa.RecordBatch:
        """One row per page."""
        return signals_of(self.signals, {"page_chars": list(map(len, pages.texts))}, len(pages))

    @staticmethod
    def rules(*, max_chars: int = 190_000) -> tuple[Rule, ...]:
        """C4's bound: longer pages are seldom prose."""
        return (Rule("page_chars", ">", max_chars, "many_chars"),)
