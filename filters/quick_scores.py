"""What fastText's library answers for a line of text, to the last bit, in two thirds of its time.

Each sum is taken in the library's order and in its float types. The tree over the labels is first walked in double precision, all
of it at once; the few labels that may be the likeliest are then walked as the library does it, with the C library's functions.
"""

import ctypes
import math
import sys
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from filters.compressed_model import CompressedModel, Floats
from filters.word_rows import Numbers, WordRows

_Path = tuple[tuple[int, int], ...]  # from the root down: the number of an inner node, and 1 where the way goes right

_UNBUILT = 10**15  # what the library counts for a node before it is built
_NEAR = 0.01  # how far double and single precision differ at most (1e-4) for a label that is as likely as the average


class QuickScores:
    """Answers None where the library is to be asked: nothing was found, labels tie, a line is long or has a label in it."""

    def __init__(self, model: CompressedModel) -> None:
        self._words = WordRows(model)
        self._rows = model.rows
        self._labels = [label.decode() for label in model.labels]
        self._numbers = {label: number for number, label in enumerate(self._labels)}
        self._paths = _paths(model.label_counts)
        self._below = _below(self._paths)
        self._output = np.ascontiguousarray(model.output[: len(self._labels) - 1].T)
        self._exp = _exponential()

    def likeliest(self, line: str) -> tuple[str, float] | None:
        """The likeliest label of a line, and its score. Lines end at the first newline, as those of the other two."""
        rows = self._words.of_line(line)
        if rows is None:
            return None
        dots = self._dots(rows)
        about = self._below @ _logarithms(dots)
        likely = np.nonzero(about > about.max() - _NEAR)[0].tolist()
        found = sorted(_Walk(dots, self._exp).to_each(self._paths, likely), reverse=True)
        if not found or (len(found) > 1 and found[0][0] == found[1][0]):
            return None
        return self._labels[found[0][1]], self._exp(found[0][0])

    def ranked(self, line: str) -> list[tuple[str, float]] | None:
        """All labels that have a score, the likeliest first."""
        found = sorted(self._found(line, range(len(self._labels))), reverse=True)
        if not found or any(one[0] == other[0] for one, other in pairwise(found)):
            return None
        return [(self._labels[label], self._exp(score)) for score, label in found]

    def scores(self, line: str, labels: Iterable[str]) -> dict[str, float] | None:
        """The scores of those of `labels` that have one."""
        numbers = [self._numbers[label] for label in labels if label in self._numbers]
        found = self._found(line, numbers)
        return {self._labels[label]: self._exp(score) for score, label in found} if found else None

    def _found(self, line: str, labels: Iterable[int]) -> list[tuple[float, int]]:
        """The logarithms of the scores of those of `labels` that have one."""
        rows = self._words.of_line(line)
        return [] if rows is None else _Walk(self._dots(rows), self._exp).to_each(self._paths, labels)

    def _dots(self, rows: Numbers) -> Floats:
        """What the line's vector, the mean of some rows, gives with each inner node's."""
        hidden = np.add.reduce(self._rows.take(rows, axis=0), axis=0)  # along rows: one after another
        hidden *= np.float32(1.0 / len(rows))
        return np.add.reduce(self._output * hidden[:, None], axis=0)


class _Walk:
    """The library's way down the tree, in single precision."""

    def __init__(self, dots: Floats, exponential: Callable[[float], float]) -> None:
        self._dots, self._exp = dots, exponential
        self._shares: dict[int, tuple[np.float32, np.float32]] = {}

    def to_each(self, paths: Sequence[_Path], labels: Iterable[int]) -> list[tuple[float, int]]:
        """The logarithms of the scores of those of `labels` that have one, and the label."""
        walked = ((self._to(paths[label]), label) for label in labels)
        return [(score, label) for score, label in walked if score is not None]

    def _to(self, path: _Path) -> float | None:
        """The logarithm of the score at the path's end; None where a node on it is too unlikely to be entered."""
        score = np.float32(0)
        for node, side in path:
            score += self._logarithms(node)[side]
            if score < _LOWEST:
                return None
        return float(score)

    def _logarithms(self, node: int) -> tuple[np.float32, np.float32]:
        """Of the shares of the left and the right of two nodes."""
        known = self._shares.get(node)
        if known is None:
            right = np.float32(1.0 / float(np.float32(1) + np.float32(self._exp(-float(self._dots[node])))))
            known = _logarithm(np.float32(1.0 - float(right))), _logarithm(right)
            self._shares[node] = known
        return known


def _logarithm(share: np.float32) -> np.float32:
    """Of a float a little above it, taken in double precision."""
    return np.float32(math.log(float(share) + 1e-5))


_LOWEST = _logarithm(np.float32(0))


def _logarithms(dots: Floats) -> npt.NDArray[np.float64]:
    """About the logarithms of the shares of the left nodes, then of the right ones."""
    right = 1.0 / (1.0 + np.exp(-dots.astype(np.float64)))
    return np.log(np.concatenate([1.0 - right, right]) + 1e-5)


@cache
def _exponential() -> Callable[[float], float]:
    """The C library's `expf`, which is what the library calls. AttributeError or OSError where it is not to be found."""
    library = ctypes.CDLL("libm.so.6" if sys.platform == "linux" else None)
    function = library.expf
    function.argtypes, function.restype = [ctypes.c_float], ctypes.c_float
    return function


def _below(paths: Sequence[_Path]) -> npt.NDArray[np.float64]:
    """Which shares a label's score is the product of: shape (labels, 2 x inner nodes), left ones first."""
    inner = len(paths) - 1
    below = np.zeros((len(paths), 2 * inner))
    for label, path in enumerate(paths):
        below[label, [node + side * inner for node, side in path]] = 1
    return below


def _paths(counts: Sequence[int]) -> list[_Path]:
    """The way to each label."""
    labels = len(counts)
    paths: dict[int, _Path] = {2 * labels - 2: ()}
    for node, children in reversed(list(enumerate(_huffman(counts)))):
        for side, child in enumerate(children):
            paths[child] = (*paths[labels + node], (node, side))
    return [paths[label] for label in range(labels)]


def _huffman(counts: Sequence[int]) -> list[tuple[int, int]]:
    """The two nodes below each inner node. Labels are nodes too, and the root is the last of all."""
    labels = len(counts)
    sums = [*counts, *[_UNBUILT] * (labels - 1)]
    below: list[tuple[int, int]] = []
    leaf, node = labels - 1, labels
    for built in range(labels, 2 * labels - 1):
        chosen: list[int] = []
        for _ in range(2):
            if leaf >= 0 and sums[leaf] < sums[node]:
                chosen.append(leaf)
                leaf -= 1
            else:
                chosen.append(node)
                node += 1
        below.append((chosen[0], chosen[1]))
        sums[built] = sums[chosen[0]] + sums[chosen[1]]
    return below
