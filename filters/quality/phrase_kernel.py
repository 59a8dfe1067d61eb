"""fastText's classifiers of words and phrases (runs of two words or more), compiled: sums in the library's order and float types.

First it is noted which rows a text has, then they are added up: so the processor asks memory for many places at once.
"""

from math import exp, isnan, log, nan

import numpy as np
import numpy.typing as npt

from filters.language_kernel import OFFSET, folded, is_space
from pipeline.kernels import inlined, kernel

Bytes = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]
Scores = npt.NDArray[np.float64]
Places = npt.NDArray[np.int64]
Numbers = npt.NDArray[np.int32]
Hashes = npt.NDArray[np.uint32]

# The words of a model, then its labels: the bytes of its file; from where to where each is spelled there; a table with open
# addressing of their numbers, whose size is a power of 2, -1 where a slot is free; the hash of each; how many are words.
Dictionary = tuple[Bytes, Places, Numbers, Hashes, int]

# Its rows, of words and then of the buckets of phrases; those of labels; how many words the longest phrase has; how many buckets.
Weights = tuple[Floats, Floats, int, int]

_READ = "Array({}, {}, 'C', readonly=True, aligned={})".format
_BYTES = _READ("uint8", 1, True)
_MATRIX = _READ("float32", 2, False)  # as it lies in the file, behind words of any length
_DICTIONARY = f"Tuple(({_BYTES}, int64[:, ::1], int32[::1], uint32[::1], int64))"
_WEIGHTS = f"Tuple(({_MATRIX}, {_MATRIX}, int64, int64))"

_NEWLINE = 10
_END = np.frombuffer(b"</s>", np.uint8)  # a newline as a word; where a word is spelled so, the text ends
_LABEL = np.frombuffer(b"__label__", np.uint8)  # what begins so is a label, and no part of the text
_PHRASE = np.uint64(116_049_371)
_FACTS = 9  # bytes behind a word's NUL: its count and its kind


@inlined
def _hash(text: Bytes, start: int, end: int) -> np.uint32:
    hashed = OFFSET
    for place in range(start, end):
        hashed = folded(hashed, text[place])
    return hashed


@inlined
def _same(text: Bytes, start: int, other: Bytes, first: int, size: int) -> bool:
    same = 0
    while same < size and other[first + same] == text[start + same]:
        same += 1
    return same == size


@inlined
def _slot(
    text: Bytes,
    start: int,
    size: int,
    hashed: np.uint32,
    spelling: Bytes,
    places: Places,
    slots: Numbers,
    hashes: Hashes,
) -> np.int64:
    """Where in the table a word is, or would be."""
    slot = np.int64(hashed) & (len(slots) - 1)
    while slots[slot] >= 0:
        word = slots[slot]
        first = places[word, 0]
        if hashes[word] == hashed and places[word, 1] - first == size and _same(text, start, spelling, first, size):
            break
        slot = (slot + 1) & (len(slots) - 1)
    return slot


@kernel(f"int64({_BYTES}, int64, int64[:, ::1])")
def find_entries(file: Bytes, place: int, places: Places) -> int:
    """Fills in where the words of a file are that begin at `place`; returns where the last ends, or -1 if the file does."""
    for entry in range(len(places)):
        places[entry, 0] = place
        while place < len(file) and file[place]:
            place += 1
        if place + _FACTS >= len(file):
            return -1
        places[entry, 1] = place
        place += 1 + _FACTS
    return place


@kernel(f"void({_DICTIONARY})")
def fill(dictionary: Dictionary) -> None:
    """Puts all words into the table, which has more slots than words; of equal ones the last is found, as in the library."""
    spelling, places, slots, hashes, _ = dictionary
    for word in range(len(places)):
        start, end = places[word]
        hashes[word] = _hash(spelling, start, end)
        slots[_slot(spelling, start, end - start, hashes[word], spelling, places, slots, hashes)] = word


@inlined
def _rows_of(text: Bytes, place: int, dictionary: Dictionary, weights: Weights, found: Places, hashed: Hashes) -> int:
    """How many rows a text has from `place` up to its newline: `found` then has the numbers of words, then those of phrases.

    A word that begins like a label is none. Behind what is noted it is written to in vain.
    """
    (spelling, places, slots, hashes, known), (_, _, longest, buckets) = dictionary, weights
    held, words, newline = 0, 0, False
    while not newline:
        end = place
        while not is_space(text[end]):
            end += 1
        newline, size = text[end] == _NEWLINE, end - place
        if size == len(_END) and _same(text, place, _END, 0, size):
            break
        if size:
            key = _hash(text, place, end)
            word = slots[_slot(text, place, size, key, spelling, places, slots, hashes)]
            label = word < 0 and size >= len(_LABEL) and _same(text, place, _LABEL, 0, len(_LABEL))
            found[held], hashed[words] = word, key
            held += 0 <= word < known
            words += word < known and not label
        place = end + 1
    key = _hash(_END, 0, len(_END))
    word = slots[_slot(_END, 0, len(_END), key, spelling, places, slots, hashes)]
    found[held], hashed[words] = word, key
    held += 0 <= word < known
    words += word < known
    for first in range(words):
        phrase = np.uint64(np.int64(np.int32(hashed[first])))
        for last in range(first + 1, min(first + longest, words)):
            phrase = np.uint64(phrase * _PHRASE + np.uint64(np.int64(np.int32(hashed[last]))))
            found[held] = known + np.int64(phrase % np.uint64(buckets))
            held += 1
    return held


@inlined
def _add_rows(rows: Floats, found: Places, count: int, total: Floats) -> None:
    """Adds them up one after the other, four in a turn: the memory has each of these to fetch while it fetches the others."""
    total[:] = 0
    turns = count // 4 * 4
    for each in range(0, turns, 4):
        one, two, three, four = found[each], found[each + 1], found[each + 2], found[each + 3]
        for column in range(len(total)):
            here = total[column] + rows[one, column] + rows[two, column]
            total[column] = here + rows[three, column] + rows[four, column]
    for each in range(turns, count):
        for column in range(len(total)):
            total[column] += rows[found[each], column]


@inlined
def _share(hidden: Floats, output: Floats, logits: Floats, label: int) -> float:
    """What the library tells of a label: of its probability's logarithm, which it takes a little too high."""
    highest, total = np.float32(0), np.float32(0)
    for each in range(len(logits)):
        dot = np.float32(0)
        for column in range(len(hidden)):
            dot += output[each, column] * hidden[column]
        if isnan(dot):
            return nan
        logits[each] = dot
        highest = max(highest, dot) if each else dot
    for each in range(len(logits)):
        logits[each] = exp(np.float32(logits[each] - highest))
        total += logits[each]
    share = np.float32(logits[label] / total)
    return np.float64(exp(np.float32(log(np.float64(share) + 1e-5))))


@kernel(f"void({_BYTES}, int64[::1], {_DICTIONARY}, {_WEIGHTS}, int64, float64[::1])")
def score_texts(
    texts: Bytes, starts: Places, dictionary: Dictionary, weights: Weights, label: int, scores: Scores
) -> None:
    """The score of `label` for each text, 0 where nothing of one is known, NaN where the model's numbers are none.

    Text `n` begins at `starts[n]` and ends with a newline, before `starts[n + 1]`.
    """
    rows, output, longest, _ = weights
    most = 1
    for text in range(len(scores)):
        most = max(most, (starts[text + 1] - starts[text]) // 2 + 2)
    found, hashed = np.empty(most * longest, np.int64), np.empty(most, np.uint32)
    hidden, logits = np.empty(rows.shape[1], np.float32), np.empty(len(output), np.float32)
    for text in range(len(scores)):
        count = _rows_of(texts, starts[text], dictionary, weights, found, hashed)
        _add_rows(rows, found, count, hidden)
        share = np.float32(1.0 / count)
        for column in range(len(hidden)):
            hidden[column] *= share
        scores[text] = _share(hidden, output, logits, label) if count else 0.0
