"""The kernels of the signature family `fast`: from UTF-8 bytes to the least values, without a Python object between.

A text goes through in blocks: up to 1,024 words are hashed, their n-grams combined, the least values lowered. So memory does
not grow with a text.
"""

from typing import Any

import numpy as np
from numba import types

from dedup.band_kernels import mixed
from dedup.fast_words import hash_words
from dedup.instructions import lesser32, product32
from pipeline.kernels import kernel

BLOCK = 1024

# The multiplier of PCG64 (O'Neill 2014): odd, and half of its bits set.
_GRAM = np.uint64(0x5851F42D4C957F2D)
_S32 = np.uint64(32)


@kernel()
def combine(words: Any, count: Any, ngram: Any, grams: Any) -> Any:
    """The hash of each run of `ngram` of the first `count` words, into `grams`; how many."""
    first = np.uint64(1)  # what the oldest word of a run is multiplied by
    total = np.uint64(0)
    for place in range(ngram - 1):
        total = total * _GRAM + words[place]
        first *= _GRAM
    for place in range(count - ngram + 1):
        total = total * _GRAM + words[place + ngram - 1]
        grams[place] = mixed(total)
        total -= words[place] * first
    return count - ngram + 1


@kernel()
def lower(grams: Any, count: Any, factors: Any, least: Any) -> None:
    """Lowers `least` to what each function makes of the first `count` of `grams`, eight of them at a time."""
    whole = count - count % 8
    for g in range(0, whole, 8):
        g0, g1, g2, g3 = grams[g], grams[g + 1], grams[g + 2], grams[g + 3]
        g4, g5, g6, g7 = grams[g + 4], grams[g + 5], grams[g + 6], grams[g + 7]
        x0, x1, x2, x3 = np.uint32(g0), np.uint32(g1), np.uint32(g2), np.uint32(g3)
        x4, x5, x6, x7 = np.uint32(g4), np.uint32(g5), np.uint32(g6), np.uint32(g7)
        y0, y1, y2, y3 = np.uint32(g0 >> _S32), np.uint32(g1 >> _S32), np.uint32(g2 >> _S32), np.uint32(g3 >> _S32)
        y4, y5, y6, y7 = np.uint32(g4 >> _S32), np.uint32(g5 >> _S32), np.uint32(g6 >> _S32), np.uint32(g7 >> _S32)
        for j in range(factors.size):
            a = factors[j]
            v0 = lesser32(product32(a, x0, y0), product32(a, x1, y1))
            v1 = lesser32(product32(a, x2, y2), product32(a, x3, y3))
            v2 = lesser32(product32(a, x4, y4), product32(a, x5, y5))
            v3 = lesser32(product32(a, x6, y6), product32(a, x7, y7))
            least[j] = lesser32(least[j], lesser32(lesser32(v0, v1), lesser32(v2, v3)))
    for g in range(whole, count):
        x, y = np.uint32(grams[g]), np.uint32(grams[g] >> _S32)
        for j in range(factors.size):
            least[j] = lesser32(least[j], product32(factors[j], x, y))


_BYTES = types.Array(types.uint8, 1, "C", readonly=True)
_PLACES = types.Array(types.int64, 1, "C", readonly=True)
_NUMBERS = types.Array(types.uint32, 1, "C", readonly=True)


@kernel()
def _sign_one(data: Any, span: Any, table: Any, ngram: Any, words: Any, grams: Any, factors: Any, least: Any) -> Any:
    """Lowers `least` to the values of the text in `data` at `span`; whether it has a shingle."""
    at, end = span
    count, found = 0, False
    while True:
        at, count = hash_words(data, at, end, table, words, count)
        if count < ngram:
            return found
        made = combine(words, count, ngram, grams)
        lower(grams, made, factors, least)
        found = True
        if count < words.size:
            return found
        count = ngram - 1
        for place in range(count):  # the last words of this block begin the runs of the next
            words[place] = words[made + place]


@kernel(types.void(_BYTES, _PLACES, _PLACES, _NUMBERS, _NUMBERS, types.int64, types.uint64[:, ::1], types.boolean[::1]))
def sign(
    data: Any, starts: Any, ends: Any, table: Any, factors: Any, ngram: Any, signatures: Any, has_signature: Any
) -> None:
    """Fills the rows of `signatures` of texts that have `ngram` words, and says in `has_signature` which do."""
    words = np.empty(BLOCK + ngram, np.uint64)
    grams = np.empty(BLOCK + ngram, np.uint64)
    least = np.empty(factors.size, np.uint32)
    for row in range(starts.size):
        least[:] = np.uint32(0xFFFFFFFF)
        if _sign_one(data, (starts[row], ends[row]), table, ngram, words, grams, factors, least):
            has_signature[row] = True
            for function in range(factors.size):
                signatures[row, function] = least[function]


@kernel(types.int64(_BYTES, _NUMBERS, types.int64, types.uint64[::1], types.uint64[::1]))
def shingle(data: Any, table: Any, ngram: Any, words: Any, grams: Any) -> Any:
    """The shingles of one text that has no more words than there is room, into `grams`; how many."""
    _, count = hash_words(data, 0, data.size, table, words, 0)
    return combine(words, count, ngram, grams) if count >= ngram else 0
