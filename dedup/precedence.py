"""Why one document stands before another in the order of survival."""

from collections.abc import Mapping, Sequence
from typing import Any

from dedup.survival import ORDERS

NUMBER = "document"
"""What decides between documents that are alike in all that the order names."""

_SOURCES = 1 << 16


def decided_by(first: Mapping[str, Any], other: Mapping[str, Any], order: Sequence[str]) -> str:
    """The name of `order` by which document `first` stands before `other`, `NUMBER` where all are equal.

    Each has its number as `document` and the columns that the order names. A document of an earlier release stays whatever the
    order says. ValueError where `first` does not stand before.
    """
    if _release(first) < _release(other) == _SOURCES - 1:
        return "release"
    for name in (*order, NUMBER):
        here, there = (_release(each) if name == "release" else each[name] for each in (first, other))
        if here == there:
            continue
        earlier = there is None or (here is not None and (here > there if ORDERS.get(name) else here < there))
        if not earlier:
            raise ValueError(f"document {first[NUMBER]} stands behind {other[NUMBER]} by {name}")
        return name
    raise ValueError(f"document {first[NUMBER]} is one document, not two")


def _release(document: Mapping[str, Any]) -> int:
    """Earlier releases have the sources 1, 2, …; the run itself, the last, has 0."""
    return ((int(document[NUMBER]) >> 48) + _SOURCES - 1) % _SOURCES
