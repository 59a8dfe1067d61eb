"""A kernel that hashes all runs of words of a text with xxHash64, as the published specification describes it, with seed 0.

Each run is hashed where it lies in the joined words: no string is made of it.
"""

from typing import Any

import numpy as np
from numba import types

from dedup.instructions import eight_bytes
from pipeline.kernels import kernel

_P1, _P2 = np.uint64(0x9E3779B185EBCA87), np.uint64(0xC2B2AE3D27D4EB4F)
_P3, _P4, _P5 = np.uint64(0x165667B19E3779F9), np.uint64(0x85EBCA77C2B2AE63), np.uint64(0x27D4EB2F165667C5)


@kernel()
def _turned(value: Any, bits: Any) -> Any:
    return (value << np.uint64(bits)) | (value >> np.uint64(64 - bits))


@kernel()
def _round(state: Any, lane: Any) -> Any:
    return _turned(state + lane * _P2, 31) * _P1


@kernel()
def _stripes(data: Any, at: Any, end: Any) -> Any:
    """The state after all whole stripes of 32 bytes, and where they end."""
    one, two, three, four = _P1 + _P2, _P2, np.uint64(0), np.uint64(0) - _P1
    while at + 32 <= end:
        one, two = _round(one, eight_bytes(data, at)), _round(two, eight_bytes(data, at + 8))
        three, four = _round(three, eight_bytes(data, at + 16)), _round(four, eight_bytes(data, at + 24))
        at += 32
    state = _turned(one, 1) + _turned(two, 7) + _turned(three, 12) + _turned(four, 18)
    for lane in (one, two, three, four):
        state = (state ^ _round(np.uint64(0), lane)) * _P1 + _P4
    return state, at


@kernel()
def xxhash64(data: Any, at: Any, end: Any) -> Any:
    """The hash of the bytes `at` to `end` of an array of uint8."""
    length = np.uint64(end - at)
    state = _P5
    if end - at >= 32:
        state, at = _stripes(data, at, end)
    state += length
    while at + 8 <= end:
        state = _turned(state ^ _round(np.uint64(0), eight_bytes(data, at)), 27) * _P1 + _P4
        at += 8
    if at + 4 <= end:
        lane = np.uint64(0)
        for place in range(4):
            lane |= np.uint64(data[at + place]) << np.uint64(8 * place)
        state = _turned(state ^ lane * _P1, 23) * _P2 + _P3
        at += 4
    while at < end:
        state = _turned(state ^ np.uint64(data[at]) * _P5, 11) * _P1
        at += 1
    state = (state ^ (state >> np.uint64(33))) * _P2
    state = (state ^ (state >> np.uint64(29))) * _P3
    return state ^ (state >> np.uint64(32))


@kernel(types.void(types.Array(types.uint8, 1, "C", readonly=True), types.int64[::1], types.uint64[::1]))
def hash_runs(data: Any, ends: Any, hashes: Any) -> None:
    """Fills `hashes` of each run of words: `data` are the words with one byte between, `ends` where each of them ends."""
    ngram = ends.size - hashes.size + 1
    start = 0
    for run in range(hashes.size):
        hashes[run] = xxhash64(data, start, ends[run + ngram - 1])
        start = ends[run] + 1
