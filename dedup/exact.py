"""Exact duplicates: documents with the same text, or from the same address, as keys of 128 bits.

A key is BLAKE2b of UTF-8, not a faster hash without a secret: who could make two texts of one key could have another's page
dropped. Of 10^12 documents two share a key by accident once in 10^14 runs.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from dedup.addresses import canonical_url
from pipeline.errors import RecipeError

Keys = npt.NDArray[np.uint64]
Known = npt.NDArray[np.bool_]

KINDS = ("url", "text")  # in the order in which copies are taken away


@dataclass(frozen=True, slots=True, kw_only=True)
class Exact:
    """What makes two documents copies of each other: the same `text`, or the same `url` in its canonical form.

    An empty text or address is nobody's copy. With `fold`, texts are compared after case folding, with each run of white space
    as one blank. RecipeError for another kind, or for folded addresses.
    """

    name: ClassVar[str] = "exact"
    version: ClassVar[int] = 2

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

    def keys(self, values: Sequence[str | None]) -> tuple[Keys, Known]:
        """Keys of texts or addresses, shape (values, 2), and which have one: what is not there, or empty, equals no other."""
        found = [self._bytes(value or "") for value in values]
        return _keys(map(_digest, found)), np.array([len(value) > 0 for value in found], np.bool_)

    def keys_of(self, column: pa.Array) -> tuple[Keys, Known]:
        """The same of a column of `large_string`; texts as they are are hashed where they lie."""
        if self.by != "text" or self.fold or column.null_count or not len(column):
            return self.keys(column.to_pylist())
        _, ends, data = column.buffers()
        offsets = np.frombuffer(ends, np.int64, len(column) + 1, 8 * column.offset)
        whole = memoryview(data or b"")
        hashed = (_digest(whole[start:stop]) for start, stop in pairwise(offsets.tolist()))
        return _keys(hashed), np.diff(offsets) > 0

    def _bytes(self, value: str) -> bytes:
        if self.by == "url":
            value = canonical_url(value)
        elif self.fold:
            value = " ".join(value.casefold().split())
        return value.encode("utf-8", "surrogatepass")


def _digest(value: bytes | memoryview) -> bytes:
    return hashlib.blake2b(value, digest_size=16).digest()


def _keys(hashed: Iterable[bytes]) -> Keys:
    return np.frombuffer(b"".join(hashed), ">u8").astype(np.uint64).reshape(-1, 2)


def in_order(exact: Sequence[Exact]) -> tuple[Exact, ...]:
    """First by address, then by text; RecipeError for two of a kind."""
    kinds = [each.by for each in exact]
    if len(set(kinds)) != len(kinds):
        raise RecipeError(f"exact: copies by {', '.join(kinds)}: name each kind once")
    return tuple(sorted(exact, key=lambda each: KINDS.index(each.by)))
