"""Batches of texts of like length, so that little is computed for padding: what goes together depends on lengths alone."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy as np
import numpy.typing as npt

Ids = npt.NDArray[np.int32]
Rows = npt.NDArray[np.int64]
Answer = TypeVar("Answer")

STEP = 8  # tokens: matrix units want widths that are multiples of it
_PARTS = 4  # bits: a width has at most 1/8 more than the text


@dataclass(frozen=True, slots=True)
class Batch:
    """Texts of one width: `rows` are their places, `ids` has a row of `width` token ids for each, of which `lengths` count.

    `ids` and `lengths` are arrays, or what a library makes of them.
    """

    rows: Rows
    ids: Any
    lengths: Any

    @property
    def width(self) -> int:
        """Tokens of each row, padding included."""
        return int(self.ids.shape[1])

    def halves(self) -> tuple["Batch", "Batch"]:
        """The same texts in two batches of the same width."""
        half = len(self.rows) // 2
        return (
            Batch(self.rows[:half], self.ids[:half], self.lengths[:half]),
            Batch(self.rows[half:], self.ids[half:], self.lengths[half:]),
        )


def widths(lengths: Rows, most: int) -> Rows:
    """What each length is padded to: a multiple of 8, at most an eighth more than the length plus 7, and at most `most`."""
    steps = np.maximum(STEP, 1 << np.maximum(0, _bits(lengths - 1) - _PARTS))
    return np.minimum(-(-lengths // steps) * steps, most)


def _bits(values: Rows) -> Rows:
    """The binary digits of each."""
    return np.frexp(values.astype(np.float64))[1].astype(np.int64)


def plan(lengths: Sequence[int] | Rows, budget: int, most: int) -> list[Rows]:
    """Which texts go together: each once, of one width, at most `budget` tokens with padding; the longest first.

    The longest first, so that what does not fit a device fails at once. A single text may be larger than the budget.
    """
    counted = np.asarray(lengths, np.int64)
    wide = widths(counted, most)
    order = np.argsort(-counted, kind="stable")  # within a width, those that need no padding come together too
    found: list[Rows] = []
    for width in np.unique(wide)[::-1]:
        rows = order[wide[order] == width]
        size = max(1, budget // int(width))
        found += [rows[first : first + size] for first in range(0, len(rows), size)]
    return found


def batches(texts: Sequence[Ids], budget: int, most: int, padding: int) -> Iterator[Batch]:
    """The token ids of texts as planned, filled up with `padding`."""
    lengths = np.fromiter(map(len, texts), np.int64, len(texts))
    for rows in plan(lengths, budget, most):
        width = int(widths(lengths[rows[:1]], most)[0])
        ids = np.full((len(rows), width), padding, np.int32)
        for place, row in enumerate(rows):
            ids[place, : lengths[row]] = texts[row]
        yield Batch(rows, ids, lengths[rows])


@dataclass(frozen=True, slots=True)
class Pieces(Generic[Answer]):
    """What a model answered for the rows of each batch, and how often one was cut because it did not fit."""

    answers: list[tuple[Rows, Answer]]
    smaller: int


def in_pieces(
    each: Sequence[Batch], forward: Callable[[Batch], Answer], made_room: Callable[[Exception], bool]
) -> Pieces[Answer]:
    """Runs the batches; one that does not fit is cut in halves, as often as it takes.

    `made_room` says of an error whether memory was short, after giving back what it can.

    Raises:
        Exception: what `forward` raised for another reason, or for a single text.
    """
    answers: list[tuple[Rows, Answer]] = []
    waiting, smaller = list(reversed(each)), 0
    while waiting:
        batch = waiting.pop()
        try:
            answers.append((batch.rows, forward(batch)))
        except Exception as error:
            if len(batch.rows) == 1 or not made_room(error):
                raise
            smaller += 1
            waiting += reversed(batch.halves())
    return Pieces(answers, smaller)
