"""Exact duplicates: documents with the same text, or from the same address, as keys of 128 bits.

A key is BLAKE2b of UTF-8, not a faster hash without a secret: who could make two texts of one key could have another's page
dropped. Of 10^12 documents two share a key by accident once in 10^14 runs.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from dedup.addresses import canonical_url
from pipeline.errors import RecipeError

Keys = npt.NDArray[np.uint64]

KINDS = ("url", "text")  # in the order in which copies are taken away


@dataclass(frozen=True, slots=True, kw_only=True)
class Exact:
    """What makes two documents copies of each other: the same `text`, or the same `url` in its canonical form.

    With `fold`, texts are compared after case folding, with each run of white space as one blank. RecipeError for another kind,
    or for folded addresses.
    """

    name: ClassVar[str] = "exact"
    version: ClassVar[int] = 1

    by: str = "text"
    fold: bool = False

    def __post_init__(self) -> None:
        if self.by not in KINDS:
            raise RecipeError(f"exact: copies are known by {' or '.join(KINDS)}, not by {self.by!r}")
        if self.fold and self.by != "text":
            raise RecipeError(f"exact: fold is for texts; addresses ({self.by}) have a canonical form of their own")

    @property
    def reason(self) -> str:
        """Why a copy goes."""
        return f"same_{self.by}"

    def keys(self, values: Sequence[str | None]) -> tuple[Keys, npt.NDArray[np.bool_]]:
        """Keys of texts or addresses, shape (values, 2), and which have one: an address that is not known equals no other."""
        known = np.array([self.by == "text" or bool(value) for value in values], np.bool_)
        hashed = [hashlib.blake2b(self._bytes(value or ""), digest_size=16).digest() for value in values]
        return np.frombuffer(b"".join(hashed), ">u8").astype(np.uint64).reshape(len(hashed), 2), known

    def _bytes(self, value: str) -> bytes:
        if self.by == "url":
            value = canonical_url(value)
        elif self.fold:
            value = " ".join(value.casefold().split())
        return value.encode("utf-8", "surrogatepass")


def in_order(exact: Sequence[Exact]) -> tuple[Exact, ...]:
    """First by address, then by text; RecipeError for two of a kind."""
    kinds = [each.by for each in exact]
    if len(set(kinds)) != len(kinds):
        raise RecipeError(f"exact: copies by {', '.join(kinds)}: name each kind once")
    return tuple(sorted(exact, key=lambda each: KINDS.index(each.by)))
