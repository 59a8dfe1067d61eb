"""Linear heads over fixed vectors: logistic regression by Newton's method, ridge regression in closed form, both with L2.

Vectors are put to mean 0 and variance 1 before, and the head is folded back to take them as they are, so one list of penalties
fits all. Sums run in a fixed order: the same rows give the same head.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Folds = npt.NDArray[np.int64]

PENALTIES = (1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0)
"""Each is half of what the squared length of a head costs, where the mean loss of a row costs itself."""
FOLDS = 5
_STEPS, _ENOUGH = 100, 1e-9
_SMALLEST = 1e-12


@dataclass(frozen=True, slots=True)
class Head:
    """`vectors @ weight + bias`, with the penalty that was chosen and what each cost rows that it was not fitted to."""

    weight: Floats
    bias: float
    penalty: float
    losses: dict[float, float]

    def of(self, vectors: Floats) -> Floats:
        """The logit, or number, of each row."""
        return vectors @ self.weight + self.bias


def fit_head(vectors: Floats, labels: Floats, weights: Floats, folds: Folds, *, logistic: bool) -> Head:
    """The head with the penalty that costs least over rows of each of `folds` when it is fitted to all others.

    `weights` say what each row counts. Of penalties that cost the same the largest is taken.
    """
    centre, scale = vectors.mean(axis=0), vectors.std(axis=0)
    scale[scale < _SMALLEST] = 1.0
    x = np.hstack([(vectors - centre) / scale, np.ones((len(vectors), 1))])
    fit, loss = (_logistic, _log_loss) if logistic else (_ridge, _squares)
    losses = dict.fromkeys(PENALTIES, 0.0)
    for fold in np.unique(folds):
        inside, outside = folds != fold, folds == fold
        if logistic and len(np.unique(labels[inside])) < 2:
            continue
        for penalty in PENALTIES:
            found = fit(x[inside], labels[inside], weights[inside], penalty)
            losses[penalty] += float(loss(x[outside] @ found, labels[outside]) @ weights[outside])
    penalty = min(reversed(PENALTIES), key=losses.__getitem__)
    found = fit(x, labels, weights, penalty)
    weight = found[:-1] / scale
    whole = float(weights.sum())
    return Head(
        weight, float(found[-1] - centre @ weight), penalty, {each: cost / whole for each, cost in losses.items()}
    )


def _ridge(x: Floats, labels: Floats, weights: Floats, penalty: float) -> Floats:
    weighted = x.T * (weights / weights.sum())
    return np.linalg.solve(weighted @ x + _penalties(x, penalty), weighted @ labels)


def _penalties(x: Floats, penalty: float) -> Floats:
    return np.diag([*[penalty] * (x.shape[1] - 1), _SMALLEST])  # the bias goes free


def _logistic(x: Floats, labels: Floats, weights: Floats, penalty: float) -> Floats:
    """Newton's steps, each halved until it costs less: what is minimised is convex, so there is one answer."""
    share, ridge = weights / weights.sum(), _penalties(x, penalty)
    head = np.zeros(x.shape[1])

    def cost(at: Floats) -> float:
        return float(_log_loss(x @ at, labels) @ share + at @ ridge @ at / 2)

    now = cost(head)
    for _ in range(_STEPS):
        chance = _logistic_of(x @ head)
        slope = x.T @ (share * (chance - labels)) + ridge @ head
        curve = (x.T * (share * chance * (1 - chance))) @ x + ridge
        step, size = np.linalg.solve(curve, slope), 1.0
        while (then := cost(head - size * step)) > now and size > _SMALLEST:
            size /= 2
        if now - then < _ENOUGH:
            return head
        head, now = head - size * step, then
    return head


def _logistic_of(logits: Floats) -> Floats:
    small = np.exp(-np.abs(logits))
    return np.where(logits >= 0, 1, small) / (1 + small)


def _log_loss(logits: Floats, labels: Floats) -> Floats:
    return np.logaddexp(0, logits) - labels * logits


def _squares(numbers: Floats, labels: Floats) -> Floats:
    return (numbers - labels) ** 2
