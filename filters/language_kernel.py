"""fastText's arithmetic over the bytes of a line, compiled by numba: each sum in the library's order and in its float types.

What is compiled is kept beside this file or in the user's cache folder, apart for each kind of processor. Nothing here may be
told to be fast at the cost of order (`fastmath`).
"""

from collections.abc import Callable
from importlib import import_module
from math import exp, inf, log
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

Bytes = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]
Numbers = npt.NDArray[np.int32]


# Plain tuples: a kept function whose arguments are of a class cannot be read once that class is gone, and numba trips over it.
#
# A model: how many characters the shortest and the longest n-gram have; per bucket that an n-gram's hash may fall into, a bit
# (few are set, and they lie nearer to the processor), then its row; all rows; the two children of each inner node of the tree
# over the labels (labels are numbered first, then the inner nodes, the root last); the row of each inner node.
Model = tuple[int, int, Bytes, Numbers, Floats, Numbers, Floats]

# The model's words, then its labels: the spelling of all; where each begins in it, and the last ends; a table of them with open
# addressing, -1 where a slot is free, whose size is a power of 2; how many are words.
Dictionary = tuple[Bytes, Numbers, Numbers, int]

UNSCORED = -inf
_SPACE, _NEWLINE = 32, 10
_BEGINS, _ENDS = 60, 62  # < and >, which the library sets around a word
_END = np.frombuffer(b"</s>", np.uint8)  # a newline as a word; where a word is spelled so, the line ends
_LABEL = np.frombuffer(b"__label__", np.uint8)  # what begins so is a label, and no part of the text
_OFFSET, _PRIME = np.uint32(2_166_136_261), np.uint32(16_777_619)  # FNV-1a, 32 bits
_ONE = np.float32(1)

_Function = TypeVar("_Function", bound=Callable[..., Any])


def _compiled(function: _Function) -> _Function:
    """Kept between processes. RuntimeError where there is no folder for it: it takes seconds, which no process is to pay."""
    return import_module("numba").njit(cache=True, nogil=True, error_model="numpy")(function)  # untyped


def _inlined(function: _Function) -> _Function:
    """A part of what is compiled. Called, it would count references to each array at each word: a third of the time."""
    return import_module("numba").njit(cache=True, nogil=True, error_model="numpy", forceinline=True)(function)


@_inlined
def _folded(hashed: np.uint32, byte: np.uint8) -> np.uint32:
    """One step of the hash. Bytes are signed, as in the library."""
    return np.uint32(np.uint32(hashed ^ np.uint32(np.int8(byte))) * _PRIME)


@_inlined
def _begins(text: Bytes, start: int, end: int, mark: Bytes) -> bool:
    """Whether the word from `start` to `end` begins with `mark`."""
    same = 0
    while same < min(len(mark), end - start) and text[start + same] == mark[same]:
        same += 1
    return same == len(mark)


@_inlined
def _is_space(byte: np.uint8) -> bool | np.bool:
    """What the library parts words at: space, tab, newline, vertical tab, form feed, carriage return and NUL."""
    return byte == _SPACE or 9 <= byte <= 13 or byte == 0


@_inlined
def _slot(text: Bytes, start: int, end: int, spelling: Bytes, bounds: Numbers, slots: Numbers) -> np.int64:
    """Where in `slots` a word is, or would be."""
    hashed = _OFFSET
    for place in range(start, end):
        hashed = _folded(hashed, text[place])
    slot = np.int64(hashed) & (len(slots) - 1)
    while slots[slot] >= 0:
        first = bounds[slots[slot]]
        same = 0
        if bounds[slots[slot] + 1] - first == end - start:
            while same < end - start and spelling[first + same] == text[start + same]:
                same += 1
            if same == end - start:
                break
        slot = (slot + 1) & (len(slots) - 1)
    return slot


@_inlined
def _add(total: Floats, rows: Floats, row: int) -> None:
    for column in range(len(total)):
        total[column] += rows[np.uint64(row), np.uint64(column)]  # unsigned: nothing counts from the end


@_inlined
def _add_ngrams(text: Bytes, first: int, end: int, model: Model, total: Floats) -> int:
    """Adds the rows of the n-grams of a word and its two marks, and counts them. A mark alone is none."""
    shortest, longest, some, kept, rows, _, _ = model
    count = 0
    for start in range(first, end):
        if text[start] & 0xC0 == 0x80:
            continue
        hashed, place = _OFFSET, start
        for size in range(1, longest + 1):
            if place >= end:
                break
            hashed = _folded(hashed, text[place])
            place += 1
            while place < end and text[place] & 0xC0 == 0x80:
                hashed = _folded(hashed, text[place])
                place += 1
            if size < shortest or (size == 1 and (start == first or place == end)):
                continue
            bucket = np.uint64(hashed % np.uint32(len(kept)))
            if some[bucket >> np.uint64(3)] >> np.uint8(bucket & np.uint64(7)) & 1:
                _add(total, rows, kept[bucket])
                count += 1
    return count


@_compiled
def fill(dictionary: Dictionary) -> None:
    """Puts all words into the slots; of equal ones the last is found, as in the library."""
    spelling, bounds, slots, _ = dictionary
    for word in range(len(bounds) - 1):
        slots[_slot(spelling, bounds[word], bounds[word + 1], spelling, bounds, slots)] = word


@_inlined
def _add_line(text: Bytes, model: Model, dictionary: Dictionary, total: Floats) -> int:
    """Adds the rows of all words up to the line's end, a newline or its mark, and that of the end itself; counts them."""
    spelling, bounds, slots, words = dictionary
    rows = model[4]
    count, place, newline = 0, 1, False
    while not newline:
        end = place
        while not _is_space(text[end]):
            end += 1
        newline = text[end] == _NEWLINE
        if end - place == len(_END) and _begins(text, place, end, _END):
            break
        word = slots[_slot(text, place, end, spelling, bounds, slots)]
        if end > place and word < words and not (word < 0 and _begins(text, place, end, _LABEL)):
            if word >= 0:
                _add(total, rows, word)
                count += 1
            text[place - 1], text[end] = _BEGINS, _ENDS
            count += _add_ngrams(text, place - 1, end + 1, model, total)
        place = end + 1
    word = slots[_slot(_END, 0, len(_END), spelling, bounds, slots)]
    if 0 <= word < words:
        _add(total, rows, word)
        count += 1
    return count


@_inlined
def _logarithm(share: np.float32) -> np.float32:
    """Of a float a little above it, taken in double precision."""
    return np.float32(log(np.float64(share) + 1e-5))


@_inlined
def _right(hidden: Floats, output: Floats, node: int) -> np.float32:
    """How likely the right one of two nodes is."""
    dot = np.float32(0)
    for place in range(len(hidden)):
        dot += hidden[place] * output[node, place]
    return np.float32(1.0 / np.float64(_ONE + exp(-dot)))


@_inlined
def _walk(hidden: Floats, model: Model, scores: Floats) -> None:
    """The logarithm of each label's score; a node too unlikely is not entered, so that labels below it keep none."""
    below, output = model[5], model[6]
    labels, lowest = len(scores), _logarithm(np.float32(0))
    nodes, reached = np.empty(labels, np.int32), np.empty(labels, np.float32)
    nodes[0], reached[0], held = 2 * labels - 2, 0, 1
    while held:
        held -= 1
        node, score = nodes[held], reached[held]
        if score < lowest:
            continue
        if node < labels:
            scores[node] = score
            continue
        right = _right(hidden, output, node - labels)
        for side in range(2):
            share = right if side else np.float32(1.0 - np.float64(right))
            nodes[held] = below[node - labels, side]
            reached[held] = score + _logarithm(share)
            held += 1


@_compiled
def score_line(text: Bytes, model: Model, dictionary: Dictionary, logarithms: Floats, scores: Floats) -> int:
    """Sets each label's score and its logarithm, -inf where it has none, and names the likeliest.

    That is -1 where none has a score, or two have the highest. `text` begins with a space, holds a newline, and is written to.
    """
    for label in range(len(scores)):
        logarithms[label] = UNSCORED
    hidden = np.zeros(model[4].shape[1], np.float32)
    count = _add_line(text, model, dictionary, hidden)
    if not count:
        return -1
    share = np.float32(1.0 / count)
    for column in range(len(hidden)):
        hidden[column] *= share
    _walk(hidden, model, logarithms)
    best, twice = 0, False
    for label in range(len(scores)):
        scores[label] = exp(logarithms[label])
        if logarithms[label] > logarithms[best]:
            best, twice = label, False
        elif label != best and logarithms[label] == logarithms[best]:
            twice = True
    return -1 if twice else best
