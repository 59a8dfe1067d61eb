"""How often a page should be seen in training, by how many near-duplicates it stands for."""

from bisect import bisect_right
from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar

from pipeline.errors import RecipeError

FINEWEB2 = ((1, 1), (2, 2), (3, 3), (5, 5), (100, 8), (1000, 1))


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehydration:
    """Weights by size of the cluster: that of the greatest bound which the size reaches.

    `weights` are pairs of a size and the weight from there on, as of FineWeb2's README: a page of a cluster of 4 counts 3
    times, of one of 1,000 or more once, as what is everywhere is seldom good. RecipeError where they do not begin at 1 and
    go up, or a weight is negative.
    """

    name: ClassVar[str] = "rehydration"
    version: ClassVar[int] = 1

    weights: tuple[tuple[int, int], ...] = FINEWEB2

    def __post_init__(self) -> None:
        sizes = [size for size, _ in self.weights]
        if not sizes or sizes[0] != 1 or any(one >= other for one, other in pairwise(sizes)):
            raise RecipeError(f"rehydration: sizes {', '.join(map(str, sizes))} do not begin at 1 and go up")
        if min(weight for _, weight in self.weights) < 0:
            raise RecipeError("rehydration: a weight is negative")

    def weight(self, size: int) -> int:
        """The weight of the page that stays of a cluster of `size` documents, itself included; ValueError below 1."""
        if size < 1:
            raise ValueError(f"a cluster of {size} documents")
        place = bisect_right(self.weights, size, key=lambda pair: pair[0])
        return self.weights[place - 1][1]
