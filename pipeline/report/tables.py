"""Tables of the report: words to the left, numbers to the right in figures of equal width."""

from collections.abc import Iterable, Sequence
from typing import Any

from pipeline.report.markup import Markup, tag
from pipeline.sizes import bytes_text

DASH = "\N{EN DASH}"  # where there is no number
GAP = "\N{NO-BREAK SPACE}"  # between a number and its unit


def table(heads: Sequence[Any], rows: Iterable[Sequence[Any] | Markup], numbers: Iterable[int] = ()) -> Markup:
    """A table; `numbers` says which columns are figures. A row is its cells, or markup of a whole row."""
    right = set(numbers)
    head = tag("tr", [_cell(name, place in right, "th") for place, name in enumerate(heads)])
    body = [row if isinstance(row, Markup) else cells(row, right) for row in rows]
    return tag("div", tag("table", tag("thead", head), tag("tbody", body)), class_="scroll")


def cells(row: Sequence[Any], numbers: Iterable[int] = (), class_: str | None = None) -> Markup:
    """A row. A cell that is an element already stands as it is."""
    right = set(numbers)
    return tag("tr", [_cell(cell, place in right) for place, cell in enumerate(row)], class_=class_)


def _cell(content: Any, is_number: bool, element: str = "td") -> Markup:
    if isinstance(content, Markup) and content.startswith(f"<{element}"):
        return content
    return tag(element, content, class_="n" if is_number else None, scope="col" if element == "th" else None)


def share(count: float, whole: float) -> str:
    """A count's share of a whole, `12.3 %`; `<0.1 %` rather than nothing."""
    if not whole:
        return DASH
    percent = 100 * count / whole
    return f"<0.1{GAP}%" if 0 < percent < 0.05 else f"{percent:.1f}{GAP}%"


def size(count: float) -> str:
    """Bytes for people, `1.1 GB`."""
    return bytes_text(count, GAP)


def amount(count: float) -> str:
    """A large number for people, `48.9 million`; small ones in full."""
    for unit, name in ((1e12, "trillion"), (1e9, "billion"), (1e6, "million")):
        if count >= unit:
            return f"{count / unit:.3g} {name}"
    return f"{count:,.0f}"


def duration(seconds: float) -> str:
    """A time for people: `4.2 s`, `12 min`, `3.1 h`."""
    if seconds < 600:
        return f"{seconds:.1f} s" if seconds < 100 else f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:,.1f} h"
