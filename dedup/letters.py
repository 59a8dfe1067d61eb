"""What the signature family `fast` makes of each code point: part of a word, a word of its own, a mark, or nothing.

One table of 32-bit entries, built from `unicodedata` once in a process (0.2 s): the two highest bits are the class, the
21 lowest the code point after simple case folding.
"""

import unicodedata
from functools import lru_cache

import numpy as np
import numpy.typing as npt

NOTHING, LETTER, MARK, ALONE = 0, 1, 2, 3
CLASS_SHIFT = 30
FOLDED = (1 << 21) - 1

_CODE_POINTS = 0x110000
_ASSIGNED = (range(0x40000), range(0xE0000, 0xE0200))  # all other planes are unassigned or private

# Scripts written without spaces between words: a word is one of their characters. The blocks of Unicode, whose bounds never
# move; Thai to Khmer and what follows are the scripts that line breaking leaves to dictionaries (UAX 14, class SA).
_WITHOUT_SPACES = (
    (0x0E00, 0x0EFF),  # Thai, Lao
    (0x1000, 0x109F),  # Myanmar
    (0x1780, 0x17FF),  # Khmer
    (0x1950, 0x19DF),  # Tai Le, New Tai Lue
    (0x1A20, 0x1AAF),  # Tai Tham
    (0x3005, 0x3007),  # signs among Han: iteration, closing, zero
    (0x3021, 0x303C),  # Hangzhou numerals and others used with Han
    (0x3040, 0x30FF),  # Hiragana, Katakana
    (0x3105, 0x312F),  # Bopomofo
    (0x3190, 0x31BF),  # marks for reading Han, further Bopomofo
    (0x31F0, 0x31FF),  # Katakana of Ainu
    (0x3400, 0x4DBF),  # Han, extension A
    (0x4E00, 0x9FFF),  # Han
    (0xA000, 0xA48C),  # Yi
    (0xA9E0, 0xA9FF),  # Myanmar, extensions B and A
    (0xAA60, 0xAA7F),
    (0xAA80, 0xAADF),  # Tai Viet
    (0xF900, 0xFAFF),  # Han for compatibility
    (0xFF66, 0xFF9F),  # Katakana of half width
    (0x11700, 0x1174F),  # Ahom
    (0x16FE0, 0x18DFF),  # Tangut, Khitan
    (0x1AFF0, 0x1B2FF),  # Kana supplements, Nushu
    (0x20000, 0x3FFFD),  # Han, further extensions
)


@lru_cache(maxsize=1)
def letter_table() -> npt.NDArray[np.uint32]:
    """The entry of each code point, shape (0x110000,); not to be written to."""
    table = np.zeros(_CODE_POINTS, np.uint32)  # pages of memory that hold zeros only are never taken
    for points in _ASSIGNED:
        for point in points:
            character = chr(point)
            kind = unicodedata.category(character)[0]
            if kind in "LNM":
                table[point] = _folded(character) | (MARK if kind == "M" else LETTER) << CLASS_SHIFT
    for first, last in _WITHOUT_SPACES:
        block = table[first : last + 1]
        block[block >> np.uint32(CLASS_SHIFT) == LETTER] |= np.uint32(ALONE << CLASS_SHIFT)
    table.flags.writeable = False
    return table


def _folded(character: str) -> int:
    """Simple case folding (statuses C and S of Unicode's CaseFolding.txt): one code point for one.

    Python has the full folding only; where that makes several code points, the simple one, if any, is the lower case.
    """
    for folded in (character.casefold(), character.lower()):
        if len(folded) == 1:
            return ord(folded)
    return ord(character)
