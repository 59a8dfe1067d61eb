"""The edits that lead from one text to another: where the two are known, or what is kept of the first."""

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise

import xxhash

from pipeline.evidence import Place
from pipeline.measures import Edit

Piece = tuple[int, int, str | None]
"""From, to (characters of the old text), and what comes instead (None: it stays)."""

_WORDS = re.compile(r"\S+|\s+")


def joined(transform: str, text: str, pieces: Iterable[Piece], glue: str) -> tuple[str, tuple[Edit, ...]]:
    """The pieces of `text` (in order, none within another) joined by `glue`, and the edits that lead there."""
    edits: list[Edit] = []
    made: list[str] = []
    done = length = 0

    def put(end: int, new: str) -> None:
        nonlocal done, length
        old = text[done:end]
        if old != new:
            edits.append(Edit(transform, length, old, new))
        made.append(new)
        done, length = end, length + len(new)

    for number, (start, end, instead) in enumerate(pieces):
        put(start, glue if number else "")
        put(end, text[start:end] if instead is None else instead)
    put(len(text), "")
    return "".join(made), tuple(edits)


def replaced(transform: str, text: str, places: Iterable[Place], replacements: Sequence[str]) -> tuple[str, list[Edit]]:
    """The text with one of `replacements` at each of `places`, chosen by the hash of what stood there, and the edits."""
    pieces: list[str] = []
    edits: list[Edit] = []
    copied = shift = 0  # an edit's start is in the text as the edits before it left it
    for start, end in places:
        removed = text[start:end]
        inserted = replacements[xxhash.xxh64_intdigest(removed.encode()) % len(replacements)]
        pieces += (text[copied:start], inserted)
        edits.append(Edit(transform, start + shift, removed, inserted))
        shift += len(inserted) - len(removed)
        copied = end
    return "".join([*pieces, text[copied:]]), edits


def all_replaced(
    transform: str, texts: Sequence[str], places: Callable[[str], Iterable[Place]], replacements: Sequence[str]
) -> tuple[list[str], list[tuple[Edit, ...]]]:
    """Each text with what is at its `places` replaced, and its edits."""
    done = [replaced(transform, text, places(text), replacements) for text in texts]
    return [new for new, _ in done], [tuple(made) for _, made in done]


def lines_of(text: str) -> list[str]:
    """The lines of `text` with their ends."""
    return text.splitlines(keepends=True)


def words_of(text: str) -> list[str]:
    """The words of `text` and the whitespace between them."""
    return _WORDS.findall(text)


def edits_between(transform: str, old: str, new: str, split: Callable[[str], list[str]] = lines_of) -> tuple[Edit, ...]:
    """Edits that `undo` leads back from `new` to `old`, in time n log n of the text's length.

    Lines (or what `split` cuts a text into) that both texts have once hold their places (patience diff); what differs between
    two of them is one edit, narrowed to the characters that differ. Not always the fewest edits there could be.
    """
    edits: list[Edit] = []
    shift = 0
    for start, removed, inserted in _differences(old, new, split):
        edits.append(Edit(transform, start + shift, removed, inserted))
        shift += len(inserted) - len(removed)
    return tuple(edits)


def _differences(old: str, new: str, split: Callable[[str], list[str]]) -> Iterator[tuple[int, str, str]]:
    """Start in `old`, what was there, and what stands in `new` instead."""
    if old == new:
        return
    before, after = split(old), split(new)
    anchors = [(-1, -1), *_anchors(before, after), (len(before), len(after))]
    start = 0
    for (low, new_low), (high, new_high) in pairwise(anchors):
        removed, inserted = "".join(before[low + 1 : high]), "".join(after[new_low + 1 : new_high])
        if removed != inserted:
            yield _narrowed(start, removed, inserted)
        start += len(removed) + (len(before[high]) if high < len(before) else 0)


def _anchors(before: Sequence[str], after: Sequence[str]) -> list[tuple[int, int]]:
    """Places of lines that both sides have exactly once, in the same order on both: the longest such list."""
    once, once_after = ({line for line, times in Counter(lines).items() if times == 1} for lines in (before, after))
    place_after = {line: place for place, line in enumerate(after) if line in once_after}
    pairs = [(place, place_after[line]) for place, line in enumerate(before) if line in once and line in place_after]
    ends: list[int] = []  # of the increasing lists of each length, the smallest last place after
    chains: list[int] = []  # and which pair that is
    previous: list[int] = []
    for number, (_, place) in enumerate(pairs):
        length = bisect_left(ends, place)
        previous.append(chains[length - 1] if length else -1)
        ends[length : length + 1] = [place]
        chains[length : length + 1] = [number]
    found: list[tuple[int, int]] = []
    number = chains[-1] if chains else -1
    while number >= 0:
        found.append(pairs[number])
        number = previous[number]
    return found[::-1]


def _narrowed(start: int, removed: str, inserted: str) -> tuple[int, str, str]:
    """The same replacement without what both sides begin and end with."""
    head = _alike(removed, inserted)
    tail = _alike(removed[head:][::-1], inserted[head:][::-1])
    return start + head, removed[head : len(removed) - tail], inserted[head : len(inserted) - tail]


def _alike(one: str, other: str) -> int:
    """How many characters both begin with."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low
