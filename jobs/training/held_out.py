"""The report of held-out rows as one value, which the page, the model's card and `report.json` show alike."""

import math
from dataclasses import asdict
from typing import Any

import numpy as np

from jobs.training import figures
from jobs.training.figures import Floats

HALF = 0.5


def held_out_report(
    scores: Floats, labels: Floats, lengths: Floats, *, good_from: float, classes: bool
) -> dict[str, Any]:
    """Everything that is said of rows with these labels, text lengths in characters, and scores.

    A page is good whose label is `good_from` or more. `classes`: labels are 0 and 1 and scores probabilities; else scores
    estimate the label, and the middle bound is `good_from` in the place of 0.5.
    """
    good = labels >= good_from
    low, high = (0.0, 1.0) if classes else (float(labels.min()), float(labels.max()))
    bins = figures.reliability(scores, labels, low, high)
    bounds, precision, recall = figures.curve(scores, good)
    points = np.unique(np.linspace(0, len(bounds) - 1, min(len(bounds), figures.CURVE_POINTS)).astype(np.int64))
    told = {
        "rows": len(labels),
        "good": int(good.sum()),
        "good_from": good_from,
        "average_precision": figures.average_precision(scores, good),
        "roc_auc": figures.roc_auc(scores, good),
        "calibration": {"expected_error": figures.calibration_error(bins), "bins": [asdict(each) for each in bins]},
        "confusion": {
            "best_f1": _confusion(scores, good, figures.best_bound(scores, good)),
            "middle": _confusion(scores, good, HALF if classes else good_from),
        },
        "length": {
            "spearman_score": figures.spearman(scores, lengths),
            "spearman_label": figures.spearman(labels, lengths),
            "terciles": figures.length_terciles(scores, good, lengths),
        },
        "curve": [[float(side[place]) for side in (bounds, precision, recall)] for place in points],
    }
    told |= _brier(scores, labels) if classes else _regression(scores, labels)
    return _finite(told)


def _confusion(scores: Floats, good: figures.Truth, bound: float) -> dict[str, Any]:
    found = figures.confusion(scores, good, bound)
    return asdict(found) | {"precision": found.precision, "recall": found.recall, "f1": found.f1}


def _brier(scores: Floats, labels: Floats) -> dict[str, float]:
    return {"brier": float(((scores - labels) ** 2).mean())}


def _regression(scores: Floats, labels: Floats) -> dict[str, float]:
    errors = scores - labels
    return {
        "root_mean_square_error": float(np.sqrt((errors**2).mean())),
        "mean_absolute_error": float(np.abs(errors).mean()),
        "pearson": figures.correlation(scores, labels),
        "spearman": figures.spearman(scores, labels),
    }


def _finite(value: Any) -> Any:
    """The same with None for what is no number, which JSON does not have."""
    if isinstance(value, dict):
        return {name: _finite(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_finite(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
