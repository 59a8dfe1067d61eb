"""The kernel of C4's lines: what is counted of each, in one walk over a page."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from pipeline.char_classes import SPACE, Classes
from pipeline.chunk_kernels import READ, char_at
from pipeline.kernels import kernel
from pipeline.sentence_kernels import sentences_between

_Bytes = npt.NDArray[np.uint8]
_Places = npt.NDArray[np.int64]


class Line(NamedTuple):
    """A line without the whitespace around it: from, to (characters of the page); its words and the longest; its sentences.

    Words are what stands between whitespace. Sentences are -1 where no words of the page were given.
    """

    first: int
    last: int
    words: int
    longest_word: int
    sentences: int


def counted_lines(text: str, ends: Sequence[int], classes: Classes, words: _Places | None) -> Iterator[Line]:
    """The lines of a page that end before the characters `ends`; `words` are where spaCy's end, as `Spelled` has them."""
    encoded = np.frombuffer(text.encode(), np.uint8)
    none = np.zeros(0, np.int64)
    rows = _lines(encoded, np.array(ends, np.int64), classes, none if words is None else words, words is not None)
    return map(Line._make, rows.tolist())


@kernel(f"({READ}, int64[::1], uint8[::1], int64[::1], boolean)")
def _lines(text: _Bytes, ends: _Places, classes: Classes, words: _Places, counts_sentences: bool) -> _Places:
    lines = np.zeros((len(ends), 5), np.int64)
    at = char = word = 0
    for row, end in enumerate(ends):
        first = last = end
        first_byte = last_byte = at
        count = longest = chars = 0
        while char < end:
            code, size = char_at(text, at)
            chars += 1
            if classes[code] & SPACE:
                chars = 0
            else:
                if count == 0:
                    first, first_byte = char, at
                count += chars == 1
                longest = max(longest, chars)
                last, last_byte = char + 1, at + size
            at += size
            char += 1
        lines[row, 0], lines[row, 1], lines[row, 2], lines[row, 3] = first, last, count, longest
        lines[row, 4] = -1
        if counts_sentences:
            lines[row, 4], word = sentences_between(text, first_byte, last_byte, words, word, classes)
    return lines
