"""Which document of a made corpus is a copy of which: places, clusters, kinds of change.

A document's number goes to a place by a permutation, so that a cluster's members lie far from one another. The first places hold
blocks of clusters of fixed sizes, all others documents of their own. Everything about a place is a hash of seed and place,
so any document can be made alone.
"""

from dataclasses import dataclass
from math import gcd
from typing import Any

import numpy as np
import numpy.typing as npt

from dedup.band_kernels import STEP, mixed
from pipeline.errors import RecipeError
from pipeline.kernels import kernel

SIZES = (2, 2, 2, 2, 2, 2, 3, 4, 5)  # the clusters of a block
BLOCK = sum(SIZES)
PAIRS = sum(size * (size - 1) // 2 for size in SIZES)
MOST = 1 << 32  # documents: products of two places stay below 2^64

MEMBER = np.array([member for size in SIZES for member in range(size)], np.int64)
SIZE = np.array([size for size in SIZES for _ in range(size)], np.int64)

SUBSTITUTED, REPLACED, CUT, EXACT, RECASED, CHAIN = range(6)
KINDS = ("substituted words", "replaced block", "cut tail", "exact copy", "other case", "chain")
_OF_20 = np.array([SUBSTITUTED] * 8 + [REPLACED] * 4 + [CUT] * 3 + [EXACT] + [RECASED] + [CHAIN] * 3, np.int64)

_LOW, _UNIT = 0.3, 1 / (1 << 53)
_KIND, _LIKE, _OWN = np.uint64(0xA5), np.uint64(0xC3), np.uint64(0x96)
_S11, _TWENTY = np.uint64(11), np.uint64(20)

Layout = npt.NDArray[np.uint64]


@kernel()
def drawn(key: Any, number: Any) -> Any:
    """The random number `number` of the sequence that `key` names."""
    return mixed(key + np.uint64(number + 1) * STEP)


@kernel()
def place_of(document: Any, layout: Any) -> Any:
    """Where a document stands."""
    return (np.uint64(document) * layout[2] + layout[3]) % layout[1]


@kernel()
def key_of(place: Any, layout: Any) -> Any:
    """The key of all random numbers of the document at `place`."""
    return mixed(layout[0] ^ mixed(np.uint64(place) + STEP))


@kernel()
def kind_of(first: Any, layout: Any) -> Any:
    """How the members of the cluster whose first document stands at `first` differ from it."""
    return _OF_20[drawn(key_of(first, layout) ^ _KIND, 0) % _TWENTY]


@kernel()
def similarity_of(place: Any, layout: Any) -> Any:
    """About how similar the document at `place` is meant to be to what it is made from: from 0.3 to 1."""
    share = np.float64(drawn(key_of(place, layout) ^ _LIKE, 0) >> _S11) * _UNIT
    return _LOW + (1 - _LOW) * share


@kernel()
def own_key(place: Any, layout: Any) -> Any:
    """The key of what makes a member of a cluster differ from the first."""
    return key_of(place, layout) ^ _OWN


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """A corpus: how many `documents` of about `words` words, and the `share` of them that are in clusters.

    `boilerplate` is the share of documents that begin with one of a hundred texts of 20 words. RecipeError for what cannot be.
    """

    documents: int
    words: int = 200
    share: float = 0.3
    boilerplate: float = 0.3
    seed: int = 1

    def __post_init__(self) -> None:
        if not 1 <= self.documents <= MOST:
            raise RecipeError(f"{self.documents} documents: a made corpus has from 1 to {MOST:,}")
        if not 20 <= self.words <= 100_000:
            raise RecipeError(f"{self.words} words: a made document has from 20 to 100,000 on average")
        if not (0 <= self.share <= 1 and 0 <= self.boilerplate <= 1):
            raise RecipeError(f"shares {self.share} and {self.boilerplate} of a made corpus are not from 0 to 1")
        if not 0 <= self.seed < 1 << 32:
            raise RecipeError(f"seed {self.seed} of a made corpus does not fit in 32 bits")

    @property
    def blocks(self) -> int:
        """How many blocks of clusters there are."""
        return int(self.documents * self.share) // BLOCK

    @property
    def clustered(self) -> int:
        """How many documents are in clusters."""
        return self.blocks * BLOCK

    def layout(self) -> Layout:
        """What kernels are told: key, documents, the permutation's factor, offset and inverse, clustered, words, boilerplate."""
        whole = self.documents
        factor = max(1, int(whole * 0.6180339887))
        while gcd(factor, whole) != 1:
            factor += 1
        offset = (self.seed * 0x9E3779B97F4A7C15 >> 7) % whole
        key = (self.seed + 1) * 0xD6E8FEB86659FD93 % (1 << 64)
        often = int(self.boilerplate * (1 << 32))
        told = (key, whole, factor, offset, pow(factor, -1, whole), self.clustered, self.words, often)
        return np.array(told, np.uint64)
