"""What bands and rows promise: the chance that two documents of a given similarity are found to be duplicates.

A MinHash value of two documents is equal with probability `s`, their Jaccard similarity (Broder 1997). A band of `r`
values is equal with probability s^r, and at least one of `b` independent bands is with 1 - (1 - s^r)^b (Leskovec,
Rajaraman, Ullman, "Mining of Massive Datasets", section 3.4.2): an S-curve that is steepest near (1/b)^(1/r).
"""

from math import expm1, inf, isnan, log1p


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
