"""Runs of neighbouring words that a page says more than once, compared as joined texts, for several pages at a time.

Runs of so many words are equal when their words joined by a space are, or (tight) joined by nothing. Tight, `ab c` and `a bc` are
equal: datatrove counts so, and it is why word numbers cannot stand for words here.

Runs are compared by a polynomial hash of their bytes, from prefix sums, modulo 2**64. A sort of keys that hold the page, upper
bits of the hash and the place puts equal runs of a page side by side. Equal runs have equal hashes; that runs of equal hash are
equal is checked on the text, so no answer depends on the hash.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import chain
from typing import TypeVar

import numpy as np
import numpy.typing as npt

_Numbers = npt.NDArray[np.uint64]
_Places = npt.NDArray[np.int64]
_Number = TypeVar("_Number", bound=np.generic)

_BASE = 0x9E3779B97F4A7C15  # odd, so that multiplying by it loses nothing modulo 2**64
_SPACE = ord(" ")
_KEPT_POWERS = 1 << 17  # 1 MB; longer texts have their own
_GROUP_WORDS = 1 << 13  # so that a call of NumPy costs little per page and its arrays stay in the cache
_SUSPECTS_AT_ONCE = 1 << 16  # more are looked at size by size, so that memory stays small
_FIRST_BYTES = 12  # what two tight runs must begin with alike; of 8, 12 and 16, 12 leaves the fewest: 15 % of English


def grouped(pages: Sequence[list[str]]) -> Iterator[list[list[str]]]:
    """The pages, in order, as groups of some thousand words: what `WordRuns` is quickest with."""
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


class WordRuns:
    """The runs of the words of each of `pages`."""

    def __init__(self, pages: Sequence[list[str]]) -> None:
        lengths = [len(page) for page in pages]
        spaced = _encoded("".join([" ".join(page) + " " for page in pages if page]))
        tight = spaced.translate(None, b" ")
        (ends,) = np.nonzero(np.frombuffer(spaced, np.uint8) == _SPACE)
        self._is_plain = len(ends) == sum(lengths)
        if not self._is_plain:  # a word has a space inside
            words = [_encoded(word) for word in chain.from_iterable(pages)]
            tight = b"".join(words)
            ends = np.cumsum(list(map(len, words)), dtype=np.int64) + np.arange(len(words))
        self._spaced, self._tight = _Hashed(spaced), _Hashed(tight)
        self._starts = _from_zero(ends + 1)  # where each word begins, and where a next one would
        self._tight_starts = self._starts - np.arange(len(ends) + 1)
        self._ranges = [
            range(end - length, end) for length, end in zip(lengths, np.cumsum(lengths).tolist(), strict=True)
        ]
        self._page = np.repeat(np.arange(len(lengths)), lengths)  # of each word
        self._places = np.arange(len(ends))
        self._left = np.repeat(np.cumsum(lengths), lengths) - self._places  # words from each to the end of its page

    def top_chars(self, sizes: Sequence[int]) -> list[list[int | None]]:
        """Length of the commonest run with its spaces (of several the first seen) times its count, by size, ascending, and page.

        None where a page has no run of that size.
        """
        tops: list[list[int | None]] = []
        places = self._places
        for size in sizes:
            places = places[self._left[places] >= size]
            hashes = self._spaced.runs(self._starts[places], self._starts[places + size])
            order, same = _side_by_side(hashes, self._page[places])
            most = self._most_common(places[order], same)
            tops.append([self._chars_of_top(most.get(page), page, size) for page in range(len(self._ranges))])
            # Without spaces inside of words, a longer run that is there again begins with a shorter one that is.
            places = places[_again(order, same)] if self._is_plain else self._places
        return tops

    def repeated_chars(self, sizes: Sequence[int]) -> list[list[int]]:
        """Characters in tight runs that were seen before, by size and page.

        Such a run is skipped whole, and of a skipped part no run is remembered.
        """
        suspects = self._suspects(min(sizes))
        if len(suspects) < _SUSPECTS_AT_ONCE:
            return self._repeated(suspects, sizes)
        return [row for size in sizes for row in self._repeated(suspects, [size])]

    def _repeated(self, suspects: _Places, sizes: Sequence[int]) -> list[list[int]]:
        table = np.repeat(np.arange(len(sizes)), len(suspects))
        places, words = np.tile(suspects, len(sizes)), np.array(sizes, np.int64)[table]
        within = self._left[places] >= words
        table, places, words = table[within], places[within], words[within]
        starts, ends = self._tight_starts[places], self._tight_starts[places + words]
        of_page = table * len(self._ranges) + self._page[places]
        again = _again(*_side_by_side(self._tight.runs(starts, ends), of_page))
        runs = zip(*(column[again].tolist() for column in (of_page, places, words, starts, ends)), strict=True)
        chars = self._skipping(runs, len(sizes) * len(self._ranges))
        return [chars[row * len(self._ranges) :][: len(self._ranges)] for row in range(len(sizes))]

    def _suspects(self, size: int) -> _Places:
        """Where tight runs of `size` words and more begin that may be there again: they begin alike or are too short to tell."""
        places = self._places[self._left >= size]
        starts, ends = self._tight_starts[places], self._tight_starts[places + size]
        firsts = self._tight.runs(starts, np.minimum(starts + _FIRST_BYTES, self._tight_starts[-1]))
        suspect = ends - starts < _FIRST_BYTES
        suspect[_again(*_side_by_side(firsts, self._page[places]))] = True
        return places[suspect]

    def _skipping(self, runs: Iterator[tuple[int, ...]], pages: int) -> list[int]:
        chars = [0] * pages
        text = self._tight.text
        current, resume = -1, 0
        seen: set[bytes] = set()
        for page, place, words, start, end in runs:
            if page != current:
                current, resume = page, 0
                seen = set()
            if place >= resume:
                run = text[start:end]
                if run in seen:
                    chars[page] += _chars(run)
                    resume = place + words
                else:
                    seen.add(run)
        return chars

    def _most_common(self, places: _Places, same: _Places) -> dict[int, list[int]]:
        """For each page that has runs of equal hash the places of the most of them, and of several as many those seen first."""
        if not len(same):
            return {}
        (breaks,) = np.nonzero(same[1:] != same[:-1] + 1)
        heads = np.concatenate([[0], breaks + 1, [len(same)]])
        starts, times = same[heads[:-1]], heads[1:] - heads[:-1] + 1
        firsts = places[starts]
        pages = self._page[firsts]
        score = times * len(self._page) - firsts
        bounds = np.concatenate([[0], np.nonzero(pages[1:] != pages[:-1])[0] + 1])
        best = np.zeros(len(self._ranges), np.int64)
        best[pages[bounds]] = np.maximum.reduceat(score, bounds)
        (chosen,) = np.nonzero(score == best[pages])
        tops = zip(pages[chosen].tolist(), starts[chosen].tolist(), times[chosen].tolist(), strict=True)
        return {page: places[start : start + count].tolist() for page, start, count in tops}

    def _chars_of_top(self, top: list[int] | None, page: int, size: int) -> int | None:
        words = self._ranges[page]
        if len(words) < size:
            return None
        if top is None:
            return _chars(self._run(words.start, size))
        runs = {self._run(place, size) for place in top}
        if len(runs) == 1:
            return _chars(runs.pop()) * len(top)
        every = Counter(self._run(place, size) for place in words[: len(words) - size + 1])  # two runs share a hash
        run, count = every.most_common(1)[0]
        return _chars(run) * count

    def _run(self, place: int, size: int) -> bytes:
        return self._spaced.text[self._starts.item(place) : self._starts.item(place + size) - 1]


class _Hashed:
    """Bytes of which the hash of any part is at hand."""

    def __init__(self, text: bytes) -> None:
        self.text = text
        self._powers = _powers(len(text) + 1, _BASE)
        codes = np.frombuffer(text, np.uint8)
        self._sums = _from_zero(np.cumsum(codes * self._powers[: len(codes)]))

    def runs(self, starts: _Places, ends: _Places) -> _Numbers:
        """The hashes of what stands from each start to its end."""
        sums = self._sums[ends] - self._sums[starts]
        return sums * self._powers[len(self.text) - starts]  # to the same power wherever it starts


def _side_by_side(hashes: _Numbers, tables: _Places) -> tuple[_Places, _Places]:
    """An order by table (whose numbers ascend) and hash, else as it was; and where in it the next has the same of both."""
    order_bits = np.uint64(len(hashes).bit_length())
    table_bits = np.uint64(int(tables[-1]).bit_length() if len(tables) else 0)
    keys = hashes >> (order_bits + table_bits)
    if table_bits:
        keys |= tables.view(np.uint64) << (np.uint64(64) - order_bits - table_bits)
    keys <<= order_bits
    keys |= np.arange(len(hashes), dtype=np.uint64)
    keys.sort()
    order = (keys & ((np.uint64(1) << order_bits) - np.uint64(1))).view(np.int64)
    keys >>= order_bits
    return order, np.nonzero(keys[1:] == keys[:-1])[0]


def _again(order: _Places, same: _Places) -> npt.NDArray[np.bool_]:
    """Which have an equal."""
    again = np.zeros(len(order), np.bool_)
    again[order[same]] = True
    again[order[same + 1]] = True
    return again


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _chars(run: bytes) -> int:
    return len(run) if run.isascii() else len(run.decode("utf-8", "surrogatepass"))


def _from_zero(values: npt.NDArray[_Number]) -> npt.NDArray[_Number]:
    return np.concatenate([np.zeros(1, values.dtype), values])


def _powers(count: int, base: int) -> _Numbers:
    """The first powers of `base` modulo 2**64, at least `count` of them."""
    return _kept_powers(base) if count <= _KEPT_POWERS else _computed_powers(count, base)


@lru_cache(maxsize=1)
def _kept_powers(base: int) -> _Numbers:
    return _computed_powers(_KEPT_POWERS, base)


def _computed_powers(count: int, base: int) -> _Numbers:
    powers = np.full(count, base, np.uint64)
    powers[0] = 1
    return np.cumprod(powers, out=powers)
