"""Places that are taken out of a text, in characters of the text as it is stored: in order, none touching another."""

from collections.abc import Iterable, Sequence

from pipeline.evidence import Place
from pipeline.measures import Edit

ONLY_REPEATS = "only_repeats"
"""Why a document goes of which nothing is left."""


def united(places: Iterable[Place]) -> list[Place]:
    """The same characters as places in order of which none overlaps or touches another; empty ones go."""
    found: list[Place] = []
    for start, end in sorted(places):
        if found and start <= found[-1][1]:
            found[-1] = found[-1][0], max(end, found[-1][1])
        elif end > start:
            found.append((start, end))
    return found


def without(text: str, places: Sequence[Place]) -> str:
    """The text without what stands at `places`."""
    starts = [0, *(end for _, end in places)]
    ends = [*(start for start, _ in places), len(text)]
    return "".join(text[start:end] for start, end in zip(starts, ends, strict=True))


def edits_of(transform: str, text: str, places: Sequence[Place]) -> tuple[Edit, ...]:
    """The edits that lead from `text` to it without what stands at `places`."""
    edits: list[Edit] = []
    gone = 0
    for start, end in places:
        edits.append(Edit(transform, start - gone, text[start:end]))
        gone += end - start
    return tuple(edits)
