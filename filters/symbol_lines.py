"""Takes lines of nothing but symbols out of a page: rulers, rows of stars, arrows (as datatrove 0.10.1)."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import pyarrow as pa
from datatrove.utils.text import PUNCTUATION_SET

from filters.text_edits import Piece, joined
from pipeline.errors import RecipeError
from pipeline.evidence import Place, Span, marked, split_lines_of
from pipeline.measures import Edit, Transformed, schema, signals_of
from pipeline.pages import Pages


@dataclass(frozen=True, slots=True, kw_only=True)
class SymbolLines:
    r"""Removes lines (of `str.splitlines`) of nothing but `symbols` and spaces, and at least one symbol.

    With `replacement`, each run of such lines becomes one line that says it. Lines of whitespace alone stay. Afterwards lines
    end in `\n`, however they ended, and the last one has no end. A tab is no space here.
    """

    name: ClassVar[str] = "symbol_lines"
    version: ClassVar[int] = 1
    engines: ClassVar[tuple[str, ...]] = ()
    signals: ClassVar[pa.Schema] = schema(symbol_line_count="int32")

    symbols: str = "".join(sorted(PUNCTUATION_SET))
    replacement: str = ""

    def __post_init__(self) -> None:
        if not self.symbols.strip():
            raise RecipeError("symbol_lines: give at least one symbol that is no whitespace")

    def transform(self, pages: Pages) -> Transformed:
        """New texts, their edits, and how many lines were of symbols."""
        done = [self._cleaned(text) for text in pages.texts]
        columns = {"symbol_line_count": [count for _, _, count in done]}
        return Transformed(
            texts=[text for text, _, _ in done],
            edits=[edits for _, edits, _ in done],
            signals=signals_of(self.signals, columns, len(pages)),
        )

    def evidence(self, text: str, subject: str) -> list[Span]:
        """The lines of symbols."""
        if subject != "symbol_line_count":
            return []
        return marked(text, list(split_lines_of(text)), "nothing but symbols", self._is_symbols)

    def _is_symbols(self, line: str) -> bool:
        return bool(line.strip()) and not line.strip(self.symbols + " ")

    def _cleaned(self, text: str) -> tuple[str, tuple[Edit, ...], int]:
        lines = list(split_lines_of(text))
        goes = [self._is_symbols(text[start:end]) for start, end in lines]
        return *joined(self.name, text, self._pieces(lines, goes), "\n"), sum(goes)

    def _pieces(self, lines: list[Place], goes: list[bool]) -> Iterator[Piece]:
        for number, (place, gone) in enumerate(zip(lines, goes, strict=True)):
            if not gone:
                yield (*place, None)
            elif self.replacement and not (number and goes[number - 1]):
                yield (*place, self.replacement)
