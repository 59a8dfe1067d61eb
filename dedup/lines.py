"""Lines and paragraphs that stand in several documents: menus, footers, licences, quotations.

CCNet (Wenzek et al. 2020, section 3.1) compares paragraphs by 64 bits of a hash, Dolma and Lee et al. 2022 what repeats in larger
sets. How much of a page repeats is told as signals, of which a recipe may make rules; `dedup.removal` takes it out.
"""

import hashlib
import re
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipeline.errors import RecipeError
from pipeline.measures import ratio, schema

Units = npt.NDArray[np.uint64]

_BLANK_LINES = re.compile(r"\n(?:[^\S\n]*\n)+")
_LINE_END = re.compile(r"\n")
SPLITS = {"line": _LINE_END, "paragraph": _BLANK_LINES}


@dataclass(frozen=True, slots=True, kw_only=True)
class RepeatedLines:
    """How much of a text consists of lines (or paragraphs, between blank lines) that stand in `min_documents` documents or more.

    White space around them is left aside, and those of fewer than `min_chars` characters are not looked at. The signals count
    each occurrence: `repeated_line_ratio` of lines, `repeated_line_chars_ratio` of their characters, and
    `copied_line_chars_ratio` of the characters whose line stands in an earlier document of the order of survival; null where
    there is no line. RecipeError for a value that cannot be.
    """

    name: ClassVar[str] = "repeated_lines"
    version: ClassVar[int] = 1

    unit: str = "line"
    min_chars: int = 1
    min_documents: int = 2

    def __post_init__(self) -> None:
        if self.unit not in SPLITS:
            raise RecipeError(f"repeated_lines: unit {self.unit!r} is none of {', '.join(SPLITS)}")
        if self.min_chars < 1 or self.min_documents < 2:
            raise RecipeError(
                f"repeated_lines: min_chars {self.min_chars} must be at least 1, min_documents {self.min_documents} at least 2"
            )

    @property
    def signals(self) -> pa.Schema:
        """What is told of each document."""
        names = f"repeated_{self.unit}_ratio", f"repeated_{self.unit}_chars_ratio", f"copied_{self.unit}_chars_ratio"
        return schema(**dict.fromkeys(names, "float64"))

    def units(self, text: str) -> list[str]:
        """The lines or paragraphs of a text that are looked at, in order."""
        found = (each.strip() for each in SPLITS[self.unit].split(text))
        return [each for each in found if len(each) >= self.min_chars]

    def hashes(self, units: list[str]) -> Units:
        """64 bits of BLAKE2b of each: who could make two lines of one hash could have another's counted as repeated."""
        hashed = (hashlib.blake2b(each.encode("utf-8", "surrogatepass"), digest_size=8).digest() for each in units)
        return np.frombuffer(b"".join(hashed), ">u8").astype(np.uint64)

    def measure(self, text: str, repeated: Units, first: npt.NDArray[np.bool_]) -> tuple[float | None, ...]:
        """The signals of a text of which the hashes `repeated` (sorted) are repeated, and stand in no earlier text if `first`."""
        units = self.units(text)
        hashes = self.hashes(units)
        chars = np.array([len(each) for each in units], np.int64)
        at = np.searchsorted(repeated, hashes)
        again = at < repeated.size
        again[again] = repeated[at[again]] == hashes[again]
        copied = again.copy()
        copied[again] = ~first[at[again]]
        whole = int(chars.sum())
        return (
            ratio(int(again.sum()), len(units)),
            ratio(int(chars[again].sum()), whole),
            ratio(int(chars[copied].sum()), whole),
        )
