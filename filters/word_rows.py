"""The rows of a fastText model whose mean is a line's vector, in the library's order: each word's, then those of its n-grams.

The n-grams of all words of a line are hashed at once, by the places where they begin.
"""

from collections.abc import Iterable, Sequence
from itertools import repeat

import numpy as np
import numpy.typing as npt

from filters.compressed_model import CompressedModel

Numbers = npt.NDArray[np.int32]
_Hashes = npt.NDArray[np.uint32]
_Places = npt.NDArray[np.int64]

LONGEST = (
    1 << 18
)  # bytes of a line: what the arrays of a longer one would take, and what it takes the library anyway, is much
_SPACES = bytes.maketrans(b"\t\n\v\f\r\0", b"      ")  # what the library parts words at
_END = b"</s>"  # a newline as a word; where a word is spelled so, the line ends
_LABEL = b"__label__"  # what begins so is a label, and no part of the text
_OFFSET, _PRIME = np.uint32(2_166_136_261), np.uint32(16_777_619)  # FNV-1a, 32 bits


class WordRows:
    """The rows of the words of a line."""

    def __init__(self, model: CompressedModel) -> None:
        self._words = {word: number + 1 for number, word in enumerate(model.words)}  # rows count from 1 here, 0 is none
        self._kept = np.where(model.kept > 0, model.kept + 1, 0)
        self._sizes = range(model.min_chars, model.max_chars + 1)

    def of_line(self, line: str) -> Numbers | None:
        """Up to the first newline; None where there is none, or where the library is to be asked.

        It is asked for what is longer than `LONGEST`, holds a label or an end, or lone surrogates, which it refuses.
        """
        words, end = _words_of(line), self._words.get(_END, 0)
        if not words:
            return np.full(1, end - 1, np.int32) if end and words is not None else None
        chars = _Characters(words)
        columns = len(self._sizes) + 1
        rows = np.zeros(columns * len(chars) + 1, np.int32)
        rows[columns * chars.first_of_words] = np.fromiter(map(self._words.get, words, repeat(0)), np.int32, len(words))
        rows[-1] = end
        for column, (size, hashes) in enumerate(zip(self._sizes, chars.hashes(self._sizes), strict=True), 1):
            buckets = (hashes % np.uint32(len(self._kept))).astype(np.intp)
            rows[column:-1:columns] = self._kept.take(buckets) * chars.begins(size)
        return rows[rows > 0] - 1


def _words_of(line: str) -> list[bytes] | None:
    try:
        text = line.partition("\n")[0].encode()
    except UnicodeEncodeError:
        return None
    if len(text) > LONGEST or _END in text or _LABEL in text:
        return None
    return text.translate(_SPACES).split()


class _Characters:
    """The characters of the words of a line, each word between `<` and `>`, as fastText cuts n-grams of them."""

    def __init__(self, words: Sequence[bytes]) -> None:
        text = np.frombuffer(b"<%b>" % b"><".join(words), np.uint8)
        lengths = np.fromiter(map(len, words), np.int64, len(words)) + 2
        ends = np.cumsum(lengths)
        signed = text.view(np.int8).astype(np.int32).view(np.uint32)  # bytes are signed, as in the library
        self._first, self._later = signed, list[tuple[_Places, _Hashes]]()
        begins = text & 0xC0 != 0x80
        if not begins.all():
            chars = np.cumsum(begins)  # of each byte, counted from 1
            (others,) = np.nonzero(~begins)
            (starts,) = np.nonzero(begins)
            self._first, self._later = signed[starts], _later_bytes(signed, others, starts[chars[others] - 1], chars)
            ends = chars[ends - 1]
            lengths = np.diff(ends, prepend=0)
        self.first_of_words = ends - lengths
        self._left = np.repeat(ends, lengths) - np.arange(len(self._first))  # to the word's end, itself included

    def __len__(self) -> int:
        return len(self._first)

    def begins(self, size: int) -> npt.NDArray[np.bool_]:
        """Where an n-gram of `size` characters begins, which stays within its word and is no mark alone."""
        begins = self._left >= size
        if size == 1:
            begins[self.first_of_words] = begins[self._left == 1] = False
        return begins

    def hashes(self, sizes: range) -> Iterable[_Hashes]:
        """The hash of what begins at each place, for each of `sizes`; of no meaning where that leaves the text."""
        hashes = np.full(len(self), _OFFSET)
        for size in range(1, sizes.stop):
            before = size - 1
            hashes[: len(self) - before] = (hashes[: len(self) - before] ^ self._first[before:]) * _PRIME
            for places, byte in self._later:
                at = places - before
                at, folded = (at, byte) if not before else (at[at >= 0], byte[at >= 0])
                hashes[at] = (hashes[at] ^ folded) * _PRIME
            if size in sizes:
                yield hashes


def _later_bytes(signed: _Hashes, others: _Places, starts: _Places, chars: _Places) -> list[tuple[_Places, _Hashes]]:
    """The second, third, … bytes of those characters that have one, and the numbers of the characters."""
    at = others - starts  # 1 for a second byte
    return [(chars[others[at == place]] - 1, signed[others[at == place]]) for place in range(1, int(at.max()) + 1)]
