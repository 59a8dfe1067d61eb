"""fastText's arithmetic over the bytes of a line, compiled: each sum in the library's order and in its float types.

First it is noted which rows a line has, without a branch for what was kept, then they are added up: so the processor asks memory
for many places at once.
"""

from math import exp, inf, log

import numpy as np
import numpy.typing as npt

from pipeline.kernels import inlined, kernel

Bytes = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]
Numbers = npt.NDArray[np.int32]
Bits = npt.NDArray[np.uint32]

# The tree over the labels, which are numbered first, then the inner nodes, the root last: the two children of each inner
# node, and its row.
Tree = tuple[Numbers, Floats]

# The model's n-grams: how many characters the shortest and the longest have; how many buckets a hash may fall into; a bit for
# each bucket, set where its n-grams were kept (250 kB for 2 million, where their rows' numbers would take 8 MB); how many bits
# are set before each 32 of them; the rows, one for each set bit.
Ngrams = tuple[int, int, int, Bits, Numbers, Floats]

# The model's words, then its labels: the spelling of all; where each begins in it, and the last ends; a table of them with open
# addressing, -1 where a slot is free, whose size is a power of 2; the rows, one for each word.
Dictionary = tuple[Bytes, Numbers, Numbers, Floats]

_TREE = "Tuple((int32[:, ::1], float32[:, ::1]))"
_NGRAMS = "Tuple((int64, int64, int64, uint32[::1], int32[::1], float32[:, ::1]))"
_DICTIONARY = "Tuple((uint8[::1], int32[::1], int32[::1], float32[:, ::1]))"

UNSCORED = -inf
_SPACE, _NEWLINE = 32, 10
_BEGINS, _ENDS = 60, 62  # < and >, which the library sets around a word
_END = np.frombuffer(b"</s>", np.uint8)  # a newline as a word; where a word is spelled so, the line ends
_LABEL = np.frombuffer(b"__label__", np.uint8)  # what begins so is a label, and no part of the text
OFFSET, _PRIME = np.uint32(2_166_136_261), np.uint32(16_777_619)  # FNV-1a, 32 bits
_ONE = np.float32(1)


@inlined
def folded(hashed: np.uint32, byte: np.uint8) -> np.uint32:
    """One step of the hash. Bytes are signed, as in the library."""
    return np.uint32(np.uint32(hashed ^ np.uint32(np.int8(byte))) * _PRIME)


@inlined
def _begins(text: Bytes, start: int, end: int, mark: Bytes) -> bool:
    """Whether the word from `start` to `end` begins with `mark`."""
    same = 0
    while same < min(len(mark), end - start) and text[start + same] == mark[same]:
        same += 1
    return same == len(mark)


@inlined
def is_space(byte: np.uint8) -> bool | np.bool:
    """What the library parts words at: space, tab, newline, vertical tab, form feed, carriage return and NUL."""
    return byte == _SPACE or 9 <= byte <= 13 or byte == 0


@inlined
def _slot(text: Bytes, start: int, end: int, spelling: Bytes, bounds: Numbers, slots: Numbers) -> np.int64:
    """Where in `slots` a word is, or would be."""
    hashed = OFFSET
    for place in range(start, end):
        hashed = folded(hashed, text[place])
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


@inlined
def _gather_ngrams(text: Bytes, first: int, end: int, ngrams: Ngrams, found: Numbers, held: int) -> int:
    """Notes the buckets of those n-grams of a word and its two marks that were kept. A mark alone is no n-gram."""
    shortest, longest, buckets, bits = ngrams[:4]
    for start in range(first, end):
        if text[start] & 0xC0 == 0x80:
            continue
        hashed, place = OFFSET, start
        for size in range(1, longest + 1):
            if place >= end:
                break
            hashed = folded(hashed, text[place])
            place += 1
            while text[place] & 0xC0 == 0x80:
                hashed = folded(hashed, text[place])
                place += 1
            if size < shortest or (size == 1 and (start == first or place == end)):
                continue
            bucket = np.int64(hashed % np.uint32(buckets))
            found[held] = -1 - bucket
            held += (bits[bucket >> 5] >> np.uint32(bucket & 31)) & np.uint32(1) != 0
    return held


@inlined
def _gathered(text: Bytes, ngrams: Ngrams, dictionary: Dictionary, found: Numbers) -> int:
    """How many rows the line has up to its end, a newline or its mark.

    `found` then holds the numbers of words, and below 0 the buckets of n-grams. Behind those noted it is written to in vain.
    """
    spelling, bounds, slots, rows = dictionary
    held, place, newline = 0, 1, False
    while not newline:
        end = place
        while not is_space(text[end]):
            end += 1
        newline = text[end] == _NEWLINE
        if end - place == len(_END) and _begins(text, place, end, _END):
            break
        if end > place:
            word = slots[_slot(text, place, end, spelling, bounds, slots)]
            if word < len(rows) and not (word < 0 and _begins(text, place, end, _LABEL)):
                found[held] = word
                held += word >= 0
                text[place - 1], text[end] = _BEGINS, _ENDS
                held = _gather_ngrams(text, place - 1, end + 1, ngrams, found, held)
        place = end + 1
    word = slots[_slot(_END, 0, len(_END), spelling, bounds, slots)]
    if 0 <= word < len(rows):
        found[held] = word
        held += 1
    return held


@inlined
def _bits_set(bits: np.uint32) -> np.uint32:
    """How many; sums of 2, then 4, then 8 bits stand side by side."""
    pairs = bits - ((bits >> np.uint32(1)) & np.uint32(0x5555_5555))
    fours = (pairs & np.uint32(0x3333_3333)) + ((pairs >> np.uint32(2)) & np.uint32(0x3333_3333))
    eights = (fours + (fours >> np.uint32(4))) & np.uint32(0x0F0F_0F0F)
    return np.uint32(eights * np.uint32(0x0101_0101)) >> np.uint32(24)


@inlined
def _add(total: Floats, rows: Floats, row: np.int64) -> None:
    for column in range(len(total)):
        total[column] += rows[row, column]


@inlined
def _add_rows(found: Numbers, held: int, ngrams: Ngrams, words: Floats, total: Floats) -> None:
    """Adds up what was noted."""
    _, _, _, bits, before, rows = ngrams
    for each in range(held):
        number = np.int64(found[each])
        if number >= 0:
            _add(total, words, number)
        else:
            block, bit = (-1 - number) >> 5, (-1 - number) & 31
            below = bits[block] & np.uint32((1 << bit) - 1)
            _add(total, rows, before[block] + np.int64(_bits_set(below)))


@kernel(f"void({_DICTIONARY})")
def fill(dictionary: Dictionary) -> None:
    """Puts all words into the slots; of equal ones the last is found, as in the library."""
    spelling, bounds, slots, _ = dictionary
    for word in range(len(bounds) - 1):
        slots[_slot(spelling, bounds[word], bounds[word + 1], spelling, bounds, slots)] = word


@inlined
def _logarithm(share: np.float32) -> np.float32:
    """Of a float a little above it, taken in double precision."""
    return np.float32(log(np.float64(share) + 1e-5))


@inlined
def _right(hidden: Floats, output: Floats, node: int) -> np.float32:
    """How likely the right one of two nodes is."""
    dot = np.float32(0)
    for place in range(len(hidden)):
        dot += hidden[place] * output[node, place]
    return np.float32(1.0 / np.float64(_ONE + exp(-dot)))


@inlined
def _walk(hidden: Floats, tree: Tree, scores: Floats) -> None:
    """The logarithm of each label's score; a node too unlikely is not entered, so that labels below it keep none."""
    below, output = tree
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


@kernel(f"int64(uint8[::1], {_NGRAMS}, {_DICTIONARY}, {_TREE}, float32[::1], float32[::1])")
def score_line(
    text: Bytes, ngrams: Ngrams, dictionary: Dictionary, tree: Tree, logarithms: Floats, scores: Floats
) -> int:
    """Sets each label's score and its logarithm, -inf where it has none, and names the likeliest.

    That is -1 where none has a score, or two have the highest. `text` begins with a space, ends with a newline and one byte more,
    and is written to.
    """
    logarithms[:] = UNSCORED
    hidden = np.zeros(dictionary[3].shape[1], np.float32)
    # A word of n bytes and the space behind it have a row, and at most n + 1 of each length.
    found = np.empty((ngrams[1] - ngrams[0] + 2) * len(text), np.int32)
    count = _gathered(text, ngrams, dictionary, found)
    if not count:
        return -1
    _add_rows(found, count, ngrams, dictionary[3], hidden)
    share = np.float32(1.0 / count)
    for column in range(len(hidden)):
        hidden[column] *= share
    _walk(hidden, tree, logarithms)
    best, twice = 0, False
    for label in range(len(scores)):
        scores[label] = exp(logarithms[label])
        if logarithms[label] > logarithms[best]:
            best, twice = label, False
        elif label != best and logarithms[label] == logarithms[best]:
            twice = True
    return -1 if twice else best
