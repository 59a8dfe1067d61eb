"""b-bit signatures: the lowest bits of each value of a signature, from which a similarity can still be estimated.

112 values of 64 bits are 896 bytes a document; 8 bits of each are 112 bytes. Two documents of similarity `s` agree in a
value with probability s + (1 - s) / 2^b: where the whole values differ, their `b` bits still agree by accident once in 2^b
(Li and König 2010, "b-Bit Minwise Hashing", for sets that are small beside all possible shingles). So of `k` values of which
a share `p` is equal, (p - c) / (1 - c) with c = 2^-b estimates the similarity without bias, with the standard error
sqrt(p (1 - p) / k) / (1 - c) (`dedup.theory.standard_error`).
"""

from dataclasses import dataclass
from math import ceil

import numpy as np
import numpy.typing as npt

from dedup.bands import mixed
from dedup.theory import standard_error

Packed = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float64]

BITS = (1, 2, 4, 8, 16)


def packed_bytes(values: int, bits: int) -> int:
    """How many bytes `bits` bits of each of `values` values take. ValueError for bits that are not in `BITS`."""
    if bits not in BITS:
        raise ValueError(f"{bits} bits of each value; take one of {', '.join(map(str, BITS))}")
    if values < 1:
        raise ValueError(f"signatures of {values} values")
    return ceil(values * bits / 8)


def pack(signatures: npt.NDArray[np.uint64], bits: int) -> Packed:
    """`bits` bits of each value: shape (documents, values) becomes (documents, ceil(values * bits / 8)).

    The first value is in the lowest bits of the first byte; what is left of the last byte is zero. Values are mixed first,
    as a minimum of few residues need not have evenly distributed low bits, and the bits must be: the estimate counts
    on it.
    """
    if signatures.ndim != 2:
        raise ValueError(f"signatures of shape {signatures.shape}")
    documents, values = signatures.shape
    width = packed_bytes(values, bits)
    low = mixed(signatures.astype(np.uint64)) & np.uint64((1 << bits) - 1)
    if bits == 16:
        return low.astype("<u2").view(np.uint8).reshape(documents, width)
    per_byte = 8 // bits
    fields = np.zeros((documents, width, per_byte), np.uint8)
    fields.reshape(documents, width * per_byte)[:, :values] = low
    fields <<= np.arange(0, 8, bits, dtype=np.uint8)
    return np.bitwise_or.reduce(fields, axis=2)


def _differing_in_byte(bits: int) -> npt.NDArray[np.uint8]:
    """For each value of a byte, how many of its fields of `bits` bits are not zero."""
    fields = np.arange(256)[:, None] >> np.arange(0, 8, bits) & ((1 << bits) - 1)
    return np.count_nonzero(fields, axis=1).astype(np.uint8)


def equal_values(one: Packed, other: Packed, values: int, bits: int) -> npt.NDArray[np.int64]:
    """How many of `values` values are equal in packed signatures of shape (…, bytes)."""
    width = packed_bytes(values, bits)
    if one.shape[-1:] != (width,) or other.shape[-1:] != (width,):
        raise ValueError(f"signatures of shapes {one.shape} and {other.shape}, not {width} bytes each")
    differing = np.bitwise_xor(one, other)
    if bits == 16:
        return values - np.count_nonzero(differing.reshape(*differing.shape[:-1], values, 2).any(axis=-1), axis=-1)
    return values - _differing_in_byte(bits)[differing].sum(axis=-1, dtype=np.int64)


def estimates(values: int, bits: int) -> Floats:
    """The estimate for each number of equal values from 0 to `values`: rising, a little below 0 for none, 1 for all.

    >>> estimates(4, 1).tolist()
    [-1.0, -0.5, 0.0, 0.5, 1.0]
    """
    packed_bytes(values, bits)
    accident = 2.0**-bits
    return (np.arange(values + 1) / values - accident) / (1 - accident)


def estimate(one: Packed, other: Packed, values: int, bits: int) -> Floats:
    """The Jaccard similarity of documents, from their packed signatures of shape (…, bytes): shape (…)."""
    return estimates(values, bits)[equal_values(one, other, values, bits)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """When two documents count as similar, by estimates from `bits` bits of each of `values` values.

    An estimate within `errors` standard errors of `similarity` is borderline: the texts can decide otherwise. ValueError
    for what cannot be.
    """

    similarity: float
    values: int
    bits: int
    errors: float = 0.0

    def __post_init__(self) -> None:
        packed_bytes(self.values, self.bits)
        if not 0 < self.similarity <= 1:
            raise ValueError(f"a similarity of at least {self.similarity} is not above 0 and at most 1")
        if not 0 <= self.errors < float("inf"):
            raise ValueError(f"{self.errors} standard errors must be a number of at least 0")

    def borderline(self) -> tuple[float, float]:
        """The estimates (low, high): from `low` on and below `high` a pair is borderline; from `high` on it is similar.

        >>> low, high = Bound(similarity=0.5, values=112, bits=8, errors=2).borderline()
        >>> round(low, 3), round(high, 3)
        (0.405, 0.595)
        """
        reach = self.errors * standard_error(self.similarity, self.values, self.bits)
        return self.similarity - reach, min(self.similarity + reach, 1.0)

    def equal_values(self) -> tuple[int, int, int]:
        """The fewest equal values with which a pair is borderline, is estimated to be similar, and surely is."""
        table = estimates(self.values, self.bits)
        low, high = self.borderline()
        return (
            int(np.searchsorted(table, low)),
            int(np.searchsorted(table, self.similarity)),
            int(np.searchsorted(table, high)),
        )
