"""Kernels that make the documents of a corpus, and say how similar the members of each cluster are."""

from typing import Any

import numpy as np
from numba import types

from dedup.band_kernels import STEP, mixed
from jobs.synthetic.truth.plan import (
    BLOCK,
    CHAIN,
    CUT,
    MEMBER,
    RECASED,
    REPLACED,
    SIZE,
    SUBSTITUTED,
    drawn,
    key_of,
    kind_of,
    own_key,
    place_of,
    similarity_of,
)
from jobs.synthetic.truth.vocabulary import DRAW_BITS
from pipeline.kernels import kernel

NGRAM = 5
BOILERPLATES, BOILERPLATE_WORDS = 100, 20
_LENGTH, _HEAD, _ENDS = np.uint64(0x3D), np.uint64(0x5B), np.uint64(0x77)
_TO_WORD, _LOW32 = np.uint64(64 - DRAW_BITS), np.uint64(0xFFFFFFFF)
_S32, _SENTENCE, _LINE = np.uint64(32), np.uint64(15), np.uint64(127)
_WHOLE = float(1 << 32)


@kernel()
def _base(first: Any, layout: Any, table: Any, words: Any) -> Any:
    """The words of a document as it is made from nothing; how many."""
    key, mean = key_of(first, layout), layout[6]
    count = np.int64(mean - mean // np.uint64(2) + drawn(key ^ _LENGTH, 0) % (mean + np.uint64(1)))
    for i in range(count):
        words[i] = table[drawn(key, i) >> _TO_WORD]
    head = drawn(key ^ _HEAD, 0)
    if (head & _LOW32) < layout[7]:
        shared = mixed(layout[0] ^ (head >> _S32) % np.uint64(BOILERPLATES) + np.uint64(1))
        for i in range(min(count, BOILERPLATE_WORDS)):
            words[i] = table[drawn(shared, i) >> _TO_WORD]
    return count


@kernel()
def _substitute(key: Any, similarity: Any, table: Any, words: Any, count: Any) -> None:
    """Draws some words anew, each with one chance, so that about as many shingles stay as `similarity` asks for."""
    stay = 2 * similarity / (1 + similarity)
    limit = np.uint64((1 - stay ** (1 / NGRAM)) * _WHOLE)
    for i in range(count):
        random = drawn(key, i)
        if (random & _LOW32) < limit:
            words[i] = table[mixed(random) >> _TO_WORD]


@kernel()
def _replace(key: Any, similarity: Any, table: Any, words: Any, count: Any) -> None:
    """Draws a run of words anew."""
    stay = 2 * similarity / (1 + similarity)
    size = max(0, np.int64((1 - stay) * count) - NGRAM + 1)
    start = np.int64(drawn(key, count) % np.uint64(count - size + 1))
    for i in range(start, start + size):
        words[i] = table[drawn(key, i) >> _TO_WORD]


@kernel()
def words_at(place: Any, layout: Any, table: Any, words: Any) -> Any:
    """Fills `words` with the numbers of the words of the document at `place`; how many, and whether in capitals."""
    if np.uint64(place) >= layout[5]:
        return _base(place, layout, table, words), False
    member = MEMBER[place % BLOCK]
    first = place - member
    count = _base(first, layout, table, words)
    if member == 0:
        return count, False
    kind, similarity = kind_of(first, layout), similarity_of(place, layout)
    if kind == SUBSTITUTED:
        _substitute(own_key(place, layout), similarity, table, words, count)
    elif kind == REPLACED:
        _replace(own_key(place, layout), similarity, table, words, count)
    elif kind == CUT:
        count = max(NGRAM, np.int64(similarity * count))
    elif kind == CHAIN:  # each member is made from the one before
        for each in range(first + 1, place + 1):
            near = 0.7 + 0.3 * similarity_of(each, layout)
            _substitute(own_key(each, layout), near, table, words, count)
    return count, kind == RECASED


@kernel()
def _write(out: Any, at: Any, key: Any, words: Any, capitals: Any, begins: Any, letters: Any) -> Any:
    """Writes words as sentences and lines; where they end. A cluster's members end them at the same words."""
    starts = True
    for i in range(words.size):
        for place in range(begins[words[i]], begins[words[i] + 1]):
            out[at] = letters[place] - 32 if capitals or starts else letters[place]
            at += 1
            starts = False
        ends = drawn(key ^ _ENDS, i)
        starts = ends & _SENTENCE == 0
        if starts:
            out[at] = 46
            at += 1
        out[at] = 10 if ends & _LINE == 0 else 32
        at += 1
    return at - 1  # without the last space


_LAYOUT = types.uint64[::1]
_TABLE = types.int32[::1]
_BYTES, _PLACES = types.uint8[::1], types.int64[::1]


@kernel(types.void(types.int64, types.int64, _LAYOUT, _TABLE, _PLACES, _BYTES, _PLACES, _BYTES))
def write_texts(
    start: Any, most: Any, layout: Any, table: Any, begins: Any, letters: Any, offsets: Any, out: Any
) -> None:
    """Writes the texts of `offsets.size - 1` documents from number `start` on, of at most `most` words each."""
    words = np.empty(most, np.int32)
    at = 0
    offsets[0] = 0
    for row in range(offsets.size - 1):
        place = np.int64(place_of(start + row, layout))
        clustered = np.uint64(place) < layout[5]
        first = place - MEMBER[place % BLOCK] if clustered else place
        count, capitals = words_at(place, layout, table, words)
        at = _write(out, at, key_of(first, layout), words[:count], capitals, begins, letters)
        offsets[row + 1] = at


@kernel()
def _shingles(words: Any, count: Any, found: Any) -> Any:
    """The hashed runs of words, each once and sorted, into `found`; how many."""
    made = count - NGRAM + 1
    for i in range(made):
        value = np.uint64(NGRAM)
        for word in range(i, i + NGRAM):
            value = mixed(value * STEP + np.uint64(words[word]))
        found[i] = value
    ordered = np.sort(found[:made])
    kept = 0
    for i in range(made):
        if i == 0 or ordered[i] != ordered[i - 1]:
            found[kept] = ordered[i]
            kept += 1
    return kept


@kernel()
def _jaccard(one: Any, other: Any) -> Any:
    """The Jaccard similarity of two sorted sets."""
    i = j = both = 0
    while i < one.size and j < other.size:
        both += one[i] == other[j]
        step = 1 if one[i] <= other[j] else 0
        j += one[i] >= other[j]
        i += step
    return both / (one.size + other.size - both)


@kernel(types.void(types.int64, types.int64, _LAYOUT, _TABLE, types.uint64[:, ::1], types.float64[::1]))
def find_pairs(block: Any, most: Any, layout: Any, table: Any, places: Any, jaccard: Any) -> None:
    """For all pairs within clusters from `block` on: both places, first and kind of the cluster, and their similarity."""
    words = np.empty(most, np.int32)
    found, sizes = np.empty((8, most), np.uint64), np.empty(8, np.int64)
    row, place = 0, block * BLOCK
    while row < jaccard.size:
        size = SIZE[place % BLOCK]
        for member in range(size):
            count, _ = words_at(place + member, layout, table, words)
            sizes[member] = _shingles(words, count, found[member])
        for one in range(size):
            for other in range(one + 1, size):
                places[row, 0], places[row, 1] = place + one, place + other
                places[row, 2], places[row, 3] = place, kind_of(place, layout)
                jaccard[row] = _jaccard(found[one][: sizes[one]], found[other][: sizes[other]])
                row += 1
        place += size
