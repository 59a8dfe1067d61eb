"""Made-up words of letters alone, the frequent ones short, and how often each is drawn.

Both families of signatures see the same words in them: one for each run of letters, whatever its case.
"""

from functools import lru_cache
from itertools import chain, islice, product
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

WORDS = 20_000
DRAW_BITS = 18  # a word is drawn by the highest bits of a random number
_CONSONANTS, _VOWELS = "bdfgklmnprstvz", "aeiou"


class Vocabulary(NamedTuple):
    """`letters` of all words, where each word begins (and the last ends) in them, and the word that each draw gives."""

    letters: npt.NDArray[np.uint8]
    begins: npt.NDArray[np.int64]
    drawn: npt.NDArray[np.int32]

    @property
    def longest(self) -> int:
        """Letters of the longest word."""
        return int(np.diff(self.begins).max())


def made_words() -> list[str]:
    """All words, the most frequent first."""
    shapes = ("cv", "cvc", "cvcv", "cvcvc")
    sounds = {"c": _CONSONANTS, "v": _VOWELS}
    every = chain.from_iterable(product(*(sounds[kind] for kind in shape)) for shape in shapes)
    return ["".join(letters) for letters in islice(every, WORDS)]


@lru_cache(maxsize=1)
def vocabulary() -> Vocabulary:
    """The words by Zipf's law: the r-th is drawn about 1/r as often as the first."""
    words = made_words()
    begins = np.cumsum([0, *map(len, words)], dtype=np.int64)
    weights = np.cumsum(1 / np.arange(1, len(words) + 1))
    draws = (np.arange(1 << DRAW_BITS) + 0.5) / (1 << DRAW_BITS)
    drawn = np.searchsorted(weights / weights[-1], draws).astype(np.int32)
    return Vocabulary(np.frombuffer("".join(words).encode(), np.uint8).copy(), begins, drawn)
