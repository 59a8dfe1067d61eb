"""What a deduplication found of what was planted, told from which documents it removed."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

BINS = 10  # of similarity, from 0 to 1
NEAR = 0.5  # what counts as a near-duplicate

Removed = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bin:
    """Planted pairs of similarities from `low` on, and how many of them were found."""

    low: float
    pairs: int
    found: int
    expected: float
    deviation: float  # of the count, in standard deviations of the binomial distributions that make it up


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What `removed` documents say.

    `recall` counts pairs of a similarity of at least 0.5, `bins` all; both look at clusters of two documents, of which one is
    removed if and only if the pair was found. `precision` is the share of removed documents with a planted near-duplicate,
    `covered` of those with one that stays.
    """

    removed: int
    recall: float
    precision: float
    covered: float
    bins: tuple[Bin, ...]


def judge(pairs: pa.Table, removed: Removed, *, bands: int = 14, rows: int = 8) -> Judgement:
    """Compares the documents `removed`, by number, with the planted `pairs`."""
    frame = pl.DataFrame(pl.from_arrow(pairs))
    two = frame.filter(pl.col("size") == 2)
    similar = two["jaccard"].to_numpy()
    found = removed[two["a"].to_numpy()] | removed[two["b"].to_numpy()]
    count = int(np.count_nonzero(removed))
    near = frame.filter(pl.col("jaccard") >= NEAR)
    return Judgement(
        removed=count,
        recall=_share(int(np.count_nonzero(found[similar >= NEAR])), int(np.count_nonzero(similar >= NEAR))),
        precision=_share(_with(near, removed, np.ones(removed.size, np.bool_)), count),
        covered=_share(_with(near, removed, ~removed), count),
        bins=recall_bins(similar, found, bands=bands, rows=rows),
    )


def recall_bins(
    similar: npt.NDArray[np.float64], found: npt.NDArray[np.bool_], *, bands: int, rows: int
) -> tuple[Bin, ...]:
    """How many pairs of each range of similarity were found, beside what 1 - (1 - s^rows)^bands expects."""
    chance = 1 - (1 - similar**rows) ** bands
    place = np.minimum((similar * BINS).astype(np.int64), BINS - 1)
    bins: list[Bin] = []
    for number in np.unique(place).tolist():
        here = place == number
        expected, spread = float(chance[here].sum()), float((chance[here] * (1 - chance[here])).sum())
        count = int(np.count_nonzero(found[here]))
        deviation = (count - expected) / spread**0.5 if spread > 0.25 else count - expected
        pairs = int(np.count_nonzero(here))
        bins.append(Bin(low=number / BINS, pairs=pairs, found=count, expected=expected, deviation=deviation))
    return tuple(bins)


def _with(near: pl.DataFrame, removed: Removed, wanted: Removed) -> int:
    """How many removed documents have a near-duplicate among those `wanted`."""
    a, b = near["a"].to_numpy(), near["b"].to_numpy()
    has = np.zeros(removed.size, np.bool_)
    has[a[wanted[b]]] = True
    has[b[wanted[a]]] = True
    return int(np.count_nonzero(has & removed))


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 1.0
