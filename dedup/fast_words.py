"""Kernels that hash the words of a text straight from its UTF-8 bytes, for the signature family `fast`.

A word is a run of letters, digits and marks, or one character of a script without spaces with its marks (`dedup.letters`).
Its hash is that of its folded characters' UTF-8, eight bytes at a time: plain ASCII goes through as it lies in memory, and any
other way to the same characters gives the same hash.
"""

from typing import Any

import numpy as np

from dedup.instructions import eight_bytes, trailing_zeros
from dedup.letters import CLASS_SHIFT, FOLDED, LETTER, MARK, NOTHING
from pipeline.kernels import kernel

_SHIFT, _FOLDED = np.uint32(CLASS_SHIFT), np.uint32(FOLDED)
_SIX, _TAIL = np.uint32(6), np.uint32(0x3F)
_EMPTY = np.uint64(0x94D049BB133111EB)  # two multipliers of splitmix64 (Steele, Lea, Flood 2014)
_FACTOR = np.uint64(0xBF58476D1CE4E5B9)
_ONE, _HALF = np.uint64(1), np.uint64(32)

# Eight bytes at a time: additions that set a byte's highest bit from 'a', past 'z', from '0' and past '9' on.
_HIGH, _LOWER = np.uint64(0x8080808080808080), np.uint64(0x2020202020202020)
_FROM_A, _PAST_Z = np.uint64(0x1F1F1F1F1F1F1F1F), np.uint64(0x0505050505050505)
_FROM_0, _PAST_9 = np.uint64(0x5050505050505050), np.uint64(0x4646464646464646)
_TO_CASE, _SEVEN = np.uint64(2), np.uint64(7)


@kernel()
def absorbed(state: Any, chunk: Any) -> Any:
    """The state of a word's hash after eight more bytes; a bijection of `chunk`."""
    state = (state ^ chunk) * _FACTOR
    return state ^ (state >> _HALF)


@kernel()
def code_point(data: Any, at: Any, end: Any) -> Any:
    """The character at `at` and how many bytes it takes; (0, 1) where they are no UTF-8."""
    lead = np.uint32(data[at])
    if lead < 0x80:
        return lead, 1
    length = 2 if lead < 0xE0 else 3 if lead < 0xF0 else 4
    if lead < 0xC2 or lead > 0xF4 or at + length > end:
        return np.uint32(0), 1
    point = np.uint32(lead & np.uint32(0x7F >> length))
    for place in range(at + 1, at + length):
        byte = np.uint32(data[place])
        if byte >> _SIX != 2:
            return np.uint32(0), 1
        point = np.uint32((point << _SIX) | (byte & _TAIL))
    return (point, length) if point < 0x110000 else (np.uint32(0), 1)


@kernel()
def encoded(point: Any) -> Any:
    """The UTF-8 of a code point, first byte lowest, and how many bits it has."""
    c = np.uint64(point)
    tail, mark = np.uint64(0x3F), np.uint64(0x80)
    if c < 0x80:
        return c, 8
    last = (c & tail) | mark
    if c < 0x800:
        return (c >> np.uint64(6)) | np.uint64(0xC0) | last << np.uint64(8), 16
    middle = ((c >> np.uint64(6)) & tail) | mark
    if c < 0x10000:
        return (c >> np.uint64(12)) | np.uint64(0xE0) | middle << np.uint64(8) | last << np.uint64(16), 24
    second = ((c >> np.uint64(12)) & tail) | mark
    first = (c >> np.uint64(18)) | np.uint64(0xF0)
    return first | second << np.uint64(8) | middle << np.uint64(16) | last << np.uint64(24), 32


@kernel()
def any_word(data: Any, at: Any, end: Any, table: Any) -> Any:
    """The hash of the word that begins at `at`, and where it ends; a place where none begins is its own end."""
    state, chunk, filled = _EMPTY, np.uint64(0), 0
    letters = True
    start = at
    while at < end:
        point, length = code_point(data, at, end)
        entry = table[point]
        kind = entry >> _SHIFT
        if at == start:
            if kind in (NOTHING, MARK):
                break
            letters = kind == LETTER
        elif not (kind == MARK or (letters and kind == LETTER)):
            break
        at += length
        bytes_, bits = encoded(entry & _FOLDED)
        chunk |= bytes_ << np.uint64(filled)
        if filled + bits >= 64:
            state = absorbed(state, chunk)
            used = 64 - filled
            chunk = bytes_ >> np.uint64(used) if used < 64 else np.uint64(0)
            filled += bits - 64
        else:
            filled += bits
    return (absorbed(state, chunk) if filled else state), at


@kernel()
def plain_word(data: Any, at: Any, end: Any) -> Any:
    """As `any_word`, eight bytes at a time, and past the character after the word, which is none of a word.

    Whether there was a word comes first. The end is -1 where it is not all plain ASCII, or `data` ends too soon to tell.
    """
    state = _EMPTY
    begin, last = at, data.size - 8
    while at <= last:
        x = eight_bytes(data, at)
        plain = x & ~_HIGH
        lower = plain | _LOWER
        letters = (lower + _FROM_A) & ~(lower + _PAST_Z)
        digits = (plain + _FROM_0) & ~(plain + _PAST_9)
        others = (~(letters | digits) | x) & _HIGH
        folded = x | ((letters & _HIGH) >> _TO_CASE)
        if others == 0:
            at += 8
            if at > end:
                break
            state = absorbed(state, folded)
            continue
        ends = others & -others
        run = trailing_zeros(ends) >> 3
        if x & ends or at + run > end:
            break
        if run:
            state = absorbed(state, folded & ((ends - _ONE) >> _SEVEN))
        return at + run > begin, state, at + run + 1
    return False, state, -1


@kernel()
def hash_words(data: Any, at: Any, end: Any, table: Any, words: Any, count: Any) -> Any:
    """Appends hashes of words to `words` from place `count` on until it is full; where to go on, and the new count."""
    while at < end and count < words.size:
        found, state, after = plain_word(data, at, end)
        if after < 0:
            state, after = any_word(data, at, end, table)
            found = after > at
            if not found:
                after += code_point(data, at, end)[1]
        words[count] = state
        count += found
        at = after
    return at, count
