"""What bands and rows promise: the chance that two documents of a given similarity are found to be duplicates.

A MinHash value of two documents is equal with probability `s`, their Jaccard similarity (Broder 1997). A band of `r`
values is equal with probability s^r, and at least one of `b` independent bands is with 1 - (1 - s^r)^b (Leskovec,
Rajaraman, Ullman, "Mining of Massive Datasets", section 3.4.2): an S-curve that is steepest near (1/b)^(1/r).
"""

from collections.abc import Iterable
from math import ceil, expm1, inf, isnan, log1p, nan, sqrt
from typing import NamedTuple

MOST_BANDS = 1 << 16  # tables number bands in 16 bits


def _check_shape(bands: int, rows: int) -> None:
    if bands < 1 or rows < 1:
        raise ValueError(f"{bands} bands of {rows} rows: both must be at least 1")


def _check_share(name: str, value: float) -> None:
    if isnan(value) or not 0 <= value <= 1:
        raise ValueError(f"{name} {value} is not within 0 and 1")


def probability(similarity: float, bands: int = 14, rows: int = 8) -> float:
    """The chance that documents of Jaccard `similarity` share at least one band.

    >>> [round(probability(s), 3) for s in (0.70, 0.75, 0.80, 0.85)]
    [0.565, 0.772, 0.924, 0.988]
    >>> probability(0.0), probability(1.0)
    (0.0, 1.0)
    """
    _check_shape(bands, rows)
    _check_share("similarity", similarity)
    band = similarity**rows
    # log1p and expm1 keep the digits that 1 - (1 - x)^b loses for the tiny x of dissimilar documents.
    return -expm1(bands * (log1p(-band) if band < 1 else -inf))


def threshold(bands: int = 14, rows: int = 8) -> float:
    """The similarity near which the S-curve is steepest, (1/b)^(1/r).

    >>> round(threshold(), 2)
    0.72
    """
    _check_shape(bands, rows)
    return (1 / bands) ** (1 / rows)


def similarity_found(chance: float, bands: int = 14, rows: int = 8) -> float:
    """The similarity from which pairs are found with at least `chance`: the inverse of `probability`.

    >>> round(similarity_found(0.5), 3), round(similarity_found(0.99), 3)
    (0.685, 0.853)
    """
    _check_shape(bands, rows)
    _check_share("chance", chance)
    return (-expm1(log1p(-chance) / bands) if chance < 1 else 1.0) ** (1 / rows)


def recall_table(bands: int = 14, rows: int = 8, *, steps: int = 20) -> list[tuple[float, float]]:
    """(similarity, expected recall) at `steps` equal steps from 0 to 1, both ends included.

    >>> for similarity, recall in recall_table(steps=10)[5:]:
    ...     print(f"{similarity:.1f} {recall:.4f}")
    0.5 0.0533
    0.6 0.2111
    0.7 0.5645
    0.8 0.9235
    0.9 0.9996
    1.0 1.0000
    """
    return [(step / steps, probability(step / steps, bands, rows)) for step in range(steps + 1)]


def false_matches(documents: int, bands: int = 14) -> float:
    """Pairs of documents that a 64-bit band key is expected to join by accident: bands * n(n-1)/2 / 2^64.

    >>> round(false_matches(200_000_000), 4)
    0.0152
    """
    return bands * documents * (documents - 1) / 2 / 2**64


def expected_recall(
    pairs: Iterable[tuple[float, float]], bands: int = 14, rows: int = 8, *, least: float = 0.0
) -> float:
    """The expected share of pairs of similarity `least` or more that are found; NaN where there are none.

    `pairs` are (similarity, how many such pairs), a histogram or single pairs counted once.

    >>> measured = [(0.3, 1e6), (0.7, 100), (0.8, 50), (0.95, 850)]
    >>> round(expected_recall(measured, least=0.7), 4)
    0.9526
    """
    wanted = [(similarity, count) for similarity, count in pairs if similarity >= least]
    total = sum(count for _, count in wanted)
    return sum(count * probability(similarity, bands, rows) for similarity, count in wanted) / total if total else nan


def found_below(bound: float, pairs: Iterable[tuple[float, float]], bands: int = 14, rows: int = 8) -> float:
    """How many pairs less similar than `bound` are expected to be found all the same.

    `pairs` as for `expected_recall`. Pairs of little similarity are so many that they can outnumber the near-duplicates:

    >>> round(found_below(0.7, [(0.3, 1e6), (0.6, 1000), (0.8, 50)]))
    1129
    """
    return sum(count * probability(similarity, bands, rows) for similarity, count in pairs if similarity < bound)


class Cut(NamedTuple):
    """How a signature is cut, and what it takes to keep."""

    bands: int
    rows: int
    bytes: int


def bytes_kept(bands: int, rows: int, bits: int = 0) -> int:
    """Bytes of a document's keys, 8 a band, and of `bits` of each value, kept to estimate similarities by.

    >>> bytes_kept(14, 8), bytes_kept(14, 8, bits=8)
    (112, 224)
    """
    return 8 * bands + ceil(bands * rows * bits / 8)


def choose(similarity: float, recall: float, *, most_bytes: int, bits: int = 0, functions: int = 1024) -> Cut:
    """The shape that finds pairs of `similarity` with a chance of at least `recall` and the fewest less similar ones.

    For each number of rows there is a least number of bands, ceil(log(1 - recall) / log(1 - s^r)); of those that fit into
    `most_bytes` a document (see `bytes_kept`) and `functions` values, which are what signing costs, it is the one with the least
    area under its curve left of `similarity`. ValueError where none fits.

    >>> choose(0.8, 0.92, most_bytes=112)
    Cut(bands=14, rows=8, bytes=112)
    >>> choose(0.8, 0.99, most_bytes=1024, bits=8)
    Cut(bands=52, rows=11, bytes=988)
    """
    _check_share("similarity", similarity)
    _check_share("recall", recall)
    if similarity == 0 or recall == 1 > similarity:
        raise ValueError(f"no bands find all pairs of similarity {similarity} with a chance of {recall}")
    shapes = (_least_shape(similarity, recall, rows, bits) for rows in range(1, functions + 1))
    fitting = [one for one in shapes if one and one.bands * one.rows <= functions and one.bytes <= most_bytes]
    if not fitting:
        raise ValueError(
            f"a recall of {recall} at {similarity} does not fit into {most_bytes} bytes and {functions} functions"
        )
    return min(fitting, key=lambda shape: (_area(similarity, shape), shape))


def _area(similarity: float, shape: Cut, steps: int = 256) -> float:
    return sum(probability(similarity * (step + 0.5) / steps, shape.bands, shape.rows) for step in range(steps))


def _least_shape(similarity: float, recall: float, rows: int, bits: int) -> Cut | None:
    bands = _bands_for(similarity**rows, recall)
    return Cut(bands, rows, bytes_kept(bands, rows, bits)) if bands else None


def _bands_for(band: float, recall: float) -> int | None:
    """The fewest bands, each equal with the chance `band`, of which one is with at least `recall`; None where too many."""
    if band == 1:
        return 1
    bands = ceil(min(log1p(-recall) / log1p(-band), MOST_BANDS)) if band else MOST_BANDS
    bands = max(bands, 1)
    bands += -expm1(bands * log1p(-band)) < recall  # the quotient may have been rounded down
    return bands if bands < MOST_BANDS else None


def standard_error(similarity: float, values: int, bits: int = 64) -> float:
    """The standard deviation of a similarity estimated from `values` minima of which `bits` each are kept.

    The lowest bits of different minima are equal with probability 2^-bits, so a share p = s + (1 - s) / 2^bits is, and the
    estimate (p - 2^-bits) / (1 - 2^-bits) has this error (Li, Koenig 2010, "b-Bit Minwise Hashing", for sets that are
    small against all possible shingles).

    >>> [round(standard_error(0.8, 112, bits), 3) for bits in (1, 2, 8, 64)]
    [0.057, 0.045, 0.038, 0.038]
    """
    _check_share("similarity", similarity)
    if values < 1 or bits < 1:
        raise ValueError(f"{values} values of {bits} bits: both must be at least 1")
    accident = 2.0**-bits
    equal = similarity + (1 - similarity) * accident
    return sqrt(equal * (1 - equal) / values) / (1 - accident)
