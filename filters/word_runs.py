"""Runs of neighbouring words that a page says more than once, compared as joined texts.

Runs of so many words are equal when their words joined by a space are, or (tight) joined by nothing. Tight, `ab c` and `a bc` are
equal: datatrove counts so, and it is why word numbers cannot stand for words here.

Runs are looked up by a polynomial hash of their bytes, from sums modulo 2**64. Equal runs have equal hashes; that runs of equal
hash are equal is checked on the text, so no answer depends on the hash.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from pipeline.kernels import kernel
from pipeline.spelled import Spelled

_BASE = 0x9E3779B97F4A7C15  # odd, so that multiplying by it loses nothing modulo 2**64
_MIX = np.uint64(0xD6E8FEB86659FD93)
_FIRST_BYTES = 12  # what two tight runs must begin with alike; of 8, 12 and 16, 12 leaves the fewest: 15 % of English
_SPACE = np.uint8(ord(" "))

_Bytes = npt.NDArray[np.uint8]
_Places = npt.NDArray[np.int64]
_Rows = npt.NDArray[np.int32]
_Hashes = npt.NDArray[np.uint64]


def top_chars(page: Spelled, sizes: Sequence[int]) -> list[int | None]:
    """By size, length of the commonest run with its spaces (of several the first seen) times its count.

    None where the page has no run of that size.
    """
    found = _top_chars(page.text, page.ends, np.array(sizes, np.int64), np.uint64(_BASE), _inverse(_BASE))
    return [chars if chars >= 0 else None for chars in found.tolist()]


def repeated_chars(page: Spelled, sizes: Sequence[int]) -> list[int]:
    """By size, characters in tight runs that were seen before.

    Such a run is skipped whole, and of a skipped part no run is remembered.
    """
    found = _repeated_chars(page.text, page.ends, np.array(sizes, np.int64), np.uint64(_BASE), _inverse(_BASE))
    return found.tolist()


def _inverse(base: int) -> np.uint64:
    return np.uint64(pow(base, -1, 1 << 64))


@kernel()
def _spaced(text: _Bytes, ends: _Places) -> tuple[_Bytes, _Places]:
    """The words with a space behind each, and where each begins, and where a next one would."""
    spaced, starts = np.empty(len(text) + len(ends), np.uint8), np.zeros(len(ends) + 1, np.int64)
    at = 0
    for word in range(len(ends)):
        for byte in range(at, ends[word]):
            spaced[byte + word] = text[byte]
        at = ends[word]
        spaced[at + word] = _SPACE
        starts[word + 1] = at + word + 1
    return spaced, starts


@kernel()
def _sums(text: _Bytes, starts: _Places, base: np.uint64, inverse: np.uint64) -> tuple[_Hashes, _Hashes]:
    """At each start the sum of the bytes before it, each times a power of `base`, and what takes that power off again."""
    sums, undo = np.empty(len(starts), np.uint64), np.empty(len(starts), np.uint64)
    total, power, back = np.uint64(0), np.uint64(1), np.uint64(1)
    at = 0
    for place in range(len(starts)):
        while at < starts[place]:
            total += np.uint64(text[at]) * power
            power *= base
            back *= inverse
            at += 1
        sums[place] = total
        undo[place] = back
    return sums, undo


@kernel()
def _is_same(text: _Bytes, one: int, other: int, size: int) -> bool:
    at = 0
    while at < size and text[one + at] == text[other + at]:
        at += 1
    return at == size


@kernel()
def _chars(text: _Bytes, start: int, end: int) -> int:
    chars = 0
    for at in range(start, end):
        chars += text[at] & 0xC0 != 0x80
    return chars


@kernel()
def _table_size(entries: int) -> int:
    """A power of two, and twice as many at least."""
    size = 4
    while size < 2 * entries:
        size *= 2
    return size


@kernel()
def _not_alone(hashes: _Hashes) -> _Rows:
    """The rows of hashes that may be there again: all that are, and few others."""
    size = _table_size(4 * len(hashes))
    mask, seen, rows = np.uint64(size - 1), np.zeros(size, np.uint8), np.empty(len(hashes), np.int32)
    for row in range(len(hashes)):
        slot = (hashes[row] * _MIX) >> np.uint64(32) & mask
        seen[slot] = min(2, seen[slot] + 1)
    count = 0
    for row in range(len(hashes)):  # without a branch, which the processor could not foresee
        rows[count] = row
        count += seen[(hashes[row] * _MIX) >> np.uint64(32) & mask] > 1
    return rows[:count]


@kernel()
def _firsts(text: _Bytes, starts: _Places, places: _Rows, hashes: _Hashes, size: int) -> _Rows:
    """For each of the runs of `size` words at `places` the row of the first that is equal."""
    mask = _table_size(len(places)) - 1
    table, firsts = np.full(mask + 1, -1, np.int32), np.empty(len(places), np.int32)
    for row in range(len(places)):
        start, length = starts[places[row]], starts[places[row] + size] - starts[places[row]]
        slot = np.int64((hashes[row] * _MIX) >> np.uint64(32)) & mask
        while table[slot] >= 0:
            other = places[table[slot]]
            if (
                hashes[table[slot]] == hashes[row]
                and starts[other + size] - starts[other] == length
                and _is_same(text, int(start), int(starts[other]), int(length))
            ):
                break
            slot = (slot + 1) & mask
        if table[slot] < 0:
            table[slot] = row
        firsts[row] = table[slot]
    return firsts


@kernel()
def _again(
    text: _Bytes, starts: _Places, sums: _Hashes, undo: _Hashes, places: _Rows, size: int
) -> tuple[_Rows, _Rows]:
    """Where runs of `size` words that may be there again stand, of those at `places`; for each the row of the first equal one."""
    hashes = np.empty(len(places), np.uint64)
    count = 0
    for place in places:
        if place + size < len(starts):
            hashes[count] = (sums[place + size] - sums[place]) * undo[place]
            count += 1
    rows = _not_alone(hashes[:count])
    left, known = np.empty(len(rows), np.int32), np.empty(len(rows), np.uint64)
    for row in range(len(rows)):
        left[row] = places[rows[row]]
        known[row] = hashes[rows[row]]
    return left, _firsts(text, starts, left, known, size)


@kernel()
def _pairs(places: _Rows, firsts: _Rows, times: _Rows) -> _Rows:
    """Of ascending `places` of runs those whose run and that at the next place are there again."""
    pairs = np.empty(len(places), np.int32)
    count = 0
    for row in range(len(places) - 1):
        if places[row + 1] == places[row] + 1 and times[firsts[row]] > 1 and times[firsts[row + 1]] > 1:
            pairs[count] = places[row]
            count += 1
    return pairs[:count]


@kernel("(uint8[::1], int64[::1], int64[::1], uint64, uint64)")
def _top_chars(text: _Bytes, ends: _Places, sizes: _Places, base: np.uint64, inverse: np.uint64) -> _Places:
    """The sizes ascend by one; -1 where there is no run."""
    spaced, starts = _spaced(text, ends)
    sums, undo = _sums(spaced, starts, base, inverse)
    tops = np.full(len(sizes), -1, np.int64)
    is_plain = not np.any(text == _SPACE)
    every = np.arange(len(ends)).astype(np.int32)
    places = every
    for row, size in enumerate(sizes):
        if len(ends) < size:
            break
        places, firsts = _again(spaced, starts, sums, undo, places, size)
        times = np.zeros(len(places), np.int32)
        for first in firsts:
            times[first] += 1
        top, most = 0, 1  # where none is there again, the first
        for each in range(len(places)):
            if times[each] > most:
                top, most = places[each], times[each]
        tops[row] = _chars(spaced, int(starts[top]), int(starts[top + size] - 1)) * most
        # Without spaces inside of words, a longer run that is there again begins and ends with shorter ones that are.
        places = _pairs(places, firsts, times) if is_plain else every
    return tops


@kernel()
def _suspects(text: _Bytes, starts: _Places, size: int) -> _Rows:
    """Where tight runs of `size` words and more begin that may be there again: they begin alike or are too short to tell."""
    count = max(0, len(starts) - size)
    hashes, suspect = np.empty(count, np.uint64), np.zeros(count, np.uint8)
    for place in range(count):
        hashed = np.uint64(0)
        suspect[place] = starts[place + size] - starts[place] < _FIRST_BYTES
        # Beyond the run, too, where it is short: an equal one of more words may begin with longer words.
        for at in range(starts[place], min(starts[place] + _FIRST_BYTES, len(text))):
            hashed = hashed * np.uint64(257) + np.uint64(text[at])
        hashes[place] = hashed
    for row in _not_alone(hashes):
        suspect[row] = 1
    return np.flatnonzero(suspect).astype(np.int32)


@kernel("(uint8[::1], int64[::1], int64[::1], uint64, uint64)")
def _repeated_chars(text: _Bytes, ends: _Places, sizes: _Places, base: np.uint64, inverse: np.uint64) -> _Places:
    starts = np.zeros(len(ends) + 1, np.int64)
    for word in range(len(ends)):
        starts[word + 1] = ends[word]
    sums, undo = _sums(text, starts, base, inverse)
    suspects = _suspects(text, starts, sizes[0])
    repeated = np.zeros(len(sizes), np.int64)
    for row, size in enumerate(sizes):
        places, firsts = _again(text, starts, sums, undo, suspects, size)
        seen = np.zeros(len(places), np.bool_)
        resume = 0
        for each in range(len(places)):
            if places[each] < resume:
                continue
            if seen[firsts[each]]:
                resume = places[each] + size
                repeated[row] += _chars(text, int(starts[places[each]]), int(starts[resume]))
            seen[firsts[each]] = True
    return repeated
