"""Bars and histograms as inline SVG and HTML, without a script."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pipeline.inspection.frames import FATES, UNDECIDED
from pipeline.measures import Rule
from pipeline.report.markup import Markup, joined, tag

Values = npt.NDArray[np.float64]

WIDTH, HEIGHT, TOP, BASE = 300.0, 74.0, 14.0, 88.0  # of a histogram; its bars stand on BASE
BINS = 48
LOG_FROM = 50.0  # a signal without negative values that reaches this far is drawn on a logarithmic axis

NAMES = {
    "kept": "kept",
    "emptied": "nothing but repeated lines",
    "near_duplicate": "near-duplicates",
    "copy": "exact copies",
    "rule": "dropped by a rule",
    "gate": "stopped by a gate",
    "failed": "failed",
    UNDECIDED: UNDECIDED,
}


def colour(fate: str) -> str:
    """The class that paints a fate."""
    return "undecided" if fate == UNDECIDED else fate


def dot(fate: str) -> Markup:
    """A small square in the colour of a fate."""
    return tag("i", class_=f"dot {colour(fate)}")


def split_bar(counts: Mapping[str, int], whole: int, class_: str = "way") -> Markup:
    """One bar, divided by fate; a share too small to see is still a sliver."""
    order = [fate for fate in (*reversed(FATES), UNDECIDED) if counts.get(fate)]
    parts = [
        tag(
            "i",
            class_=colour(fate),
            style=f"width:{_percent(counts[fate], whole)}",
            title=f"{NAMES[fate]}: {counts[fate]:,}",
        )
        for fate in order
    ]
    return tag("div", parts, class_=class_)


def bar(count: int, most: int, fate: str) -> Markup:
    """A bar of a list."""
    return tag("i", class_=colour(fate), style=f"width:{_percent(count, most)}")


def _percent(count: float, whole: float) -> str:
    return f"{100 * count / whole if whole else 0:.2f}%"


@dataclass(frozen=True, slots=True)
class Axis:
    """Values from `low` to `high` on a line or, if `log`, on a logarithmic one; what lies beyond is put to the ends."""

    low: float
    high: float
    log: bool

    def at(self, value: float) -> float:
        """Where a value stands, 0 to 1."""
        scale: Callable[[float], float] = math.log1p if self.log else float
        low, high = scale(self.low), scale(self.high)
        return min(1.0, max(0.0, (scale(value) - low) / (high - low) if high > low else 0.5))

    def places(self, values: Values) -> Values:
        """`at` for many."""
        scaled = np.log1p(values) if self.log else values
        low, high = (math.log1p(end) if self.log else end for end in (self.low, self.high))
        return np.clip((scaled - low) / (high - low) if high > low else np.full(values.shape, 0.5), 0, 1)


def axis_of(values: Values, bounds: Sequence[float]) -> Axis:
    """From the least value to nearly the largest, and to every bound that is not far beyond."""
    low, top, most = float(values.min()), float(np.quantile(values, 0.995)), float(values.max())
    log = low >= 0 and most > LOG_FROM
    near = [bound for bound in bounds if not log or bound <= 4 * most]
    ends = [low, top, *near, *(1.08 * bound for bound in near)]
    return Axis(min(0.0 if low >= 0 and not log else low, *ends), max(ends), log)


def histogram(values: Values, kept: npt.NDArray[np.bool_], rules: Sequence[Rule]) -> Markup:
    """How many pages have which value, those kept in colour, with every bound and the side that fails.

    A column's height is the square root of its number: otherwise the few pages beyond a bound could not be seen.
    """
    bounds = [(rule.op, float(rule.value)) for rule in rules if isinstance(rule.value, int | float)]
    axis = axis_of(values, [bound for _, bound in bounds])
    places = np.minimum((axis.places(values) * BINS).astype(np.int64), BINS - 1)
    good = np.bincount(places[kept], minlength=BINS)
    bad = np.bincount(places[~kept], minlength=BINS)
    most = max(1, int((good + bad).max()))
    return tag(
        "svg",
        [_fails(axis, op, bound) for op, bound in bounds],
        [_column(number, int(good[number]), int(bad[number]), most) for number in range(BINS)],
        tag("line", x1=0, x2=WIDTH, y1=BASE, y2=BASE, class_="axis"),
        [_bound(axis, op, bound) for op, bound in bounds],
        tag("text", number_text(axis.low), x=0, y=BASE + 11),
        tag(
            "text",
            f"{number_text(axis.high)}{'+' if values.max() > axis.high else ''}",
            x=WIDTH,
            y=BASE + 11,
            text_anchor="end",
        ),
        viewBox=f"0 0 {WIDTH:g} {BASE + 14:g}",
        role="img",
    )


def _column(number: int, good: int, bad: int, most: int) -> Markup:
    step = WIDTH / BINS
    whole = HEIGHT * math.sqrt((good + bad) / most)
    heights = [whole * count / (good + bad) if count else 0.0 for count in (good, bad)]
    shapes: list[Markup] = []
    foot = BASE
    for height, class_ in zip(heights, ("kept", "dropped"), strict=True):
        foot -= height
        if height:
            shapes.append(
                tag(
                    "rect",
                    x=f"{number * step:.2f}",
                    y=f"{foot:.2f}",
                    width=f"{step - 0.6:.2f}",
                    height=f"{height:.2f}",
                    class_=class_,
                )
            )
    return joined(shapes)


def _fails(axis: Axis, op: str, bound: float) -> Markup | None:
    at = axis.at(bound) * WIDTH
    start, end = {"<": (0.0, at), "<=": (0.0, at), ">": (at, WIDTH), ">=": (at, WIDTH)}.get(op, (at, at))
    if end - start < 0.5:
        return None
    return tag("rect", x=f"{start:.2f}", y=TOP, width=f"{end - start:.2f}", height=f"{BASE - TOP:g}", class_="fails")


def _bound(axis: Axis, op: str, bound: float) -> Markup | None:
    if bound > axis.high or bound < axis.low:
        return None
    at = axis.at(bound) * WIDTH
    anchor = "start" if at < WIDTH * 0.15 else "end" if at > WIDTH * 0.85 else "middle"
    line = tag("line", x1=f"{at:.2f}", x2=f"{at:.2f}", y1=TOP - 2, y2=BASE, class_="bound")
    return joined(line, tag("text", f"{sign(op)} {number_text(bound)}", x=f"{at:.2f}", y=TOP - 5, text_anchor=anchor))


SIGNS = {"<=": "≤", ">=": "≥", "==": "="}


def sign(op: str) -> str:
    """An operator as people write it."""
    return SIGNS.get(op, op)


def number_text(value: float) -> str:
    """A number as an axis has it."""
    return f"{value:,.0f}" if abs(value) >= 100 or float(value).is_integer() else f"{value:.3g}"
