"""The kernel of Gopher's quality: what is counted of each word of a page."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from pipeline.char_classes import CHOSEN, LETTER, Classes
from pipeline.chunk_kernels import char_at
from pipeline.kernels import kernel
from pipeline.spelled import Spelled

_Bytes = npt.NDArray[np.uint8]
_Places = npt.NDArray[np.int64]


class WordCounts(NamedTuple):
    """Of a page: characters of all words, words of nothing but symbols and their characters, words without a letter, stop words.

    Letters alone are never symbols.
    """

    chars: int
    symbol_words: int
    symbol_chars: int
    letterless: int
    stops: int
    different_stops: int


def word_counts(page: Spelled, classes: Classes, stops: Spelled) -> WordCounts:
    """Counts the words of `page`; the symbols are those that `classes` has as chosen, and no two of `stops` are equal."""
    return WordCounts(*_word_counts(page.text, page.ends, classes, stops.text, stops.ends).tolist())


@kernel()
def _word(text: _Bytes, at: int, end: int, classes: Classes) -> tuple[int, int]:
    """The characters of a word; and `LETTER` where one is a letter, `CHOSEN` where all are symbols and not all are letters."""
    chars, all_flags, any_flags = 0, LETTER | CHOSEN, 0
    while at < end:
        code, size = char_at(text, at)
        all_flags &= classes[code]
        any_flags |= classes[code]
        at += size
        chars += 1
    symbols = all_flags & CHOSEN if chars == 0 or not all_flags & LETTER else 0
    return chars, symbols | (any_flags & LETTER)


@kernel()
def _stop(text: _Bytes, start: int, end: int, stops: _Bytes, stop_ends: _Places) -> int:
    """Which stop word a word is, or -1."""
    first = 0
    for number in range(len(stop_ends)):
        size = stop_ends[number] - first
        if size == end - start:
            at = 0
            while at < size and text[start + at] == stops[first + at]:
                at += 1
            if at == size:
                return number
        first += size
    return -1


@kernel("(uint8[::1], int64[::1], uint8[::1], uint8[::1], int64[::1])")
def _word_counts(text: _Bytes, ends: _Places, classes: Classes, stops: _Bytes, stop_ends: _Places) -> _Places:
    counts, met = np.zeros(6, np.int64), np.zeros(len(stop_ends), np.bool_)
    start = 0
    for end in ends:
        chars, flags = _word(text, start, end, classes)
        counts[0] += chars
        if flags & CHOSEN:
            counts[1] += 1
            counts[2] += chars
        counts[3] += not flags & LETTER
        stop = _stop(text, start, end, stops, stop_ends)
        if stop >= 0:
            counts[4] += 1
            met[stop] = True
        start = end
    counts[5] = np.sum(met)
    return counts
