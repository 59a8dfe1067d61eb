"""Reads XPath expressions that look at attributes alone: what each condition asks of an attribute's value.

A regular expression is taken apart into the strings that it looks for, because `in` is several times faster than a search.
An expression is read, never guessed: one with a form that is not known here is not read at all.
"""

import re
from collections.abc import Callable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from itertools import product

from lxml.etree import XPath

NAMESPACES = {"re": "http://exslt.org/regular-expressions"}

Test = Callable[[str], bool]
_Names = tuple[str, ...]  # of attributes; where they are two, the one that comes first in the element is tested

_QUOTED = r"'[^']*'|\"[^\"]*\""
_SPACE = re.compile(rf"({_QUOTED})|\s*([,(|=\[])\s*|\s*([)\]])|\s+")
_SHAPE = re.compile(r"(?P<group>\()?\.//\*(?P<predicates>.+?)(?P<first>(?(group)\))\[1\])?", re.DOTALL)
_PREDICATE = re.compile(rf"\[((?:{_QUOTED}|[^\[\]'\"])+)\]")
_CONDITION = re.compile(rf"((?:{_QUOTED}|(?! or )[^'\"])+)(?: or |$)")
_NOT = re.compile(r"not\((?:\.//\w+|self::\w+(?: or self::\w+)*)\) or (?P<or>.+)")
_TAG = re.compile(r"self::([\w-]+)")

_OF = r"@(?P<name>[\w-]+)(?:\|@(?P<other>[\w-]+))?"
_VALUE = r"'(?P<value>[^']+)'"
_MATCHES = re.compile(rf"re:test\({_OF},{_VALUE}(?:,'(?P<flag>i)')?\)")
_CONTAINS = re.compile(rf"contains\({_OF},{_VALUE}\)")
_CONTAINS_FOLDED = re.compile(rf"contains\(translate\({_OF},'(?P<old>[^']*)','(?P<new>[^']*)'\),{_VALUE}\)")
_BEGINS = re.compile(rf"starts-with\({_OF},{_VALUE}\)")
_EQUALS = re.compile(rf"@(?P<name>[\w-]+)={_VALUE}")
_EXISTS = re.compile(r"@(?P<name>[\w-]+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asks:
    """What a condition asks of a value: that it is, begins with, or contains a string, or passes a test.

    A value passes the test only if it contains one of `needs`; None where that is not known.
    """

    equals: str | None = None
    begins: AbstractSet[str] = frozenset()
    contains: AbstractSet[str] = frozenset()
    test: Test | None = None
    needs: AbstractSet[str] | None = None


class UnknownFormError(Exception):
    """The expression has a part that cannot be answered here."""


class Known:
    """An expression that was read: `.//*[self::a or self::b][conditions on attributes]…`, perhaps with `[1]` behind it."""

    def __init__(self, expression: XPath) -> None:
        shape = _SHAPE.fullmatch(_SPACE.sub(_squeezed, expression.path).strip())
        if shape is None:
            raise UnknownFormError
        self.only_first = shape["first"] is not None
        predicates = _all(_PREDICATE, shape["predicates"])
        self.tags = _tags(predicates[0])
        if self.tags:
            del predicates[0]
        if not predicates:
            raise UnknownFormError
        self.conditions: dict[_Names, list[Asks]] = {}
        for condition in _all(_CONDITION, predicates.pop(0)):
            names, asks = _read(condition)
            self.conditions.setdefault(names, []).append(asks)
        # What more is asked (of children, say) is asked of the few elements that got so far.
        more = "".join(f"[{_truth(predicate)}]" for predicate in predicates)
        self.also = XPath(f"boolean(self::*{more})", namespaces=NAMESPACES) if more else None


def _squeezed(found: re.Match[str]) -> str:
    """What a match of `_SPACE` says: a literal as it is, punctuation alone, one space for many."""
    return found[found.lastindex] if found.lastindex else " "


def _all(form: re.Pattern[str], text: str) -> list[str]:
    """What is in the first group of each match of `form`, which have to make up `text` from end to end."""
    matches = list(form.finditer(text))
    if "".join(found[0] for found in matches) != text:
        raise UnknownFormError
    return [found[1] for found in matches]


def _tags(predicate: str) -> _Names:
    """The tags that a predicate asks for, if that is all it does."""
    names = [_TAG.fullmatch(condition) for condition in _all(_CONDITION, predicate)]
    return tuple(name[1] for name in names if name) if all(names) else ()


def _truth(predicate: str) -> str:
    """A predicate that says yes or no of an element, and does not count it among others."""
    found = _NOT.fullmatch(predicate)
    for condition in _all(_CONDITION, found["or"] if found else predicate):
        _read(condition)
    return predicate


def _read(condition: str) -> tuple[_Names, Asks]:
    """A condition as the attributes it is about and a test of their value, which no missing attribute passes."""
    for form, asks_of in _FORMS:
        if found := form.fullmatch(condition):
            groups = found.groupdict()
            return tuple(name for name in (groups["name"], groups.get("other")) if name), asks_of(groups)
    raise UnknownFormError


def _matching(groups: dict[str, str]) -> Asks:
    flags = re.IGNORECASE if groups["flag"] else 0
    if re.search(groups["value"], "", flags) is not None:  # then elements without the attribute are meant too
        raise UnknownFormError
    if flags and _PLAIN.fullmatch(groups["value"]):
        return Asks(contains={"".join(chars) for chars in product(*((c, c.upper()) for c in groups["value"]))})
    strings, rest = (set[str](), groups["value"]) if flags else strings_of(groups["value"])
    search = re.compile(rest, flags).search
    return Asks(
        begins={string[1:] for string in strings if string[0] == _START},
        contains={string for string in strings if string[0] != _START},
        test=(lambda value: search(value) is not None) if rest else None,
        needs=None if flags or not rest else needed_by(rest),
    )


def _containing_folded(groups: dict[str, str]) -> Asks:
    old, new = groups["old"], groups["new"]
    if len(old) != len(new) or set(old) & set(groups["value"]):
        raise UnknownFormError
    choices = [
        {char, *(before for before, after in zip(old, new, strict=True) if after == char)} for char in groups["value"]
    ]
    return Asks(contains={"".join(chars) for chars in product(*choices)})


_FORMS: tuple[tuple[re.Pattern[str], Callable[[dict[str, str]], Asks]], ...] = (
    (_MATCHES, _matching),
    (_CONTAINS, lambda groups: Asks(contains={groups["value"]})),
    (_CONTAINS_FOLDED, _containing_folded),
    (_BEGINS, lambda groups: Asks(begins={groups["value"]})),
    (_EQUALS, lambda groups: Asks(equals=groups["value"])),
    (_EXISTS, lambda _groups: Asks(begins={""})),
)


_START = "^"
_PLAIN = re.compile(r"[a-hjl-rt-z]{1,8}")  # letters of which Unicode has no case but two (i, k and s have more)
_LOOK = re.compile(r"\(\?!\w+\)")  # what takes no character
_EDGES = re.compile(r"\A(?:\^|\(\^\|\\s\)|\(\?:\^\| \))|\(\\s\|\$\)\Z")  # a border, of a branch's beginning or end
_NESTED = re.compile(r"\([^)]*\(")
_OR = re.compile(r"\|(?![^(]*\))")
_ATOM = re.compile(r"(?:\[(?P<any>-?\w+-?)\]|\(\?:(?P<group>[^()]+)\)|(?P<char>[^][()|\\.*+?{}$]))(?P<perhaps>\?)?")


def strings_of(pattern: str) -> tuple[set[str], str]:
    """The strings that a regular expression looks for, and what of it is not known to be a few strings.

    A string that begins with `^` has to stand at the value's beginning, the others anywhere in it.
    """
    found: set[str] = set()
    rest: list[str] = []
    for part in [pattern] if _NESTED.search(pattern) else _OR.split(pattern):
        try:
            found |= _strings(part)
        except UnknownFormError:
            rest.append(part)
    return found, "|".join(rest)


def needed_by(pattern: str) -> frozenset[str] | None:
    """Strings of which every text has one that a regular expression finds something in; None where they are not known."""
    pattern = _LOOK.sub("", pattern)
    if _NESTED.search(pattern):
        return None
    found: set[str] = set()
    for part in _OR.split(pattern):
        strings, rest = strings_of(_EDGES.sub("", part))
        if rest or any(string[0] == _START for string in strings):
            return None
        found |= strings
    return frozenset(found)


def _strings(part: str) -> set[str]:
    """The strings that a sequence of characters, classes of them and groups without repetition stands for."""
    strings, place = {""}, 0
    while place < len(part):
        atom = _ATOM.match(part, place)
        if atom is None:
            raise UnknownFormError
        choices = set(atom["any"] or atom["char"] or ())
        for choice in atom["group"].split("|") if atom["group"] else ():
            choices |= _strings(choice)
        if atom["perhaps"]:
            choices.add("")
        strings = {string + choice for string in strings for choice in choices}
        place = atom.end()
    if not all(string.removeprefix(_START) and _START not in string[1:] for string in strings):
        raise UnknownFormError
    return strings
