"""Two documents beside each other: how similar signatures say they are, how similar they are, and which bands they share."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import sqrt
from typing import Any

import numpy as np
import numpy.typing as npt

from dedup.bands import band_keys
from dedup.bbit import estimate, pack
from dedup.minhash import Hashes, MinHash
from dedup.shingles import jaccard
from dedup.survival import Star, Survival
from dedup.theory import probability, standard_error
from pipeline.schemas import KEYS, SIGNATURE

Packed = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """A document as it is compared: its `shingles` as a set, its signature, and the `keys` of its bands.

    For the rule `Star` the signature is some bits of each value, `packed`; else it is the `values`. A text shorter than a
    shingle has no signature.
    """

    shingles: Hashes
    values: Hashes
    keys: Hashes
    packed: Packed

    @property
    def is_compared(self) -> bool:
        """Whether it has a signature."""
        return bool(self.shingles.size)


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """`estimated` similarity with its standard `error` beside the `exact` one, both of the sets of shingles.

    `bands` are the numbers, from 0, of the bands that both share, and `chance` is how likely documents of the exact similarity
    are to share at least one.
    """

    estimated: float
    error: float
    exact: float
    bands: tuple[int, ...]
    chance: float


def sign(text: str, minhash: MinHash, survival: Survival, stored: Mapping[str, Any] | None = None) -> Signed:
    """What is compared of a document: what `members` has `stored` of it, and what is not there made again from its text."""
    shingles = np.unique(minhash.shingles(text))
    if stored and stored.get(SIGNATURE) is not None:
        packed = np.frombuffer(stored[SIGNATURE], np.uint8)
        keys = np.array(stored[KEYS.name], np.uint64)
        return Signed(shingles=shingles, values=np.empty(0, np.uint64), keys=keys, packed=packed)
    values, _ = minhash.signatures([text])
    packed = pack(values, survival.bits)[0] if isinstance(survival, Star) else np.empty(0, np.uint8)
    keys = band_keys(values, minhash.bands, minhash.rows)[0]
    return Signed(shingles=shingles, values=values[0], keys=keys, packed=packed)


def compare(one: Signed, other: Signed, minhash: MinHash, survival: Survival) -> Comparison | None:
    """How two documents compare, estimated as the rule of survival does: by bits of the values, or by the values.

    None where one of them is too short to have a signature.
    """
    if not (one.is_compared and other.is_compared):
        return None
    exact, count = jaccard(one.shingles, other.shingles), minhash.bands * minhash.rows
    if isinstance(survival, Star):
        estimated = float(estimate(one.packed, other.packed, count, survival.bits))
        error = standard_error(exact, count, survival.bits)
    else:
        estimated, error = float(np.mean(one.values == other.values)), sqrt(exact * (1 - exact) / count)
    return Comparison(
        estimated=estimated,
        error=error,
        exact=exact,
        bands=tuple(np.flatnonzero(one.keys == other.keys).tolist()),
        chance=probability(exact, minhash.bands, minhash.rows),
    )
