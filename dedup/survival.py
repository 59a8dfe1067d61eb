"""Rules of survival: which documents of a cluster of near-duplicates stay.

A rule is a value that travels beside `MinHash` through the steps of the deduplication. Both rules go by a declared, total
order of documents: the names of `ORDERS` one after the other, and last the number of the document.
"""

from dataclasses import dataclass, replace
from typing import ClassVar

from dedup.bbit import BITS
from pipeline.errors import RecipeError

# What a place in the order can depend on, and whether the greatest comes first.
ORDERS = {"release": False, "score": True, "text_chars": True, "date": False, "record_id": False}
DEFAULT_ORDER = ("text_chars", "date", "record_id")


@dataclass(frozen=True, slots=True, kw_only=True)
class Components:
    """Of each connected component of documents that share a band, the first of the order stays, as in datatrove.

    A chain of pages that resemble their neighbours is one component, so a page may go without one like it that stays.
    `order`: `release` (the earlier), `score` (the higher), `text_chars` (the longer), `date` (the earlier, unknown dates
    last), `record_id` (the smaller by code points); RecipeError for another name, or one twice.
    """

    name: ClassVar[str] = "components"
    version: ClassVar[int] = 1

    order: tuple[str, ...] = DEFAULT_ORDER

    def __post_init__(self) -> None:
        _check_order(self.name, self.order)


@dataclass(frozen=True, slots=True, kw_only=True)
class Star:
    """In the order, a document goes if one that stays shares a band with it and is similar enough; else it stays.

    It goes for the most similar of those that stay, the earliest of equals; of each band's key the first 1,000 that stay are
    looked at. So every document that goes has a near-duplicate that stays, and what the first documents of the order say
    does not depend on those behind them.

    `similarity` is the least Jaccard similarity, estimated from the lowest `bits` bits of each value of the signatures.
    With `read_text`, the texts of pairs whose estimate is within `errors` standard errors of the bound are read and their
    similarity is computed. RecipeError for a value that cannot be.
    """

    name: ClassVar[str] = "star"
    version: ClassVar[int] = 2

    similarity: float = 0.5
    bits: int = 8
    read_text: bool = False
    errors: float = 2.0
    order: tuple[str, ...] = DEFAULT_ORDER

    def __post_init__(self) -> None:
        _check_order(self.name, self.order)
        if not 0 < self.similarity <= 1:
            raise RecipeError(f"star: similarity {self.similarity} is not above 0 and at most 1")
        if self.bits not in BITS:
            raise RecipeError(f"star: {self.bits} bits of each value; take one of {', '.join(map(str, BITS))}")
        if not 0 <= self.errors < float("inf"):
            raise RecipeError(f"star: {self.errors} standard errors must be a number of at least 0")


Survival = Components | Star


def release_first(rule: Survival) -> Survival:
    """The rule where documents of earlier releases come before all others, whatever its order says."""
    return replace(rule, order=("release", *(name for name in rule.order if name != "release")))


def _check_order(rule: str, order: tuple[str, ...]) -> None:
    if unknown := [name for name in order if name not in ORDERS]:
        raise RecipeError(f"{rule}: order {', '.join(unknown)} is none of {', '.join(ORDERS)}")
    if len(set(order)) != len(order):
        raise RecipeError(f"{rule}: order {', '.join(order)} names one twice")
