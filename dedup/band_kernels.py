"""Kernels that make the keys of bands and sort them."""

from typing import Any

import numpy as np
from numba import types

from pipeline.kernels import kernel

# splitmix64's increment and finaliser (Steele, Lea, Flood 2014, "Fast splittable pseudorandom number generators").
STEP = np.uint64(0x9E3779B97F4A7C15)
_FIRST, _SECOND = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_S30, _S27, _S31 = np.uint64(30), np.uint64(27), np.uint64(31)


@kernel()
def mixed(value: Any) -> Any:
    """A bijection of 64-bit values after which each bit depends on all."""
    value = (value ^ (value >> _S30)) * _FIRST
    value = (value ^ (value >> _S27)) * _SECOND
    return value ^ (value >> _S31)


@kernel(types.void(types.Array(types.uint64, 2, "C", readonly=True), types.int64, types.uint64[:, ::1]))
def fold(signatures: Any, rows: Any, keys: Any) -> None:
    """Fills `keys`, shape (documents, bands), from signatures of shape (documents, bands * rows)."""
    starts = np.empty(keys.shape[1], np.uint64)
    for band in range(starts.size):
        starts[band] = mixed(np.uint64(band + 1) * STEP)
    for document in range(keys.shape[0]):
        for band in range(starts.size):
            key = starts[band]
            for row in range(band * rows, band * rows + rows):
                key = mixed(key * STEP + signatures[document, row])
            keys[document, band] = key


DIGIT = 11  # bits of a pass: its 2,048 counters and their cache lines stay near, and six passes cover 64 bits
_SIZE = 1 << DIGIT
_MASK = np.uint64(_SIZE - 1)


@kernel()
def _places(keys: Any, shift: Any, places: Any) -> Any:
    """Fills `places` with where the first key of each digit goes; whether all keys have the same digit."""
    places[:] = 0
    for key in keys:
        places[(key >> shift) & _MASK] += 1
    at = 0
    for digit in range(_SIZE):
        count = places[digit]
        if count == keys.size:
            return True
        places[digit] = at
        at += count
    return False


@kernel(types.void(types.uint64[:, ::1], types.int32[:, ::1]))
def sort_rows(keys: Any, order: Any) -> None:
    """Sorts each row of `keys`, and `order`, of the same shape, with it: a stable radix sort from the lowest digit up."""
    spare, spare_order = np.empty(keys.shape[1], np.uint64), np.empty(keys.shape[1], np.int32)
    places = np.empty(_SIZE, np.int64)
    for row in range(keys.shape[0]):
        here, here_order, there, there_order = keys[row], order[row], spare, spare_order
        for pass_ in range(6):
            shift = np.uint64(DIGIT * pass_)
            if _places(here, shift, places):
                continue
            for place in range(here.size):
                digit = (here[place] >> shift) & _MASK
                to = places[digit]
                places[digit] = to + 1
                there[to], there_order[to] = here[place], here_order[place]
            here, there = there, here
            here_order, there_order = there_order, here_order
        keys[row, :] = here
        order[row, :] = here_order
