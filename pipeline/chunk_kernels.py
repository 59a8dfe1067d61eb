"""The kernels of `pipeline.chunk_words`: a text's chunks, and the words of those that are remembered or plain.

What is remembered stands in a table of rows, some of which share a place: length of the chunk, how many words, the bytes of
each, and the chunk itself, which is compared, so that no answer depends on a hash. A chunk that is met again moves up by one
row, a new one comes in above the others, and the last row is lost.
"""

import numpy as np
import numpy.typing as npt

from pipeline.char_classes import LETTER, SPACE
from pipeline.kernels import kernel

Bytes = npt.NDArray[np.uint8]
Flags = npt.NDArray[np.bool_]
Numbers = npt.NDArray[np.int32]
Chunks = Numbers
"""Shape (chunks, 3): of each from, to (bytes of the text), and where it begins in the text without whitespace."""

READ = "Array(uint8, 1, 'C', readonly=True)"  # what `np.frombuffer` gives

_ROW = 64  # bytes: one line of the processor's cache
_MOST_WORDS = 8
_CHUNK = 2 + _MOST_WORDS  # where the chunk stands in its row
_MOST_BYTES = _ROW - _CHUNK
_SHARING = 4  # rows of a place

_SEED = np.uint64(0xCBF29CE484222325)
_BASE = np.uint64(0x00000100000001B3)
_MIX = np.uint64(0x9E3779B97F4A7C15)
_GUARD_BITS = 16

_ASK, _WORD, _WORD_AND_MARK = 0, 1, 2


def new_memory(places: int) -> Bytes:
    """A table of `places`, a power of two; the system gives the memory (256 bytes each) when a place is first used."""
    return np.zeros((places * _SHARING, _ROW), np.uint8)


@kernel()
def _mixed(hashed: np.uint64) -> np.uint64:
    return (hashed ^ (hashed >> np.uint64(29))) * _MIX


@kernel()
def _hashed(hashed: np.uint64, byte: int) -> np.uint64:
    return (hashed ^ np.uint64(byte)) * _BASE


@kernel("(uint8[::1], int64[::1])")
def guard_of(text: Bytes, ends: npt.NDArray[np.int64]) -> Bytes:
    """Marks the hashes of chunks that are not to be taken for plain ones; some others share them."""
    guard = np.zeros(1 << _GUARD_BITS, np.uint8)
    start = 0
    for end in ends:
        hashed = _SEED
        for at in range(start, end):
            hashed = _hashed(hashed, text[at])
        guard[_mixed(hashed) >> np.uint64(64 - _GUARD_BITS)] = 1
        start = end
    return guard


@kernel()
def char_at(text: Bytes, at: int) -> tuple[int, int]:
    """The code point whose first byte is at `at`, and how many bytes it has."""
    first = int(text[at])
    if first < 0x80:
        return first, 1
    if first < 0xE0:
        return (first & 0x1F) << 6 | (text[at + 1] & 0x3F), 2
    if first < 0xF0:
        return (first & 0x0F) << 12 | (text[at + 1] & 0x3F) << 6 | (text[at + 2] & 0x3F), 3
    low = (text[at + 1] & 0x3F) << 12 | (text[at + 2] & 0x3F) << 6 | (text[at + 3] & 0x3F)
    return (first & 0x07) << 18 | low, 4


@kernel()
def _cuts_off(mark: int, letter: int) -> bool:
    if mark == ord("."):
        return ord("a") <= letter <= ord("z")
    return mark == ord(",") or mark == ord(";") or mark == ord(":") or mark == ord("!") or mark == ord("?")


@kernel()
def _chunk_at(text: Bytes, at: int, classes: Bytes) -> tuple[int, np.uint64, np.uint64, int]:
    """Of the chunk that begins at `at`: its end, its hash, that without its last byte, and what it may be if not guarded."""
    hashed = before = _SEED
    letters = True
    ascii_letters = was_ascii = True
    start = at
    while at < len(text):
        code, size = char_at(text, at)
        flags = classes[code]
        if flags & SPACE:
            break
        was_ascii = ascii_letters
        ascii_letters = ascii_letters and size == 1 and flags & LETTER != 0
        letters = letters and flags & LETTER != 0
        for _ in range(size):
            before = hashed
            hashed = _hashed(hashed, text[at])
            at += 1
    form = _ASK
    if letters:
        form = _WORD
    elif was_ascii and at - start > 1 and _cuts_off(text[at - 1], text[at - 2]):
        form = _WORD_AND_MARK
    return at, hashed, before, form


@kernel()
def _is_guarded(guard: Bytes, hashed: np.uint64) -> bool:
    return guard[_mixed(hashed) >> np.uint64(64 - _GUARD_BITS)] != 0


@kernel()
def _first_row(memory: Bytes, hashed: np.uint64) -> int:
    places = np.uint64(len(memory) // _SHARING)
    return int((_mixed(hashed) >> np.uint64(20)) & (places - np.uint64(1))) * _SHARING


@kernel()
def _find(memory: Bytes, text: Bytes, start: int, end: int, hashed: np.uint64) -> int:
    """The row of a chunk, or -1."""
    first = _first_row(memory, hashed)
    for row in range(first, first + _SHARING):
        if memory[row, 0] != end - start:
            continue
        at = start
        while at < end and memory[row, _CHUNK + at - start] == text[at]:
            at += 1
        if at == end:
            if row > first:
                row -= 1
                for place in range(_ROW):
                    above = memory[row, place]
                    memory[row, place] = memory[row + 1, place]
                    memory[row + 1, place] = above
            return row
    return -1


@kernel()
def _has_to_ask(form: int, hashed: np.uint64, before: np.uint64, guard: Bytes) -> bool:
    return form == _ASK or _is_guarded(guard, hashed) or (form == _WORD_AND_MARK and _is_guarded(guard, before))


@kernel()
def _mark_words(lasts: Flags, last: int, memory: Bytes, row: int) -> None:
    for word in range(memory[row, 1]):
        last += memory[row, 2 + word]
        lasts[last] = True


@kernel(f"({READ}, uint8[::1], uint8[::1], boolean, uint8[:, ::1])")
def cut_text(
    text: Bytes, classes: Bytes, guard: Bytes, plain: bool, memory: Bytes
) -> tuple[Bytes, Flags, Chunks, Numbers]:
    """The text without its whitespace; the last byte of each word there; the chunks; the numbers of those that are not known.

    With `plain`, letters alone are a word, and ASCII letters and a mark are two, unless guarded.
    """
    tight, lasts = np.empty(len(text), np.uint8), np.zeros(len(text), np.bool_)
    chunks = np.empty((len(text) // 2 + 1, 3), np.int32)
    unknown = np.empty(len(text) // 2 + 1, np.int32)
    at = filled = count = asked = 0
    while at < len(text):
        code, size = char_at(text, at)
        if classes[code] & SPACE:
            at += size
            continue
        start = at
        at, hashed, before, form = _chunk_at(text, start, classes)
        chunks[count, 0] = start
        chunks[count, 1] = at
        chunks[count, 2] = filled
        for byte in range(start, at):
            tight[filled + byte - start] = text[byte]
        if not plain or _has_to_ask(form, hashed, before, guard):
            row = _find(memory, text, start, at, hashed)
            if row < 0:
                unknown[asked] = count
                asked += 1
            else:
                _mark_words(lasts, filled - 1, memory, row)
        else:
            lasts[filled + at - start - 1] = True
            lasts[filled + at - start - form] = True
        filled += at - start
        count += 1
    return tight[:filled], lasts[:filled], chunks[:count], unknown[:asked]


@kernel()
def _remember(memory: Bytes, text: Bytes, start: int, end: int, sizes: npt.NDArray[np.int64]) -> None:
    hashed = _SEED
    for at in range(start, end):
        hashed = _hashed(hashed, text[at])
    first = _first_row(memory, hashed)
    for row in range(first + _SHARING - 1, first, -1):
        for place in range(_ROW):
            memory[row, place] = memory[row - 1, place]
    memory[first, 0] = end - start
    memory[first, 1] = len(sizes)
    for word in range(len(sizes)):
        memory[first, 2 + word] = sizes[word]
    for at in range(start, end):
        memory[first, _CHUNK + at - start] = text[at]


@kernel(f"({READ}, int32[:, ::1], int32[::1], int64[::1], int64[::1], boolean[::1], boolean[::1], uint8[:, ::1])")
def learn(
    text: Bytes,
    chunks: Chunks,
    unknown: Numbers,
    sizes: npt.NDArray[np.int64],
    words: npt.NDArray[np.int64],
    lasts: Flags,
    lasting: Flags,
    memory: Bytes,
) -> None:
    """Marks the last bytes of the words of `unknown` chunks, and remembers those that are `lasting` and short enough.

    `words` says of each of them how many it has, `sizes` has the bytes of all these words, in order.
    """
    done = 0
    for number in range(len(unknown)):
        start, end, last = chunks[unknown[number], 0], chunks[unknown[number], 1], chunks[unknown[number], 2] - 1
        for word in range(words[number]):
            last += sizes[done + word]
            lasts[last] = True
        if lasting[number] and end - start <= _MOST_BYTES and words[number] <= _MOST_WORDS:
            _remember(memory, text, start, end, sizes[done : done + words[number]])
        done += words[number]
