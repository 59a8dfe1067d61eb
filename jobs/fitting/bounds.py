"""Where a bound of English lies in another language, by the methods that the FineWeb2 paper compares.

Penedo et al., FineWeb2: One Pipeline to Scale Them All (arXiv 2506.20920). A bound is fitted to the distribution of its signal in
reference text: `tail` drops a fixed share of the reference (its 10Tail), `quantile` the share of the language's reference that
English's bound drops of an English one, `mean-std` lies as many standard deviations from the mean as English's bound does.
"""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[np.float64]

METHODS = ("tail", "quantile", "mean-std")
LEAST_SCORE, MOST_SCORE = 0.3, 0.9  # FineWeb2 clips the bound of the language score to these
STOP_WORD_SHARE, LEAST_STOP_WORDS = 0.008, 8  # of all words; Gopher's English list has eight, too


@dataclass(frozen=True, slots=True)
class Bound:
    """A bound to fit: pages on the failing side of it are dropped; `most` is the largest value that makes sense."""

    name: str
    signal: str
    side: Literal["below", "above"]
    english: float
    whole: bool = False  # rounded to a whole number, as FineWeb2 publishes word lengths
    most: float = 1.0


@dataclass(frozen=True, slots=True)
class Fitted:
    """A bound that was chosen, and why: what it drops of the reference, and what English's would."""

    bound: Bound
    value: float
    dropped: float
    english_would_drop: float


def dropped_share(values: Values, bound: Bound, at: float) -> float:
    """The share of pages that the bound at `at` drops."""
    failing = values < at if bound.side == "below" else values > at
    return float(failing.mean())


def fit(bound: Bound, method: str, values: Values, *, tail: float, english: Values | None) -> Fitted:
    """The bound for a language whose reference pages have `values`; `english`, which `tail` needs not, an English reference's.

    By `tail` and `quantile` no larger share than theirs is dropped, and rounding is to the lenient side. Where that tells
    nothing, because the bound would lie at the edge of this very reference or at 0, which allows no repetition at all, English's
    stays if it is the more lenient one.
    """
    if method == "mean-std" and english is not None:
        value = _rounded(bound, _as_far_from_the_mean(bound, values, english))
    else:
        share = tail if english is None or method == "tail" else dropped_share(english, bound, bound.english)
        value = _rounded(bound, _at_share(bound, values, share))
        if value == 0 or not dropped_share(values, bound, value):
            value = min(value, bound.english) if bound.side == "below" else max(value, bound.english)
    return Fitted(bound, value, dropped_share(values, bound, value), dropped_share(values, bound, bound.english))


def _at_share(bound: Bound, values: Values, share: float) -> float:
    if bound.side == "below":
        return float(np.quantile(values, share, method="lower"))
    return float(np.quantile(values, 1 - share, method="higher"))


def _as_far_from_the_mean(bound: Bound, values: Values, english: Values) -> float:
    spread = float(english.std())
    far = (bound.english - float(english.mean())) / spread if spread else 0.0
    return float(values.mean()) + far * float(values.std())


def _rounded(bound: Bound, value: float) -> float:
    scale = 1 if bound.whole else 1000
    scaled = round(value * scale, 6)  # 0.29 * 1000 is 289.99999999999994
    lenient = math.floor(scaled) if bound.side == "below" else math.ceil(scaled)
    return min(max(lenient / scale, 0.0), bound.most)


def score_bound(scores: Values) -> float:
    """FineWeb2's bound of the language score: median less standard deviation, from 0.3 to 0.9, to three decimals."""
    exact = float(np.median(scores)) - float(scores.std())
    return round(min(max(exact, LEAST_SCORE), MOST_SCORE), 3)


def stop_words(counts: dict[str, int], words: int) -> tuple[str, ...]:
    """Words with a letter that are more than 0.8 % of all `words`, at least eight, the commonest first."""
    ranked = sorted((-count, word) for word, count in counts.items() if any(map(str.isalpha, word)))
    enough = [word for count, word in ranked if -count > STOP_WORD_SHARE * words]
    return tuple(enough if len(enough) >= LEAST_STOP_WORDS else [word for _, word in ranked[:LEAST_STOP_WORDS]])
