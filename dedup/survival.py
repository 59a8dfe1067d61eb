"""Rules of survival: which documents of a cluster of near-duplicates stay.

A rule is a value that travels beside `MinHash` through the steps of the deduplication. Both rules go by a declared, total
order of documents: the names of `ORDERS` one after the other, and last the number of the document.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar

from dedup.bbit import BITS
from pipeline.errors import RecipeError
from pipeline.identity import IDENTITY_IF_CHANGED

# What a place in the order can depend on, and whether the greatest comes first.
ORDERS = {"release": False, "score": True, "text_chars": True, "date": False, "record_id": False}
DEFAULT_ORDER = ("text_chars", "date", "record_id")


@dataclass(frozen=True, slots=True, kw_only=True)
class Components:
    """Of each connected component of documents that share a band, the first of the order stays, as in datatrove.

    A chain of pages that resemble their neighbours is one component, so a page may go without one like it that stays.
    `order`: `release` (the earlier), `score` (the higher), `text_chars` (the longer), `date` (the earlier, unknown dates
    last), `record_id` (the smaller by code points); RecipeError for another name, or one twice.

    `score` names the column that says the score, where the order has one: a number, and a document without comes last.
    """

    name: ClassVar[str] = "components"
    version: ClassVar[int] = 1

    order: tuple[str, ...] = DEFAULT_ORDER
    score: str | None = field(default=None, metadata=IDENTITY_IF_CHANGED)

    def __post_init__(self) -> None:
        _check_order(self.name, self.order, self.score)


@dataclass(frozen=True, slots=True, kw_only=True)
class Star:
    """In the order, a document goes if one that stays shares a band with it and is similar enough; else it stays.

    It goes for the most similar of those that stay, the earliest of equals; of each band's key the first 1,000 that stay are
    looked at. So every document that goes has a near-duplicate that stays, and what the first documents of the order say
    does not depend on those behind them.

    `similarity` is the least Jaccard similarity, estimated from the lowest `bits` bits of each value of the signatures.
    With `read_text`, the texts of pairs whose estimate is within `errors` standard errors of the bound are read and their
    similarity is computed. `order` and `score` are as in `Components`. RecipeError for a value that cannot be.
    """

    name: ClassVar[str] = "star"
    version: ClassVar[int] = 2

    similarity: float = 0.5
    bits: int = 8
    read_text: bool = False
    errors: float = 2.0
    order: tuple[str, ...] = DEFAULT_ORDER
    score: str | None = field(default=None, metadata=IDENTITY_IF_CHANGED)

    def __post_init__(self) -> None:
        _check_order(self.name, self.order, self.score)
        if not 0 < self.similarity <= 1:
            raise RecipeError(f"star: similarity {self.similarity} is not above 0 and at most 1")
        if self.bits not in BITS:
            raise RecipeError(f"star: {self.bits} bits of each value; take one of {', '.join(map(str, BITS))}")
        if not 0 <= self.errors < float("inf"):
            raise RecipeError(f"star: {self.errors} standard errors must be a number of at least 0")


Survival = Components | Star


def release_first(rule: Survival) -> Survival:
    """The rule where documents of earlier releases come before all others, whatever its order says."""
    return replace(rule, order=("release", *columns_of(rule.order)))


def columns_of(order: Sequence[str]) -> tuple[str, ...]:
    """The names of an order that stand for columns: all but `release`, which a document's number says."""
    return tuple(name for name in order if name != "release")


def _check_order(rule: str, order: tuple[str, ...], score: str | None) -> None:
    if unknown := [name for name in order if name not in ORDERS]:
        raise RecipeError(f"{rule}: order {', '.join(unknown)} is none of {', '.join(ORDERS)}")
    if len(set(order)) != len(order):
        raise RecipeError(f"{rule}: order {', '.join(order)} names one twice")
    if "score" in order and not score:
        raise RecipeError(f"{rule}: order {', '.join(order)} names a score; name its column: score=…")
    if score and "score" not in order:
        raise RecipeError(f"{rule}: score={score!r}, but order {', '.join(order)} does not name score")
