"""The kernels of the star rule: keys are numbered, then one pass over the documents decides.

Documents are named by their place in the order. Keys that several documents have in a band are numbered from 0, the others
are -1. Each number has a stretch of `members`, as long as the key has documents, which is filled with the first of them that
stay: so candidates lie side by side, and a key that is everywhere is read through without jumping. A match is ranked by one
number, equal values in the high 32 bits and the complement of the place below: the greater is the more similar, and
of equals the earlier; 0 is none.
"""

import numpy as np
import numpy.typing as npt

from pipeline.kernels import kernel

Unsigned = npt.NDArray[np.uint64]
Integers = npt.NDArray[np.int64]
Small = npt.NDArray[np.int32]
Flags = npt.NDArray[np.bool_]
Number = int | np.int64

_STEP = np.uint64(0x9E3779B97F4A7C15)
_LOW = np.uint64(0xFFFF_FFFF)
_HALF = np.uint64(32)
_STRETCH = np.uint64(8)  # words compared before looking whether too many differ already; a byte counts to 8 in each
_EACH_2, _EACH_4 = np.uint64(0x5555555555555555), np.uint64(0x1111111111111111)
_EACH_8, _EACH_16 = np.uint64(0x0101010101010101), np.uint64(0x0001000100010001)
_PAIRS, _NIBBLES = np.uint64(0x3333333333333333), np.uint64(0x0F0F0F0F0F0F0F0F)
_SEVEN = np.uint64(0x7F7F7F7F7F7F7F7F)
_LOW_BITS = np.uint64(0xFFFF_FFFF_FFFF_FFFF)
MOST_COMPARED = (
    1_000  # documents that stay with a key: a footer that a million unlike texts have must not cost their square
)
_READ = "Array({}, {}, 'C', readonly=True)".format


@kernel()
def _marks(word: np.uint64, bits: Number) -> np.uint64:
    """For each byte, how many of its fields of `bits` bits are not zero; not for 8 bits."""
    if bits == 16:
        word |= word >> np.uint64(8)
        word |= word >> np.uint64(4)
    if bits >= 4:
        word |= word >> np.uint64(2)
    if bits >= 2:
        word |= word >> np.uint64(1)
    if bits == 16:
        return word & _EACH_16
    word &= _EACH_4 if bits == 4 else _EACH_2 if bits == 2 else _LOW_BITS
    word = (word & _EACH_2) + ((word >> np.uint64(1)) & _EACH_2)
    word = (word & _PAIRS) + ((word >> np.uint64(2)) & _PAIRS)
    return (word & _NIBBLES) + ((word >> np.uint64(4)) & _NIBBLES)


@kernel()
def _differing(words: Unsigned, width: np.uint64, one: Number, other: Number, bits: Number, most: Number) -> Number:
    """How many fields of `bits` bits differ in two rows of `width` words, or any number above `most` where more do.

    Places are unsigned: numba need not look whether they count from the end, which takes a third less time.
    """
    here, there, place = np.uint64(one) * width, np.uint64(other) * width, np.uint64(0)
    count = np.int64(0)
    while place < width and count <= most:
        end = min(place + _STRETCH, width)
        marks = np.uint64(0)
        while place < end:
            word = words[here + place] ^ words[there + place]
            if bits == 8:
                marks += ((word | ((word & _SEVEN) + _SEVEN)) >> np.uint64(7)) & _EACH_8
            else:
                marks += _marks(word, bits)
            place += np.uint64(1)
        count += np.int64((marks * _EACH_8) >> np.uint64(56))
    return count


@kernel()
def _number_of(table: Small, first: Small, keys: Unsigned, band: int, row: int, count: int) -> int:
    """The number of a row's key in a table with open addresses of 1 + number; `count`, which it then takes, if it is new."""
    key = keys[row, band]
    mixed = key * _STEP
    slot = np.int64((mixed ^ (mixed >> _HALF)) & np.uint64(table.size - 1))
    while table[slot]:
        number = table[slot] - 1
        if keys[first[number], band] == key:
            return number
        slot = (slot + 1) & (table.size - 1)
    table[slot] = count + 1
    first[count] = row
    return count


@kernel(f"int64({_READ('uint64', 2)}, int64, int32[::1], int32[::1], int32[::1], int32[::1], int32[:,::1])")
def number_keys(
    keys: Unsigned, band: int, table: Small, first: Small, sizes: Small, lengths: Small, group: Small
) -> int:
    """Numbers the keys of a band that several rows have in `group`, from 0; puts how many have each in `lengths`.

    `table` is all zero, a power of two and larger than there are rows; `first` and `sizes` have a place for each row. Returns
    how many numbers there are.
    """
    count = 0
    for row in range(len(keys)):
        number = _number_of(table, first, keys, band, row, count)
        if number == count:
            sizes[count] = 0
            count += 1
        sizes[number] += 1
        group[row, band] = number
    shared = 0
    for number in range(count):
        first[number] = -1
        if sizes[number] > 1:
            first[number], lengths[shared] = shared, sizes[number]
            shared += 1
    for row in range(len(keys)):
        group[row, band] = first[group[row, band]]
    return shared


@kernel()
def _answer(known: Unsigned, similar: Flags, pair: np.uint64) -> int:
    """1 or -1 where it is known whether a pair is similar, else 0."""
    low, high = 0, known.size
    while low < high:
        middle = (low + high) // 2
        if known[middle] < pair:
            low = middle + 1
        else:
            high = middle
    if low == known.size or known[low] != pair:
        return 0
    return 1 if similar[low] else -1


@kernel()
def _pair(order: Integers, later: Number, earlier: Number) -> np.uint64:
    return np.uint64(order[later]) << _HALF | np.uint64(order[earlier])


@kernel()
def _place(rank: np.uint64) -> Number:
    return np.int64(_LOW - (rank & _LOW))


@kernel()
def _ask(unknown: Unsigned, count: int, best: np.uint64, place: int, order: Integers, asked: Unsigned) -> int:
    """Names the best of `count` unknown pairs that are better than `best`, as many as `asked` has room for."""
    for named in range(asked.size):
        top = 0
        for other in range(count):
            if unknown[other] > unknown[top]:
                top = other
        if unknown[top] <= best:
            return named
        asked[named] = _pair(order, place, _place(unknown[top]))
        unknown[top] = 0
    return asked.size


@kernel()
def _matches(
    place: int,
    order: Integers,
    inputs: tuple[Small, Unsigned],
    index: tuple[Small, Small, Small],
    limits: tuple[int, int, int, int, int],
    answers: tuple[Unsigned, Flags],
    met: Small,
    unknown: Unsigned,
) -> tuple[np.uint64, int]:
    """The best match of a document that is known to be one, and how many `unknown` borderline pairs it has."""
    (group, words), (starts, filled, members), (values, bits, low, _, high) = inputs, index, limits
    best, count, floor, row = np.uint64(0), 0, low, order[place]
    width = np.uint64(words.size // len(group))
    for band in range(group.shape[1]):
        number = group[row, band]
        if number < 0:
            continue
        for at in range(starts[number], starts[number] + filled[number]):
            other = members[at]
            if met[other] == place + 1:
                continue
            met[other] = place + 1
            equal = values - _differing(words, width, row, np.int64(order[other]), bits, values - floor)
            if equal < floor:
                continue
            rank = np.uint64(equal) << _HALF | (_LOW - np.uint64(other))
            state = 1
            if equal < high:
                state = _answer(*answers, _pair(order, place, other))
            if state > 0 and rank > best:
                best, floor = rank, equal
            elif state == 0:
                unknown[count] = rank
                count += 1
    return best, count


@kernel()
def _stays(place: int, keys: Small, index: tuple[Small, Small, Small]) -> None:
    """Puts a document that stays among the members of its keys, except of those that have as many as are compared."""
    starts, filled, members = index
    for number in keys:
        if number >= 0 and filled[number] < MOST_COMPARED:
            members[starts[number] + filled[number]] = place
            filled[number] += 1


@kernel()
def _guess(unknown: Unsigned, count: int, least: int, best: np.uint64) -> np.uint64:
    """The better of `best` and of the unknown pairs that their estimate calls similar."""
    for place in range(count):
        if unknown[place] >> _HALF >= np.uint64(least):
            best = max(best, unknown[place])
    return best


_INPUTS = f"Tuple(({_READ('int32', 2)}, {_READ('uint64', 1)}))"
_INDEX = f"Tuple(({_READ('int32', 1)}, int32[::1], int32[::1]))"
_ANSWERS = f"Tuple(({_READ('uint64', 1)}, {_READ('boolean', 1)}))"
_TOLD = "Tuple((int64[::1], int64[::1]))"


@kernel(
    f"int64({_READ('int64', 1)}, int64, {_INPUTS}, {_INDEX}, UniTuple(int64, 5), {_ANSWERS}, int64, {_TOLD}, uint64[::1])"
)
def decide(  # noqa: PLR0913, PLR0917
    order: Integers,
    held: int,
    inputs: tuple[Small, Unsigned],
    index: tuple[Small, Small, Small],
    limits: tuple[int, int, int, int, int],
    answers: tuple[Unsigned, Flags],
    width: int,
    told: tuple[Integers, Integers],
    asked: Unsigned,
) -> int:
    """Fills `told`, the survivor of each row and the number of values equal in both; returns how many pairs it asks for.

    `inputs` are the numbers of keys and packed signatures in whole words. `index` is where each number's stretch of
    members starts, how much of it is filled (all zero), and the members. `limits` are the number of values, of bits of each, and
    the fewest equal values with which a pair is borderline, is guessed to be similar, and is. `answers` are known pairs,
    sorted, and whether they are similar. At most `width` pairs of a document are put in `asked`; where that is full, the rest
    is left undecided.
    """
    (survivor, equal), (values, _, low, least, high) = told, limits
    met = np.zeros(order.size, np.int32)
    unknown = np.empty(order.size if low < high else 1, np.uint64)
    named = 0
    for place in range(order.size):
        row = order[place]
        best = np.uint64(0)
        if place >= held:
            best, count = _matches(place, order, inputs, index, limits, answers, met, unknown)
            if count:
                guess = _guess(unknown, count, least, best)
                named += _ask(unknown, count, best, place, order, asked[named : min(named + width, asked.size)])
                best = guess
                if named == asked.size:
                    return named
        if best:
            survivor[row], equal[row] = order[_place(best)], np.int64(best >> _HALF)
        else:
            survivor[row], equal[row] = row, values
            _stays(place, inputs[0][row], index)
    return named
