"""The edits that lead from one text to another, where only the two texts are known."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise

from pipeline.measures import Edit


def edits_between(transform: str, old: str, new: str) -> tuple[Edit, ...]:
    """Edits that `undo` leads back from `new` to `old`, in time n log n of the text's length.

    Lines that both texts have once hold their places (patience diff); what differs between two of them is one edit, narrowed to
    the characters that differ. Not always the fewest edits there could be.
    """
    edits: list[Edit] = []
    shift = 0
    for start, removed, inserted in _differences(old, new):
        edits.append(Edit(transform, start + shift, removed, inserted))
        shift += len(inserted) - len(removed)
    return tuple(edits)


def _differences(old: str, new: str) -> Iterator[tuple[int, str, str]]:
    """Start in `old`, what was there, and what stands in `new` instead."""
    if old == new:
        return
    before, after = old.splitlines(keepends=True), new.splitlines(keepends=True)
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
