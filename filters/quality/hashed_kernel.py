"""Kernels of KenLM's hash tables: which number a word has, and log10 of the probability of a sentence, as the library has it.

A file is taken at its word in nothing: rows are numbers modulo a table's rows, a word that the 1-grams do not have is the unknown
one, and a table without an empty row is gone through once.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.kernels import inlined, kernel

_TEXT = "Array(uint8, 1, 'C', readonly=True)"
_WORDS = "Array(uint32, 1, 'C', readonly=True)"
_NUMBERS = "Array(float32, 1, 'C', readonly=True)"
VOCABULARY, UNIGRAMS = 0, 1  # which table; then those of longer n-grams
START, ROWS, WIDTH = 0, 1, 2  # of a table, in words of four bytes

_MURMUR, _SHIFT = np.uint64(0xC6A4A7935BD1E995), np.uint64(47)  # MurmurHash64A
_CONTEXT, _NEXT = (
    np.uint64(8978948897894561157),
    np.uint64(17894857484156487943),
)  # an n-gram's hash
_HALF, _ONE, _BYTE = np.uint64(32), np.uint64(1), np.uint64(8)
_SIGN = np.uint32(31)
_ENDS = np.uint32(0x80000000)  # the back-off weight -0.0: no n-gram goes on with these words

Bytes = npt.NDArray[np.uint8]
Words = npt.NDArray[np.uint32]
Numbers = npt.NDArray[np.float32]
Places = npt.NDArray[np.int64]
Model = tuple[Words, Numbers, Places]


@inlined
def _passed(text: Bytes, place: int, space: bool) -> int:
    """Where `space`, or what is none, ends that stands from `place` on."""
    while place < len(text) and (text[place] == 32 or 9 <= text[place] <= 13) == space:
        place += 1
    return place


@inlined
def _hash(text: Bytes, first: int, last: int) -> Any:
    """MurmurHash64A with the seed 0."""
    found = np.uint64(last - first) * _MURMUR
    while last - first >= 8:
        eight = np.uint64(0)
        for place in range(first + 7, first - 1, -1):
            eight = eight << _BYTE | np.uint64(text[place])
        eight *= _MURMUR
        eight = (eight ^ eight >> _SHIFT) * _MURMUR
        found = (found ^ eight) * _MURMUR
        first += 8
    if last > first:
        rest = np.uint64(0)
        for place in range(last - 1, first - 1, -1):
            rest = rest << _BYTE | np.uint64(text[place])
        found = (found ^ rest) * _MURMUR
    found = (found ^ found >> _SHIFT) * _MURMUR
    return found ^ found >> _SHIFT


@inlined
def _value_at(words: Words, tables: Places, table: int, key: Any) -> int:
    """Where the value of a key stands, or -1: rows from the key's own on, up to an empty one."""
    start, rows, width = tables[table, START], tables[table, ROWS], tables[table, WIDTH]
    row = np.int64(key % np.uint64(rows))
    for _ in range(rows):
        at = start + row * width
        there = np.uint64(words[at]) | np.uint64(words[at + 1]) << _HALF
        if there == key:
            return at + 2
        if there == 0:
            return -1
        row += 1
        if row == rows:
            row = 0
    return -1


@inlined
def _number(text: Bytes, first: int, last: int, words: Words, tables: Places) -> int:
    """The number of a word, 0 of one that is unknown."""
    at = _value_at(words, tables, VOCABULARY, _hash(text, first, last))
    found: Any = np.int64(words[at]) if at >= 0 else np.int64(0)
    return found if found < tables[UNIGRAMS, ROWS] else 0


@inlined
def _word_log10(
    word: int, before: Places, known: int, weights: Numbers, found: Numbers, model: Model
) -> tuple[Any, int]:
    """log10 of a word's probability behind `known` words, the last one first, and how many the next word has behind it.

    `weights` are the back-off weights of the n-grams that these words are, and `found` becomes those with this word.
    """
    words, numbers, tables = model
    longest, matched, kept = len(tables) - 1, 1, 0
    chance: Any = np.float32(0)
    at = tables[UNIGRAMS, START] + word * tables[UNIGRAMS, WIDTH]
    key = np.uint64(word)
    for length in range(1, min(known + 1, longest) + 1):
        if length > 1:
            key = key * _CONTEXT ^ np.uint64(before[length - 2] + 1) * _NEXT
            at = _value_at(words, tables, length, key)
            if at < 0:
                break
            matched = length
        if length == longest:
            chance = numbers[at]
            break
        chance = -abs(numbers[at])
        found[length - 1] = numbers[at + 1]
        if words[at + 1] != _ENDS:
            kept = length
        if words[at] >> _SIGN:  # no longer n-gram ends with these words
            break
    for length in range(matched - 1, known):
        chance += weights[length]
    return chance, kept


@kernel(f"int64({_TEXT}, {_WORDS}, int64[:, ::1])")
def word_number(word: Bytes, words: Words, tables: Places) -> int:
    """The number of a word, 0 of one that is unknown."""
    return _number(word, 0, len(word), words, tables)


@kernel(f"float32({_TEXT}, Tuple(({_WORDS}, {_NUMBERS}, int64[:, ::1])), int64, int64)")
def sentence_log10(text: Bytes, model: Model, start: int, end: int) -> float:
    """The sum over the words of `text` and the word `end`, behind the word `start`: as `kenlm.Model.score` has it.

    `model` is the same file as whole numbers and as floats, and of each table where it begins, its rows and their width.
    Sums are of float32 and in the order of KenLM's.
    """
    words, numbers, tables = model
    total, place = np.float32(0), 0
    before, known = np.zeros(len(tables), np.int64), 1
    weights, found = np.zeros(len(tables), np.float32), np.zeros(len(tables), np.float32)
    before[0], weights[0] = start, numbers[tables[UNIGRAMS, START] + start * tables[UNIGRAMS, WIDTH] + 1]
    while True:
        place = _passed(text, place, True)
        first, place = place, _passed(text, place, False)
        word = _number(text, first, place, words, tables) if first < place else end
        chance, kept = _word_log10(word, before, known, weights, found, model)
        total += chance
        if first == place:
            return total
        for length in range(kept - 1, 0, -1):
            before[length] = before[length - 1]
        before[0], known = word, kept
        weights, found = found, weights
