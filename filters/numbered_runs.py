"""Runs of neighbouring words that a page says more than once, by the numbers of its words.

A run is there again only where the runs of one word less that it begins and ends with are: so each size looks at the places
that the size before left, and a run is known by the numbers of these two.
"""

from collections.abc import Iterator, Sequence
from itertools import chain, count
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

_Places = npt.NDArray[np.int64]

_GROUP_WORDS = 1 << 13  # so that a call of NumPy costs little per page and its arrays stay in the cache


def grouped(pages: Sequence[list[str]]) -> Iterator[list[list[str]]]:
    """The pages, in order, as groups of some thousand words: what `NumberedRuns` is quickest with."""
    group: list[list[str]] = []
    words = 0
    for page in pages:
        if group and words + len(page) > _GROUP_WORDS:
            yield group
            group, words = [], 0
        group.append(page)
        words += len(page)
    if group:
        yield group


class _Again(NamedTuple):
    """Runs of one size that are there more than once: where, the number of each (the same for equal runs), how often."""

    places: _Places
    numbers: _Places
    times: _Places


class NumberedRuns:
    """Runs of up to `longest` words of each of `pages`.

    Words of different pages have different numbers. So no run that reaches into the next page is there twice.
    """

    def __init__(self, pages: Sequence[Sequence[str]], longest: int) -> None:
        words = list(chain.from_iterable(pages))
        self._counts = list(map(len, pages))
        self._page = np.repeat(np.arange(len(pages)), self._counts)  # of each word
        self._before = np.zeros(len(words) + 1, np.int64)  # characters of the words before each
        np.cumsum(np.array(list(map(len, words)), np.int64), out=self._before[1:])
        self._page_chars = np.diff(self._before[np.cumsum([0, *self._counts])]).tolist()
        self._again = [_counted(np.arange(len(words)), np.array(_numbers(pages), np.int64))]
        while len(self._again) < longest:
            self._again.append(_longer(self._again[-1], len(words)))

    def commonest_shares(self, size: int) -> list[float | None]:
        """For each page the characters of the longest of its commonest runs times its count, per character.

        None where none is there twice.
        """
        shares: list[float | None] = [None] * len(self._counts)
        places, numbers, times = self._again[size - 1]
        if len(places):
            pages = self._page[places]
            heads = np.concatenate([[0], np.nonzero(pages[1:] != pages[:-1])[0] + 1])
            most = int(self._before[-1]) + 1
            best = np.maximum.reduceat(times[numbers] * most + self._chars(places, size), heads)
            for page, top in zip(pages[heads].tolist(), best.tolist(), strict=True):
                times_said, chars = divmod(top, most)
                shares[page] = chars * times_said / self._page_chars[page]
        return shares

    def repeated_shares(self, size: int) -> list[float | None]:
        """For each page the characters of words in runs that are there twice, per character; None where there is no run."""
        covered = np.diff(self._before) * self._covered(self._again[size - 1].places, size)
        sums = np.bincount(self._page, covered, len(self._counts)).tolist()  # whole numbers below 2**53
        found = zip(sums, self._page_chars, self._counts, strict=True)
        return [None if count < size else int(chars) / every for chars, every, count in found]

    def commonest(self, size: int) -> list[int]:
        """The words of every place of the longest of the commonest runs, of several as long the first."""
        places, numbers, times = self._again[size - 1]
        if not len(places):
            return []
        common = np.nonzero(times[numbers] == times.max())[0]
        top = numbers[common[np.argmax(self._chars(places[common], size))]]
        return np.nonzero(self._covered(places[numbers == top], size))[0].tolist()

    def repeated(self, size: int) -> list[int]:
        """The words of all runs that are there twice, each once, in order."""
        return np.nonzero(self._covered(self._again[size - 1].places, size))[0].tolist()

    def _chars(self, places: _Places, size: int) -> _Places:
        return self._before[places + size] - self._before[places]

    def _covered(self, places: _Places, size: int) -> npt.NDArray[np.bool_]:
        """Which words are in the runs at `places`."""
        edges = np.zeros(len(self._before), np.int64)
        edges[places] = 1
        edges[places + size] -= 1
        return np.cumsum(edges[:-1]) > 0


def _numbers(pages: Sequence[Sequence[str]]) -> list[int]:
    """A number for each word, the same for equal words of a page."""
    numbers: list[int] = []
    used = 0
    for words in pages:
        different = dict(zip(dict.fromkeys(words), count(used), strict=False))
        numbers += map(different.__getitem__, words)
        used += len(different)
    return numbers


def _counted(places: _Places, numbers: _Places) -> _Again:
    times = np.bincount(numbers)
    again = times[numbers] > 1
    return _Again(places[again], numbers[again], times)


def _longer(runs: _Again, words: int) -> _Again:
    """The runs of one word more."""
    if not len(runs.places):
        return runs
    numbers = np.full(words + 1, -1, np.int64)
    numbers[runs.places] = runs.numbers
    places = runs.places[numbers[runs.places + 1] >= 0]
    keys = numbers[places] * len(runs.times) + numbers[places + 1]
    order = np.argsort(keys)
    ordered = keys[order]
    names = np.zeros(len(keys), np.int64)
    names[order[1:]] = np.cumsum(ordered[1:] != ordered[:-1])
    return _counted(places, names)
