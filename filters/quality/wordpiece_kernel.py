"""The kernel that cuts text as a BERT tokenizer does, as far as it is ASCII: at white space and marks, then into pieces.

A piece is the longest beginning of what is left of a word that is a token, inside a word one that continues (Wu et al. 2016,
"WordPiece"). Tokens are found by a hash of their bytes and compared byte by byte, so the answer is exact.
"""

import numpy as np
import numpy.typing as npt

from pipeline.kernels import inlined, kernel

Bytes = npt.NDArray[np.uint8]
Ids = npt.NDArray[np.int32]
Hashes = npt.NDArray[np.uint64]
Table = tuple[Hashes, Ids, Bytes, Ids]
"""Slots with hashes, and with tokens (-1: free); the bytes of all tokens, and where each ends."""
Form = tuple[int, int, int]
"""Whether words are put in lower case, the most characters of a word that is cut, and the most bytes of a token."""

FIRST, CONTINUING = 0xCBF29CE484222325, 0x84222325CBF29CE4  # where hashes begin; the first as of FNV-1a, with its prime
_PRIME = np.uint64(0x100000001B3)
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)  # FNV's middle bits hardly know the last byte; these are of all bytes

_READ = "Array(uint8, 1, 'C', readonly=True)"
_TABLE = "Tuple((uint64[::1], int32[::1], uint8[::1], int32[::1]))"
_FORM = "UniTuple(int64, 3)"


@inlined
def _found(text: Bytes, start: int, stop: int, value: np.uint64, table: Table) -> int:
    """The token that `text[start:stop]` with this hash is, or -1."""
    hashes, tokens, spelled, ends = table
    mask = len(hashes) - 1
    slot = np.int64((value * _GOLDEN) >> np.uint64(36)) & mask
    while tokens[slot] >= 0:
        if hashes[slot] == value:
            token = tokens[slot]
            first = ends[token]
            same = ends[token + 1] - first == stop - start
            for offset in range(stop - start if same else 0):
                same = same and spelled[first + offset] == text[start + offset]
            if same:
                return token
        slot = (slot + 1) & mask
    return -1


@inlined
def _pieces(word: Bytes, longest: int, table: Table, ids: Ids, count: int) -> int:
    """Writes the tokens of a word from `ids[count]` on and says how many; none where some piece is no token."""
    start, written, size = 0, 0, len(word)
    while start < size:
        value = np.uint64(FIRST) if start == 0 else np.uint64(CONTINUING)
        best, after = -1, start
        for place in range(start, min(size, start + longest)):
            value = (value ^ np.uint64(word[place])) * _PRIME
            token = _found(word, start, place + 1, value, table)
            if token >= 0:
                best, after = token, place + 1
        if best < 0:
            return 0
        ids[count + written] = best
        written += 1
        start = after
    return written


@inlined
def _is_space(letter: int) -> bool:
    return letter == 32 or letter == 9 or letter == 10 or letter == 13  # noqa: PLR1714  a set would be built each time


@inlined
def _letters(text: Bytes, place: int, end: int, lower: int, word: Bytes) -> int:
    """How many letters and digits stand from `place` on, up to `end`; as many as `word` holds are copied there."""
    size = 0
    while place + size < end:
        letter = text[place + size]
        capital = 65 <= letter <= 90
        if not (capital or 97 <= letter <= 122 or 48 <= letter <= 57):
            break
        if size < len(word):
            word[size] = letter + 32 if capital and lower else letter
        size += 1
    return size


@inlined
def _stretch(text: Bytes, place: int) -> tuple[int, bool]:
    """Where the stretch without white space ends that begins at `place`, and whether all of it is printable ASCII."""
    plain = True
    while place < len(text) and not _is_space(text[place]):
        plain = plain and 32 < text[place] < 127
        place += 1
    return place, plain


@kernel(f"UniTuple(int64, 2)({_READ}, int64, {_FORM}, {_TABLE}, int32[::1], int32[::1])")
def cut_words(text: Bytes, most: int, form: Form, table: Table, ids: Ids, asked: Ids) -> tuple[int, int]:
    """Writes `ids` until they are `most`, and says how many there are, and how many words somebody else has to be asked for.

    Such a word, with a character beyond ASCII or a control character, stands there as -1 minus its number; it is
    `text[asked[2 * number]:asked[2 * number + 1]]`. Words that are no tokens are left out.
    """
    lower, longest_word, longest = form
    word = np.empty(longest_word, np.uint8)
    place, count, known, others = 0, 0, 0, 0
    while place < len(text) and known < most:
        if _is_space(text[place]):
            place += 1
            continue
        end, plain = _stretch(text, place)
        if not plain:
            asked[2 * others], asked[2 * others + 1] = place, end
            others += 1
            ids[count] = -others
            count += 1
            place = end
        while place < end and known < most:
            size = _letters(text, place, end, lower, word)
            if size == 0:
                word[0], size = text[place], 1
            place += size
            if size <= longest_word:
                written = _pieces(word[:size], longest, table, ids, count)
                count += written
                known += written
        place = end
    return count, others


@kernel(f"uint64({_READ}, boolean)")
def hash_of(token: Bytes, continuing: bool) -> np.uint64:
    """The hash by which a token is found."""
    value = np.uint64(CONTINUING) if continuing else np.uint64(FIRST)
    for letter in token:
        value = (value ^ np.uint64(letter)) * _PRIME
    return value


@kernel("void(uint64[::1], uint64[::1], int32[::1])")
def place_tokens(values: Hashes, hashes: Hashes, tokens: Ids) -> None:
    """Puts each token, by its number, into the first free slot from where its hash points to; 0 is the hash of none."""
    mask = len(hashes) - 1
    for token in range(len(values)):
        if values[token] != 0:
            slot = np.int64((values[token] * _GOLDEN) >> np.uint64(36)) & mask
            while tokens[slot] >= 0:
                slot = (slot + 1) & mask
            hashes[slot], tokens[slot] = values[token], token
