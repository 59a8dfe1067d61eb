"""Where in a page a signal comes from: what a person has to look at to see why a rule failed.

A part of a recipe may say so by a method `evidence`. It follows the part's own definition and decides nothing.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

Place = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Span:
    """Characters `start` to `end` of a text, and what they are in a few words, such as `short line`."""

    start: int
    end: int
    what: str


@runtime_checkable
class Explains(Protocol):
    """A gate, measure or transform that can show its reasons."""

    def evidence(self, text: str, subject: str) -> list[Span]:
        """The places in `text` that bring about `subject`, in order and without overlap; none where it is of the whole.

        `subject` is a signal or, for a gate, a reason; `text` is the page's text or, for a gate before extraction, its address.
        """
        ...


def lines_of(text: str, break_: re.Pattern[str] | None = None) -> Iterator[Place]:
    """Where the pieces between matches of `break_` (newlines, if none is given) stand, empty ones too, as `re.split` cuts."""
    start = 0
    for found in (break_ or _NEWLINE).finditer(text):
        yield start, found.start()
        start = found.end()
    yield start, len(text)


_NEWLINE = re.compile("\n")


def split_lines_of(text: str) -> Iterator[Place]:
    """Where the lines of `str.splitlines` stand."""
    start = 0
    for line in text.splitlines(keepends=True):
        yield start, start + len(line.splitlines()[0])
        start += len(line)


def words_of(text: str, words: Sequence[str]) -> list[Place]:
    """Where `words` stand in `text`, in order; a word that a tokenizer rewrote stands nowhere, as an empty place."""
    found: list[Place] = []
    end = 0
    for word in words:
        start = text.find(word, end)
        if start < 0:
            found.append((end, end))
        else:
            end = start + len(word)
            found.append((start, end))
    return found


def marked(text: str, places: Sequence[Place], what: str, chosen: Callable[[str], bool]) -> list[Span]:
    """The places whose text is `chosen`, as spans; empty ones cannot be seen and are left out."""
    return [Span(start, end, what) for start, end in places if end > start and chosen(text[start:end])]


def repeated(text: str, places: Sequence[Place], what: str) -> list[Span]:
    """The second and later of places with the same text."""
    seen: set[str] = set()
    return marked(text, places, what, lambda piece: piece in seen or bool(seen.add(piece)))
