"""The words of a page as kernels take them: their bytes, one behind the other, and where each ends."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Self

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, slots=True, eq=False)
class Spelled:
    """`text` is the UTF-8 of all words, joined by nothing; word `i` ends before byte `ends[i]`.

    `is_whole` promises that `text` is that of the page without its whitespace: no word was left out, made up or has a space.
    """

    text: npt.NDArray[np.uint8]
    ends: npt.NDArray[np.int64]
    is_whole: bool

    @classmethod
    def of(cls, words: Sequence[str]) -> Self:
        """Any words, of which nothing is promised."""
        encoded = [word.encode() for word in words]
        text = np.frombuffer(
            b"".join(encoded), np.uint8
        ).copy()  # a kernel is compiled for arrays that may be written to
        return cls(text, np.cumsum(list(map(len, encoded)), dtype=np.int64), is_whole=False)

    def __len__(self) -> int:
        """How many words."""
        return len(self.ends)

    def words(self) -> list[str]:
        """The words, in order."""
        text, ends = self.text.tobytes().decode(), self.ends
        if len(text) < len(self.text):
            begins = (self.text & 0xC0) != 0x80  # every byte but those that go on with a character
            ends = np.concatenate([[0], np.cumsum(begins)])[ends]
        return [text[start:end] for start, end in pairwise([0, *ends.tolist()])]
