"""Draws pages for annotation, as many of each range of scores: which ones a hash of their ids decides, so a draw can be repeated.

Files are read twice, first for scores and ids, 16 bytes of memory a page, then for the texts of those that were drawn.
"""

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from xxhash import xxh3_64_intdigest

from pipeline.errors import InputError, RecipeError
from pipeline.rows.batches import document_batches
from pipeline.rows.columns import RowColumns
from pipeline.rows.pieces import divided, piece_of
from pipeline.sources import ROW_FILES, find_source

By = Literal["width", "count"]
MOST_STRATA, MOST_PAGES = 1_000, 1_000_000

Scores = npt.NDArray[np.float64]
Keys = npt.NDArray[np.uint64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Draw:
    """What to draw: `pages` of each of the `strata`, which are of equal width or hold equal numbers of pages."""

    score: str
    columns: RowColumns
    strata: int = 20
    pages: int = 50
    by: By = "width"
    seed: int = 1

    def __post_init__(self) -> None:
        if not 1 <= self.strata <= MOST_STRATA or not 1 <= self.pages <= MOST_PAGES:
            raise RecipeError(
                f"{self.strata} strata of {self.pages} pages; there can be {MOST_STRATA} of {MOST_PAGES:,}"
            )
        if self.by not in ("width", "count"):
            raise RecipeError(f"--by {self.by}: strata are equal by width or count")


@dataclass(frozen=True, slots=True)
class Stratum:
    """Scores from `low` to `high`, how many pages have such a one, and how many of them were drawn."""

    low: float
    high: float
    pages: int
    drawn: int


def dataset_of(entry: str) -> str:
    """The rows of a finished run where `entry` is its ROOT, else `entry` itself."""
    inside = Path(entry) / "dataset" / "data"
    return str(inside) if "://" not in entry and inside.is_dir() else entry


def drawn(inputs: Sequence[str], draw: Draw) -> tuple[list[Stratum], Iterator[dict[str, Any]]]:
    """The strata, and the pages drawn in the order of the files, each with `label` null for who annotates it.

    Raises:
        InputError: a file cannot be read, has no such column, or no page has a score.
    """
    files = [dataset_of(entry) for entry in inputs]
    found = list(_scored(files, draw))
    scores = np.concatenate([scores for scores, _ in found]) if found else np.empty(0)
    if not np.isfinite(scores).any():
        raise InputError(f"{', '.join(inputs)}: no page with a text has a number as {draw.score}")
    edges = _edges(scores[np.isfinite(scores)], draw)
    stratum = np.clip(np.searchsorted(edges, scores, "right") - 1, 0, len(edges) - 2)
    stratum[~np.isfinite(scores)] = -1
    chosen = _chosen(stratum, np.concatenate([keys for _, keys in found]), draw)
    told = [
        Stratum(float(edges[each]), float(edges[each + 1]), int((stratum == each).sum()), len(rows))
        for each, rows in enumerate(chosen)
    ]
    rows = {row: each for each, some in enumerate(chosen) for row in some}
    return told, _pages(files, draw, rows, told)


def _batches(files: Sequence[str], draw: Draw) -> Iterator[pa.RecordBatch]:
    for part in divided(find_source(files, name="sample"))[0].parts:
        piece = piece_of(part)
        if not piece.name.endswith(ROW_FILES):
            raise InputError(f"{part.location}: pages are drawn from Parquet or JSON lines, or a finished run")
        yield from document_batches(piece, draw.columns, score=draw.score)


def _scored(files: Sequence[str], draw: Draw) -> Iterator[tuple[Scores, Keys]]:
    """The score of each page, NaN where there is none or no text, and the hash that says whether it is drawn."""
    first = 0
    for batch in _batches(files, draw):
        scores = batch["score"].to_numpy(zero_copy_only=False).astype(np.float64)
        blank = [not text.strip() for text in batch["text"].to_pylist()]
        ids = batch["record_id"].to_pylist()
        keys = [xxh3_64_intdigest((name or f"row {first + row}").encode(), draw.seed) for row, name in enumerate(ids)]
        yield np.where(blank, np.nan, scores), np.array(keys, np.uint64)
        first += batch.num_rows


def _edges(scores: Scores, draw: Draw) -> Scores:
    """Where ranges begin and end, ascending, two at least; fewer ranges than were asked for where scores are too much alike."""
    parts = np.linspace(0, 1, draw.strata + 1)
    low, high = float(scores.min()), float(scores.max())
    edges = np.unique(np.quantile(scores, parts) if draw.by == "count" else low + (high - low) * parts)
    edges[0], edges[-1] = low, high  # which rounding may have moved
    return edges if len(edges) > 1 else np.array([low, low])


def _chosen(stratum: npt.NDArray[np.int64], keys: Keys, draw: Draw) -> list[list[int]]:
    """Of each stratum the rows with the smallest hashes."""
    order = np.argsort(stratum, kind="stable")
    ends = np.searchsorted(stratum[order], np.arange(int(stratum.max()) + 2))
    some = [order[ends[each] : ends[each + 1]] for each in range(len(ends) - 1)]
    return [sorted(heapq.nsmallest(draw.pages, rows.tolist(), key=lambda row: (int(keys[row]), row))) for rows in some]


def _pages(
    files: Sequence[str], draw: Draw, rows: dict[int, int], strata: Sequence[Stratum]
) -> Iterator[dict[str, Any]]:
    first = 0
    for batch in _batches(files, draw):
        for row in sorted(each for each in range(first, first + batch.num_rows) if each in rows):
            page, of = batch.slice(row - first, 1).to_pylist()[0], strata[rows[row]]
            yield {
                "id": page["record_id"],
                "url": page["url"],
                "text": page["text"],
                "score": page["score"],
                "stratum": rows[row],
                "stratum_pages": of.pages,
                "stratum_drawn": of.drawn,
                "label": None,
            }
        first += batch.num_rows
