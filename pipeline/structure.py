"""Bounds on how a page's markup is built, kept by counting before an extractor gets the page: alike on every machine, every time.

What they stop costs an extractor the square of what is counted, or memory without end. Each is several times what any of 2,143
real pages has, and near what takes the customary CPU time; who needs more says so in the recipe. Markup made to slip through
meets the limits of the sandbox.
"""

import sys
from dataclasses import astuple, dataclass, fields
from typing import Self

from pipeline.errors import RecordError
from pipeline.markup_counts import (
    WIDEST_SPAN,
    attributes,
    brackets,
    cells_with_attributes,
    gaps,
    nesting,
    opening_tags,
    spanned_cells,
    tags_and_cells,
)
from pipeline.nesting_bound import most_nesting

REASONS = ("over_tags", "over_depth", "over_attributes", "over_spans")
HEAD = 200  # bytes of a script's tag in which its type is looked for


@dataclass(frozen=True, slots=True, kw_only=True)
class Structure:
    """How much of what a page may have.

    `max_tags` counts each `<`. `max_depth` is of elements in another, and of brackets in JSON-LD, which extractors search.
    `max_attributes` is of one tag. `max_spanned_cells` adds up columns times rows over the cells of tables that span several.
    """

    max_tags: int = 150_000
    max_depth: int = 10_000
    max_attributes: int = 20_000
    max_spanned_cells: int = 500_000

    def __post_init__(self) -> None:
        if not all(0 < bound <= sys.maxsize for bound in astuple(self)):
            raise ValueError(f"bounds of a page's structure are positive: {self}")

    @classmethod
    def lifted(cls) -> Self:
        """Bounds that no page can meet."""
        return cls(**{field.name: sys.maxsize for field in fields(cls)})

    def check(self, html: bytes) -> None:
        """Passes a page in UTF-8, or raises RecordError: `over_tags`, `over_depth`, `over_attributes` or `over_spans`.

        What costs more than one look at each byte is counted only where there is enough of what it needs.
        """
        tags, cells = tags_and_cells(html)
        _refuse("over_tags", tags, self.max_tags, "tags")
        if tags > self.max_depth and opening_tags(html) > self.max_depth and most_nesting(html) > self.max_depth:
            _refuse("over_depth", nesting(html, self.max_depth), self.max_depth, "elements inside each other")
        for start, end in gaps(html, min(self.max_depth, 2 * self.max_attributes)):
            if end - start >= 2 * self.max_attributes:
                _refuse("over_attributes", attributes(html, start, end), self.max_attributes, "attributes of a tag")
            if html.find(b"ld+json", start, min(end, start + HEAD)) >= 0:
                _refuse("over_depth", brackets(html, start, end), self.max_depth, "brackets inside each other")
        least = self.max_spanned_cells // WIDEST_SPAN**2 + 1
        if cells >= least and cells_with_attributes(html) >= least:
            _refuse("over_spans", spanned_cells(html), self.max_spanned_cells, "cells that others span")


def _refuse(reason: str, found: int, most: int, what: str) -> None:
    if found > most:
        raise RecordError(reason, f"{found:,} {what}, more than {most:,}", by_limit=True)
