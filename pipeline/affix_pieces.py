"""What a piece of spaCy's affix expressions can match, as far as it can be read off: it spares most searches.

spaCy joins some 150 pieces to each of its three expressions and searches a chunk with them, place by place: 40 microseconds. Most
chunks have no character that any piece could begin or end with, or need; and of those that have one, few pieces do.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from re import _constants as ops  # pyright: ignore[reportAttributeAccessIssue, reportUnknownVariableType]
from re import _parser as parser  # pyright: ignore[reportAttributeAccessIssue, reportUnknownVariableType]
from string import ascii_letters, digits
from typing import Any

Charset = str
"""What stands between the brackets of a character class."""

_CATEGORIES: dict[Any, str] = {
    ops.CATEGORY_DIGIT: r"\d",
    ops.CATEGORY_WORD: r"\w",
    ops.CATEGORY_SPACE: r"\s",
}
_REPEATS = (ops.MAX_REPEAT, ops.MIN_REPEAT)
_ASIDE = (ops.AT, ops.ASSERT, ops.ASSERT_NOT)  # these take no characters
_UNREAD = ops.SRE_FLAG_IGNORECASE | ops.SRE_FLAG_MULTILINE | ops.SRE_FLAG_VERBOSE | ops.SRE_FLAG_ASCII


@dataclass(frozen=True)
class Piece:
    """One alternative of an expression, as text and as Python's parser reads it."""

    text: str

    @cached_property
    def _tree(self) -> list[Any]:
        tree = parser.parse(self.text)
        return [] if tree.state.flags & _UNREAD else list(tree)

    @cached_property
    def first(self) -> Charset | None:
        """Every match begins with one of these, which it finds at the start of the text; None where that cannot be told."""
        return _edge(self._tree[1:], 1) if self._tree[:1] == [(ops.AT, ops.AT_BEGINNING)] else None

    @cached_property
    def last(self) -> Charset | None:
        """Every match ends with one of these, at the end of the text."""
        return _edge(self._tree[:-1], -1) if self._tree[-1:] == [(ops.AT, ops.AT_END)] else None

    @cached_property
    def begins(self) -> Charset | None:
        """Every match begins with one of these, wherever it is."""
        return _edge(self._tree, 1)

    @cached_property
    def need(self) -> Charset | None:
        """No text without one of these has a match; None where nothing is needed but what most texts have."""
        needs = list(_needs(self._tree))
        marks = (chars for chars in needs if not re.search(f"[{chars}]", ascii_letters + digits))
        numbers = (chars for chars in needs if not re.search(f"[{chars}]", ascii_letters))
        return next(chain(marks, numbers), None)

    @cached_property
    def is_one(self) -> bool:
        """Whether it matches any one character of `first` or `last`, without conditions."""
        tree = [node for node in self._tree if node[0] is not ops.AT]
        return len(tree) == 1 and tree[0][0] in {ops.LITERAL, ops.IN} and _edge(tree, 1) is not None


def joined(pieces: Sequence[Piece]) -> re.Pattern[str]:
    """The expression that spaCy makes of pieces, after a look at the next character, which costs less than most pieces do."""
    either = "|".join(piece.text for piece in pieces)
    begins = [piece.begins for piece in pieces]
    if None in begins:
        return re.compile(either)
    return re.compile(f"(?=[{''.join(chars for chars in begins if chars)}])(?:{either})")


def charset_of(sets: Iterable[Charset]) -> re.Pattern[str] | None:
    """What finds any of the characters of `sets`, if there are any."""
    both = "".join(sets)
    return re.compile(f"[{both}]") if both else None


def _edge(tree: Sequence[Any], step: int) -> Charset | None:
    """What the first (or, with step -1, last) character of a match is one of."""
    for op, argument in tree[::step]:
        if op not in _ASIDE:
            return _chars(op, argument, step)
    return None


def _chars(op: Any, argument: Any, step: int) -> Charset | None:
    if op is ops.LITERAL:
        return re.escape(chr(argument))
    if op is ops.IN:
        return _listed(argument)
    if op in _REPEATS:
        return _edge(list(argument[2]), step) if argument[0] else None
    if op is ops.SUBPATTERN:
        return None if argument[1] or argument[2] else _edge(list(argument[3]), step)
    if op is ops.BRANCH:
        edges = [_edge(list(way), step) for way in argument[1]]
        return None if None in edges else "".join(edge for edge in edges if edge)
    return None


def _listed(items: Iterable[Any]) -> Charset | None:
    chars = ""
    for op, argument in items:
        if op is ops.LITERAL:
            chars += re.escape(chr(argument))
        elif op is ops.RANGE:
            chars += "-".join(re.escape(chr(end)) for end in argument)
        elif op is ops.CATEGORY and argument in _CATEGORIES:
            chars += _CATEGORIES[argument]
        else:
            return None
    return chars


def _needs(tree: Iterable[Any]) -> Iterator[Charset]:
    """Of each of these a match has a character, or stands beside one."""
    for op, argument in tree:
        inner: Any = None
        if op is ops.ASSERT:
            inner = argument[1]
        elif op is ops.SUBPATTERN:
            inner = argument[3]
        elif op in _REPEATS and argument[0]:
            inner = argument[2]
        elif op not in _ASIDE and (chars := _chars(op, argument, 1)):
            yield chars
        if inner is not None:
            yield from _needs(list(inner))
