"""What a page's markup has of what makes extractors slow, counted in bytes of UTF-8, a block at a time, without a parser."""

import re
from collections import Counter
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]

BLOCK = 1 << 17  # bytes at a time: what is held besides the page does not grow with it, and fits a core's cache
WIDEST_SPAN = 100  # what is more counts as this, as for trafilatura; a colspan of a billion is one careless cell
VOID = frozenset(b"area base br col embed hr img input link meta param source track wbr".split())
# Elements whose end may be left out: how many are open only a parser can tell. What makes them nest (tables, lists) is counted.
OPEN_ENDED = frozenset(
    b"html head body p li dt dd tr td th tbody thead tfoot colgroup option optgroup rb rp rt".split()
)

_TAG_BEGINS, _CELL_BEGINS, _LOWER = np.uint8(ord("<")), np.uint8(ord("t")), np.uint8(0x20)
_TAG = re.compile(rb"<(/?)([A-Za-z][A-Za-z0-9]*)")
_ATTRIBUTE = re.compile(rb"""[^\s"'>/=]+(?:\s*=\s*(?:"[^"]*"|'[^']*'|[^\s>]*))?|>""")
_CELL = re.compile(rb"<[tT][dDhH]([^<>]+)")
_SPAN = re.compile(rb"(?i)(col|row)span\s*=\s*(?:[\"']\s*)?(\d{1,9})")


def tags_and_cells(html: bytes) -> tuple[int, int]:
    """How many `<` there are, and how many with a `t` behind, as cells of tables have (and a few others)."""
    tags = cells = 0
    size = min(BLOCK, len(html))
    begins, letters = np.empty(size, np.bool_), np.empty(size, np.uint8)
    found = letters.view(np.bool_)  # arrays that are used again stay in the cache
    for here, behind in _blocks(html):
        tags += int(np.count_nonzero(np.equal(here, _TAG_BEGINS, out=begins[: len(here)])))
        more = slice(len(behind))
        np.equal(np.bitwise_or(behind, _LOWER, out=letters[more]), _CELL_BEGINS, out=found[more])
        cells += int(np.count_nonzero(np.logical_and(begins[more], found[more], out=found[more])))
    return tags, cells


def opening_tags(html: bytes) -> int:
    """How many `<` are not of a closing tag."""
    return sum(
        int(np.count_nonzero((here[: len(behind)] == ord("<")) & (behind != ord("/"))))
        for here, behind in _blocks(html)
    )


def cells_with_attributes(html: bytes) -> int:
    """How many elements have a name that begins as that of cells does, and more behind it."""
    chars, found = np.frombuffer(html, np.uint8), 0
    for first, (here, behind) in enumerate(_blocks(html)):
        at = np.flatnonzero((here[: len(behind)] == ord("<")) & ((behind | 0x20) == ord("t"))) + first * BLOCK
        at = at[at < len(chars) - 3]
        second = chars[at + 2] | 0x20
        found += int(np.count_nonzero(((second == ord("d")) | (second == ord("h"))) & (chars[at + 3] != ord(">"))))
    return found


def _blocks(html: bytes) -> Iterator[tuple[Bytes, Bytes]]:
    """The page in blocks, each with what stands one byte behind; that of the last is shorter by one."""
    chars = np.frombuffer(html, np.uint8)
    for at in range(0, len(chars), BLOCK):
        yield chars[at : at + BLOCK], chars[at + 1 : at + 1 + BLOCK]


def nesting(html: bytes, most: int) -> int:
    """How deep elements nest; counted up to `most` and one. What scripts and comments write counts as if it were markup."""
    inside: list[bytes] = []
    opened: Counter[bytes] = Counter()
    deepest = 0
    for tag in _TAG.finditer(html):
        name = tag[2].lower()
        if name in VOID or name in OPEN_ENDED:
            continue
        if tag[1]:
            _close(name, inside, opened)
            continue
        inside.append(name)
        opened[name] += 1
        deepest = max(deepest, len(inside))
        if deepest > most:
            break
    return deepest


def _close(name: bytes, inside: list[bytes], opened: Counter[bytes]) -> None:
    """Ends the last element of that name with all that is still open in it; where none is open, nothing."""
    last = b"" if opened[name] else name
    while last != name:
        last = inside.pop()
        opened[last] -= 1


def gaps(html: bytes, least: int) -> Iterator[tuple[int, int]]:
    """Stretches of `least` bytes or more from one `<` to the next: only there can a tag or a script be a long one."""
    start = 0
    while start < len(html):
        last = html.rfind(b"<", start + 1, start + least)
        if last < 0:
            end = html.find(b"<", start + least)
            end = end if end >= 0 else len(html)
            if end - start >= least:
                yield start, end
            last = end
        start = last


def attributes(html: bytes, start: int, end: int) -> int:
    """How many attributes the tag has that begins at `start`; 0 where none does."""
    tag = _TAG.match(html, start, end)
    if tag is None:
        return 0
    count = 0
    for attribute in _ATTRIBUTE.finditer(html, tag.end(), end):
        if attribute[0] == b">":
            break
        count += 1
    return count


def brackets(html: bytes, start: int, end: int) -> int:
    """How deep square brackets and braces nest, whatever closes them."""
    level = lowest = deepest = 0
    for at in range(start, end, BLOCK):
        chars = np.frombuffer(html, np.uint8, min(BLOCK, end - at), at) | 0x20  # { and [ alike, } and ] too
        levels = level + np.cumsum((chars == ord("{")).astype(np.int64) - (chars == ord("}")))
        lows = np.minimum.accumulate(np.minimum(levels, lowest))
        deepest = max(deepest, int(np.max(levels - lows)))
        level, lowest = int(levels[-1]), int(lows[-1])
    return deepest


def spanned_cells(html: bytes) -> int:
    """Columns times rows of each cell that has a span, added up."""
    total = 0
    for cell in _CELL.finditer(html):
        sizes = {which.lower(): min(max(1, int(size)), WIDEST_SPAN) for which, size in _SPAN.findall(cell[1])}
        total += sizes.get(b"col", 1) * sizes.get(b"row", 1) if sizes else 0
    return total
