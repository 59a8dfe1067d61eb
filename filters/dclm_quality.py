"""Tells pages that are no prose, as DCLM's baseline counts Gopher's section A1.1: by words between spaces."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import pyarrow as pa

from filters.gopher_quality import STOP_WORDS
from filters.line_corrections import spoken_words
from pipeline.evidence import Place, Span, lines_of, marked
from pipeline.measures import Rule, ratio, schema, signals_of
from pipeline.pages import Pages

BULLETS = ("●", "•", "*", "-")
ELLIPSES = ("...", ". . .", "…")
_SYMBOL = re.compile("|".join(map(re.escape, ("#", *ELLIPSES))))
_CHUNK = re.compile(r"\S+")


@dataclass(frozen=True, slots=True, kw_only=True)
class DclmQuality:
    """Counts and shares of what stands between spaces (chunks) and of lines that are not blank.

    `spoken_word_count` is of chunks that begin with a letter or digit. `symbol_chunk_ratio`: `#` and ellipses of all kinds per
    chunk. `marker_line_ratio`, `trailing_line_ratio`: lines that begin with a bullet, end in an ellipsis.
    `letterless_chunk_ratio`: chunks without a letter. `stop_chunk_count`: how often a chunk is one of `stop_words`, in any case.
    Null where there is nothing to divide by.
    """

    name: ClassVar[str] = "dclm_quality"
    version: ClassVar[int] = 1
    engines: ClassVar[tuple[str, ...]] = ()
    signals: ClassVar[pa.Schema] = schema(
        spoken_word_count="int32",
        mean_chunk_chars="float64",
        symbol_chunk_ratio="float64",
        marker_line_ratio="float64",
        trailing_line_ratio="float64",
        letterless_chunk_ratio="float64",
        stop_chunk_count="int32",
    )

    stop_words: tuple[str, ...] = STOP_WORDS

    def measure(self, pages: Pages) -> pa.RecordBatch:
        """One row per page."""
        rows = [self._row(text) for text in pages.texts]
        return signals_of(self.signals, {name: [row[name] for row in rows] for name in self.signals.names}, len(pages))

    def _row(self, text: str) -> dict[str, float | int | None]:
        chunks = text.split()
        lines = [line for line in map(str.strip, text.split("\n")) if line]
        symbols = text.count("#") + sum(map(text.count, ELLIPSES))
        return {
            "spoken_word_count": spoken_words(text),
            "mean_chunk_chars": ratio(sum(map(len, chunks)), len(chunks)),
            "symbol_chunk_ratio": ratio(symbols, len(chunks)),
            "marker_line_ratio": ratio(sum(line.startswith(BULLETS) for line in lines), len(lines)),
            "trailing_line_ratio": ratio(sum(line.endswith(ELLIPSES) for line in lines), len(lines)),
            "letterless_chunk_ratio": ratio(sum(map(_is_letterless, chunks)), len(chunks)),
            "stop_chunk_count": sum(map(self._is_stop_word, chunks)),
        }

    def _is_stop_word(self, chunk: str) -> bool:
        return chunk.lower() in self.stop_words

    def evidence(self, text: str, subject: str) -> list[Span]:
        """The chunks, lines or signs that are counted; nothing for what is of the whole page."""
        if subject == "symbol_chunk_ratio":
            return [Span(*found.span(), "symbol") for found in _SYMBOL.finditer(text)]
        lines, chunks = list(lines_of(text)), [found.span() for found in _CHUNK.finditer(text)]
        counted: dict[str, tuple[list[Place], str, Callable[[str], bool]]] = {
            "marker_line_ratio": (lines, "bullet line", lambda line: line.strip().startswith(BULLETS)),
            "trailing_line_ratio": (lines, "ends in an ellipsis", lambda line: line.strip().endswith(ELLIPSES)),
            "letterless_chunk_ratio": (chunks, "no letter", _is_letterless),
            "stop_chunk_count": (chunks, "stop word", self._is_stop_word),
        }
        return marked(text, *counted[subject]) if subject in counted else []

    @staticmethod
    def rules(  # noqa: PLR0913  one keyword per rule
        *,
        min_words: int = 50,
        max_words: int = 100_000,
        min_mean_chunk_chars: float = 3,
        max_mean_chunk_chars: float = 10,
        max_symbols: float = 0.1,
        max_bullet_lines: float = 0.9,
        max_ellipsis_lines: float = 0.3,
        max_letterless: float = 0.2,
        min_stop_words: int = 2,
    ) -> tuple[Rule, ...]:
        """DCLM's bounds in its order; what it cannot divide, it drops."""
        return (
            Rule("spoken_word_count", "<", min_words, "few_words"),
            Rule("spoken_word_count", ">", max_words, "many_words"),
            Rule("mean_chunk_chars", "<", min_mean_chunk_chars, "short_words", null_fails=True),
            Rule("mean_chunk_chars", ">", max_mean_chunk_chars, "long_words"),
            Rule("symbol_chunk_ratio", ">", max_symbols, "many_symbols"),
            Rule("marker_line_ratio", ">", max_bullet_lines, "many_bullet_lines"),
            Rule("trailing_line_ratio", ">", max_ellipsis_lines, "many_ellipsis_lines"),
            Rule("letterless_chunk_ratio", ">", max_letterless, "few_alphabetic_words"),
            Rule("stop_chunk_count", "<", min_stop_words, "few_stop_words"),
        )


def _is_letterless(chunk: str) -> bool:
    return not any(map(str.isalpha, chunk))
