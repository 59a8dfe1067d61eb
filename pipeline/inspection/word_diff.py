"""Which words two texts have in common, in order: in time that grows with the texts, not with their square.

Runs of words that each text has once are found first; between two of them, where little is left, `difflib` looks closely.
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from typing import NamedTuple

RUN = 4  # words of a run: shorter ones meet by accident, longer ones are broken by more edits
MOST_WORDS = 260  # of each text are looked at closely at a time, for that takes time with their square


class Stretch(NamedTuple):
    """Words `a` to `b` of one text and `c` to `d` of the other, all the same or all different."""

    same: bool
    a: int
    b: int
    c: int
    d: int


def stretches(one: Sequence[str], other: Sequence[str]) -> list[Stretch]:
    """Both texts from their beginning to their end, the same and different words in turn.

    >>> [tuple(each) for each in stretches("a b c".split(), "a x c".split())]
    [(True, 0, 1, 0, 1), (False, 1, 2, 1, 2), (True, 2, 3, 2, 3)]
    """
    found: list[Stretch] = []
    a = c = 0
    for start, begin, size in _joined(_matches(one, other)):
        if start > a or begin > c:
            found.append(Stretch(False, a, start, c, begin))
        a, c = start + size, begin + size
        found.append(Stretch(True, start, a, begin, c))
    if a < len(one) or c < len(other):
        found.append(Stretch(False, a, len(one), c, len(other)))
    return found


Match = tuple[int, int, int]  # from where on the texts have as many equal words


def _joined(matches: Iterator[Match]) -> Iterator[Match]:
    """The matches, those that touch as one."""
    a = c = size = 0
    for start, begin, more in matches:
        if (start, begin) == (a + size, c + size):
            size += more
            continue
        if size:
            yield a, c, size
        a, c, size = start, begin, more
    if size:
        yield a, c, size


def _matches(one: Sequence[str], other: Sequence[str]) -> Iterator[Match]:
    a = c = 0
    for start, begin in _anchors(one, other):
        yield from _between(one, other, (a, start), (c, begin))
        yield start, begin, 1
        a, c = start + 1, begin + 1
    yield from _between(one, other, (a, len(one)), (c, len(other)))


def _between(
    one: Sequence[str], other: Sequence[str], here: tuple[int, int], there: tuple[int, int]
) -> Iterator[Match]:
    """Matches between two anchors: equal words at both ends, and what is in between where that is not long."""
    (a, b), (c, d) = here, there
    first = 0
    while a + first < b and c + first < d and one[a + first] == other[c + first]:
        first += 1
    if first:
        yield a, c, first
    a, c, last = a + first, c + first, 0
    while b - last > a and d - last > c and one[b - last - 1] == other[d - last - 1]:
        last += 1
    if 0 < b - last - a <= MOST_WORDS and 0 < d - last - c <= MOST_WORDS:
        matcher = SequenceMatcher(None, one[a : b - last], other[c : d - last], autojunk=False)
        yield from ((a + i, c + j, size) for i, j, size in matcher.get_matching_blocks() if size)
    if last:
        yield b - last, d - last, last


def _anchors(one: Sequence[str], other: Sequence[str]) -> list[tuple[int, int]]:
    """Where runs begin that each text has once, as many as stand in the same order in both."""
    ours, theirs = _once(one), _once(other)
    pairs = [(place, theirs[run]) for run, place in ours.items() if run in theirs]
    ends: list[int] = []  # of the best chain of each length, the last place in the other text
    tops: list[int] = []  # and which pair that is
    before: list[int] = []
    for number, (_, place) in enumerate(pairs):
        at = bisect_left(ends, place)
        before.append(tops[at - 1] if at else -1)
        ends[at : at + 1], tops[at : at + 1] = [place], [number]
    chain: list[tuple[int, int]] = []
    number = tops[-1] if tops else -1
    while number >= 0:
        chain.append(pairs[number])
        number = before[number]
    return chain[::-1]


def _once(words: Sequence[str]) -> dict[tuple[str, ...], int]:
    """The runs that are there once, in order, with their places."""
    found: dict[tuple[str, ...], int] = {}
    for place in range(len(words) - RUN + 1):
        run = tuple(words[place : place + RUN])
        found[run] = -1 if run in found else place
    return {run: place for run, place in found.items() if place >= 0}
