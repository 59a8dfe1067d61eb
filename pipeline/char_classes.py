"""What a character is, for kernels: a byte of flags for each code point, as Python's strings tell it."""

from functools import cache, lru_cache
from unicodedata import category

import numpy as np
import numpy.typing as npt

LETTER = 1  # `str.isalpha`
SPACE = 2  # `str.isspace`
PUNCTUATION = 4  # of a category that begins with P
CHOSEN = 8  # one of the characters that were asked for

Classes = npt.NDArray[np.uint8]

_CODES = 0x110000
_PUNCTUATION_ENDS = 0x20000  # none is beyond; looking at all would take 0.3 s


@lru_cache(maxsize=8)
def char_classes(chosen: str = "") -> Classes:
    """Shape (0x110000,), not to be written to; `CHOSEN` are those of `chosen`. The last few are remembered, 1 MB each."""
    classes = _classes().copy()
    classes[list(map(ord, chosen))] |= np.uint8(CHOSEN)
    return classes


@cache
def _classes() -> Classes:
    chars = np.arange(_CODES, dtype=np.uint32).view("U1")
    classes = np.strings.isalpha(chars) * np.uint8(LETTER) + np.strings.isspace(chars) * np.uint8(SPACE)
    classes[_punctuation()] |= np.uint8(PUNCTUATION)
    return classes


def _punctuation() -> list[int]:
    return [code for code in range(_PUNCTUATION_ENDS) if category(chr(code))[0] == "P"]
