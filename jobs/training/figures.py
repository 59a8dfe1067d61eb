"""What a model reaches on rows that it has not seen: how it ranks, how true its numbers are, and whether it likes long pages."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Truth = npt.NDArray[np.bool_]

BINS = 10
CURVE_POINTS = 200


@dataclass(frozen=True, slots=True)
class Confusion:
    """Counts at a bound: a page is called good from `bound` on."""

    bound: float
    true_good: int
    false_good: int
    false_bad: int
    true_bad: int

    @property
    def precision(self) -> float:
        """Of those called good, the share that is; 0 where none is called so."""
        return _share(self.true_good, self.true_good + self.false_good)

    @property
    def recall(self) -> float:
        """Of those that are good, the share that is called so."""
        return _share(self.true_good, self.true_good + self.false_bad)

    @property
    def f1(self) -> float:
        """The harmonic mean of both."""
        return _share(2 * self.true_good, 2 * self.true_good + self.false_good + self.false_bad)


@dataclass(frozen=True, slots=True)
class Bin:
    """Pages whose score is from `low` to `high`: how many, their mean score, and their mean label."""

    low: float
    high: float
    pages: int
    score: float
    label: float


def _share(part: float, whole: float) -> float:
    return float(part / whole) if whole else 0.0


def ranks(values: Floats) -> Floats:
    """1 for the smallest; equal values share the mean of their ranks."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    return (ends - (counts - 1) / 2)[inverse]


def roc_auc(scores: Floats, good: Truth) -> float:
    """The chance that a good page scores above another, ties half (Mann and Whitney 1947); NaN where one kind is missing."""
    positives, negatives = int(good.sum()), int((~good).sum())
    if not positives or not negatives:
        return float("nan")
    return float((ranks(scores)[good].sum() - positives * (positives + 1) / 2) / (positives * negatives))


def curve(scores: Floats, good: Truth) -> tuple[Floats, Floats, Floats]:
    """Bounds from the highest score down, with precision and recall at each; equal scores are one bound."""
    order = np.argsort(-scores, kind="stable")
    last = np.flatnonzero(np.append(np.diff(scores[order]) != 0, True))
    hits = np.cumsum(good[order])[last]
    return scores[order][last], hits / (last + 1), hits / max(1, int(good.sum()))


def average_precision(scores: Floats, good: Truth) -> float:
    """Precision at each bound, by how much recall it adds; no interpolation."""
    _, precision, recall = curve(scores, good)
    return float(np.diff(recall, prepend=0.0) @ precision)


def confusion(scores: Floats, good: Truth, bound: float) -> Confusion:
    """What a bound tells right and wrong."""
    called = scores >= bound
    counts = [int((called & good).sum()), int((called & ~good).sum()), int((~called & good).sum())]
    return Confusion(float(bound), counts[0], counts[1], counts[2], len(scores) - sum(counts))


def best_bound(scores: Floats, good: Truth) -> float:
    """The bound with the highest F1, of several the highest."""
    bounds, precision, recall = curve(scores, good)
    f1 = 2 * precision * recall / np.maximum(precision + recall, 1e-12)
    return float(bounds[int(np.argmax(f1))])


def reliability(scores: Floats, labels: Floats, low: float, high: float) -> list[Bin]:
    """Pages in `BINS` of equal width from `low` to `high`, those beyond in the outermost; bins without a page are left out."""
    width = (high - low) / BINS or 1.0
    place = np.clip(((scores - low) / width).astype(np.int64), 0, BINS - 1)
    return [
        Bin(
            low + each * width,
            low + (each + 1) * width,
            int(there.sum()),
            float(scores[there].mean()),
            float(labels[there].mean()),
        )
        for each in range(BINS)
        if (there := place == each).any()
    ]


def calibration_error(bins: Sequence[Bin]) -> float:
    """How far mean label and mean score are apart, by the pages of each bin (ECE, Guo et al. 2017)."""
    return _share(sum(each.pages * abs(each.score - each.label) for each in bins), sum(each.pages for each in bins))


def correlation(one: Floats, other: Floats) -> float:
    """Pearson's; NaN where one does not vary."""
    a, b = one - one.mean(), other - other.mean()
    length = float(np.sqrt((a @ a) * (b @ b)))
    return float(a @ b) / length if length > 0 else float("nan")


def spearman(one: Floats, other: Floats) -> float:
    """Correlation of ranks."""
    return correlation(ranks(one), ranks(other))


def length_terciles(scores: Floats, good: Truth, lengths: Floats) -> list[dict[str, Any]]:
    """ROC AUC among short, middling and long pages alone: what is left of it if length is no help."""
    order = np.argsort(lengths, kind="stable")
    told: list[dict[str, Any]] = []
    for name, rows in zip(("short", "middling", "long"), np.array_split(order, 3), strict=True):
        told.append(
            {
                "pages": len(rows),
                "chars": [int(lengths[rows].min()), int(lengths[rows].max())] if len(rows) else [],
                "good": int(good[rows].sum()),
                "roc_auc": roc_auc(scores[rows], good[rows]),
                "name": name,
            }
        )
    return told
