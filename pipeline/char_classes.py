"""What a character is, for kernels: a byte of flags for each code point, as Python's strings tell it."""

from functools import cache, lru_cache
from unicodedata import category

import numpy as np
import numpy.typing as npt

LETTER = 1  # `str.isalpha`
SPACE = 2  # `str.isspace`
LINE_BREAK = 4  # where `str.splitlines` cuts
PUNCTUATION = 8  # of a category that begins with P
CHOSEN = 16  # one of the characters that were asked for

Classes = npt.NDArray[np.uint8]

_CODES = 0x110000
_PUNCTUATION_ENDS = 0x20000  # none is beyond; looking at all would take 0.3 s
_LINE_BREAKS = "\n\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"


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
    for flag, codes in ((LINE_BREAK, map(ord, _LINE_BREAKS)), (PUNCTUATION, _punctuation())):
        classes[list(codes)] |= np.uint8(flag)
    return classes


def _punctuation() -> list[int]:
    return [code for code in range(_PUNCTUATION_ENDS) if category(chr(code))[0] == "P"]
