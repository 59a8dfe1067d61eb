"""The signature family `fast`: signatures of an Arrow array of texts, from its UTF-8 bytes in one call.

A shingle is 64 bits, halves x and y; function i makes (a_i x + y) mod 2^32 of it, with all a_i different (two hashes in place
of many: Kirsch, Mitzenmacher 2006, "Less hashing, same performance"). Values are 32 bits wide, so a machine
compares eight at once.
"""

from functools import lru_cache

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from dedup.fast_minima import shingle, sign
from dedup.letters import letter_table

Hashes = npt.NDArray[np.uint64]
Places = npt.NDArray[np.int64]

_STEP = 0x9E3779B9  # the golden ratio of 2^32: seeds begin far from each other
_FIRST, _SECOND = (
    np.uint32(0x85EBCA6B),
    np.uint32(0xC2B2AE35),
)  # the finaliser of MurmurHash3 (Appleby 2011), a bijection


@lru_cache(maxsize=8)
def factors(count: int, seed: int) -> npt.NDArray[np.uint32]:
    """The a_i: `count` different numbers of 32 bits, shape (count,)."""
    x = ((np.arange(1, count + 1, dtype=np.uint64) + np.uint64(seed * _STEP)) & np.uint64(0xFFFFFFFF)).astype(np.uint32)
    x ^= x >> np.uint32(16)
    x *= _FIRST
    x ^= x >> np.uint32(13)
    x *= _SECOND
    x ^= x >> np.uint32(16)
    x.flags.writeable = False
    return x


def fast_signatures(
    texts: pa.Array | pa.ChunkedArray, *, functions: int, ngram: int, seed: int
) -> tuple[Hashes, npt.NDArray[np.bool_]]:
    """Signatures, shape (texts, functions), and which texts have one, shape (texts,): those of `ngram` words or more.

    `texts` holds strings of any Arrow type, nulls too, or a slice of such. No other thread of Python waits meanwhile.
    """
    signatures = np.zeros((len(texts), functions), np.uint64)
    has_signature = np.zeros(len(texts), np.bool_)
    start = 0
    for chunk in texts.chunks if isinstance(texts, pa.ChunkedArray) else [texts]:
        here = slice(start, start + len(chunk))
        numbers = factors(functions, seed)
        sign(*_layout(chunk), letter_table(), numbers, ngram, signatures[here], has_signature[here])
        start += len(chunk)
    return signatures, has_signature


def _layout(texts: pa.Array) -> tuple[npt.NDArray[np.uint8], Places, Places]:
    """The bytes of an array of strings, and where each string starts and ends in them; a null is an empty one."""
    if not pa.types.is_large_string(texts.type) and not pa.types.is_string(texts.type):
        texts = texts.cast(pa.large_string())  # dictionaries and views; anything that is no string is refused
    width = np.int64 if pa.types.is_large_string(texts.type) else np.int32
    _, offsets, data = texts.buffers()
    if not len(texts) or data is None:
        return np.empty(0, np.uint8), np.zeros(len(texts), np.int64), np.zeros(len(texts), np.int64)
    bounds = np.frombuffer(offsets, width, len(texts) + 1, texts.offset * np.dtype(width).itemsize)
    bounds = np.require(bounds, np.int64, "A")
    ends = bounds[1:]
    if texts.null_count:  # the format lets bytes stand where a null is
        ends = np.where(texts.is_valid().to_numpy(zero_copy_only=False), ends, bounds[:-1])
    return np.frombuffer(data, np.uint8), bounds[:-1], ends


def fast_shingles(text: str, *, ngram: int) -> Hashes:
    """The hashed n-grams of `text`, which UTF-8 can hold, in order, repeats included."""
    data = np.frombuffer(text.encode(), np.uint8)
    words, grams = (np.empty(data.size // 2 + 1, np.uint64) for _ in range(2))
    return grams[: shingle(data, letter_table(), ngram, words, grams)].copy()
