"""Texts that make a regular expression work as hard as it can, made from the expression itself.

Backtracking needs three things: something that leads to a repetition, much of what it repeats, and an end that does not fit. Each
repetition of an expression is fed with all of these, with what else the expression knows in its place, and with the whole again
and again, so that a search begins at many places.
"""

import re
from collections.abc import Iterator
from re import _constants as codes
from re import _parser as parser

OTHERS = ' a1\n.-@/x;"<'
ENDS = ("", "\x00", ";")
CATEGORIES = {"DIGIT": "1", "SPACE": " ", "WORD": "a", "NOT_DIGIT": "x", "NOT_SPACE": "x", "NOT_WORD": "-"}


def attacks(pattern: str, flags: int, size: int) -> Iterator[str]:
    """Texts of about `size` characters for a pattern of Python's `re`."""
    tree = parser.parse(pattern, flags)
    for lead, body in [("", ""), *repetitions(tree)]:
        for pump in dict.fromkeys([body, *OTHERS, lead]):
            if not pump:
                continue
            for end in ENDS:
                once = lead + pump * (size // len(pump)) + end
                short = lead + pump * 20 + end
                yield once
                yield short * (size // len(short))


def repetitions(tree: parser.SubPattern, lead: str = "") -> Iterator[tuple[str, str]]:
    """Each repetition without a small bound, as the shortest text that leads there and a text that it repeats."""
    for code, value in tree:
        if code in {codes.MAX_REPEAT, codes.MIN_REPEAT, codes.POSSESSIVE_REPEAT}:
            low, high, inner = value
            if high > 10:
                yield lead, sample(inner) or "x"
            yield from repetitions(inner, lead)
            lead += sample(inner) * low
            continue
        for inner in inside(code, value):
            yield from repetitions(inner, lead)
        lead += one(code, value)


def inside(code: object, value: object) -> list[parser.SubPattern]:
    if code is codes.SUBPATTERN:
        return [value[3]]
    if code is codes.BRANCH:
        return list(value[1])
    if code in {codes.ASSERT, codes.ASSERT_NOT}:
        return [value[1]]
    return [each for each in value[1:] if each is not None] if code is codes.GROUPREF_EXISTS else []


def sample(tree: parser.SubPattern) -> str:
    """A short text that the expression matches."""
    return "".join(one(code, value) for code, value in tree)


def one(code: object, value: object) -> str:
    if code is codes.LITERAL:
        return chr(value)
    if code in {codes.ANY, codes.NOT_LITERAL}:
        return "x"
    if code is codes.IN:
        return member(value)
    if code in {codes.MAX_REPEAT, codes.MIN_REPEAT, codes.POSSESSIVE_REPEAT}:
        return sample(value[2]) * value[0]
    if code in {codes.ASSERT, codes.ASSERT_NOT, codes.AT, codes.GROUPREF}:
        return ""
    return "".join(sample(each) for each in inside(code, value)[:1])


def member(choices: list) -> str:
    """A character of a class."""
    if choices[0][0] is codes.NEGATE:
        pattern = re.compile(
            "[^" + "".join(re.escape(spelled(each)) for each in choices[1:] if spelled(each)) + "\x01]"
        )
        return next((char for char in "xa1 -" if pattern.match(char)), "€")
    return spelled(choices[0])


def spelled(choice: tuple) -> str:
    code, value = choice
    if code is codes.LITERAL:
        return chr(value)
    return chr(value[0]) if code is codes.RANGE else CATEGORIES.get(str(value).removeprefix("CATEGORY_"), "")
