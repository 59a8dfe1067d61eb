"""XPath expressions that look at attributes alone, answered in Python: the same elements in the same order, several times faster.

trafilatura finds boilerplate by some fifteen expressions such as `.//*[self::div or self::p][re:test(@class, 'menu|share|…')]`,
and three quarters of an extraction were spent in them: libxml2 tries each condition on each element, and each `re:test` is
a call from C to Python that builds lists, strings and the element around the attribute, present or not. Here elements are walked
once, and what a condition says of an attribute's value is remembered, because a page's classes repeat.

An expression is read, never guessed: one with a form that is not known here is left to libxml2.
"""

import re
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from lxml.etree import XPath
from lxml.html import HtmlElement

REMEMBERED = 4096  # answers for values of one attribute; some 1 MB each
REMEMBERED_CHARS = 200  # longer values do not come back
NAMESPACES = {"re": "http://exslt.org/regular-expressions"}

_Test = Callable[[str], bool]
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


class Search(Protocol):
    """What finds elements below a tree's root, in document order: an `XPath`, or what stands for one."""

    def __call__(self, tree: HtmlElement, /) -> Any:
        """The elements."""
        ...


def searching(expression: XPath) -> Search:
    """What finds the same elements as `expression`: an `AttributeSearch`, or `expression` itself where its form is not known.

    Where the expression ends in `[1]`, the first element that it finds is all that is found.
    """
    try:
        return AttributeSearch(expression)
    except _UnknownFormError:
        return expression


class _UnknownFormError(Exception):
    """The expression has a part that cannot be answered here."""


class AttributeSearch:
    """One expression of the form `.//*[self::a or self::b][conditions on attributes]…`, perhaps with `[1]` behind it.

    `path` is the expression, as `XPath.path`.
    """

    def __init__(self, expression: XPath) -> None:
        shape = _SHAPE.fullmatch(_SPACE.sub(_squeezed, expression.path).strip())
        if shape is None:
            raise _UnknownFormError
        self.path = expression.path
        self._only_first = shape["first"] is not None
        predicates = _all(_PREDICATE, shape["predicates"])
        self._tags = _tags(predicates[0])
        if self._tags:
            del predicates[0]
        tests: dict[_Names, list[_Test]] = {}
        for condition in _all(_CONDITION, predicates.pop(0)) if predicates else ():
            names, test = _read(condition)
            tests.setdefault(names, []).append(test)
        self._tests = {names[0]: _Remembered(several) for names, several in tests.items() if len(names) == 1}
        self._tests_of_first = [(names, _Remembered(several)) for names, several in tests.items() if len(names) > 1]
        # What more is asked (of children, say) is asked of the few elements that got so far.
        more = "".join(f"[{_truth(predicate)}]" for predicate in predicates)
        self._also = XPath(f"boolean(self::*{more})", namespaces=NAMESPACES) if more else None

    def __call__(self, tree: HtmlElement, /) -> list[HtmlElement]:
        """The elements below `tree`; only the first of them where the expression asks for it."""
        found: list[HtmlElement] = []
        tests, tests_of_first, also = self._tests, self._tests_of_first, self._also
        for element in tree.iterdescendants(*(self._tags or "*")):
            # Written out, because this is walked some 2,000 times a page, and a call would take as long as what it does.
            attributes = element.items()
            for name, value in attributes:
                if name in tests and tests[name][value]:
                    break
            else:
                if not (attributes and tests_of_first and self._first_holds(attributes)):
                    continue
            if also is None or also(element):
                found.append(element)
                if self._only_first:
                    break
        return found

    def _first_holds(self, attributes: Sequence[tuple[str, str]]) -> bool:
        """Whether a test of the first of several attributes holds."""
        for names, holds in self._tests_of_first:
            for name, value in attributes:
                if name in names:
                    if holds[value]:
                        return True
                    break
        return False


def _squeezed(found: re.Match[str]) -> str:
    """What a match of `_SPACE` says: a literal as it is, punctuation alone, one space for many."""
    return found[found.lastindex] if found.lastindex else " "


def _all(form: re.Pattern[str], text: str) -> list[str]:
    """What is in the first group of each match of `form`, which have to make up `text` from end to end."""
    matches = list(form.finditer(text))
    if "".join(found[0] for found in matches) != text:
        raise _UnknownFormError
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


def _read(condition: str) -> tuple[_Names, _Test]:
    """A condition as the attributes it is about and a test of their value, which no missing attribute passes."""
    for form, test_of in _FORMS:
        if found := form.fullmatch(condition):
            groups = found.groupdict()
            return tuple(name for name in (groups["name"], groups.get("other")) if name), test_of(groups)
    raise _UnknownFormError


def _matching(groups: dict[str, str]) -> _Test:
    search = re.compile(groups["value"], re.IGNORECASE if groups["flag"] else 0).search
    if search("") is not None:  # then elements without the attribute are meant too
        raise _UnknownFormError
    return lambda value: search(value) is not None


def _containing_folded(groups: dict[str, str]) -> _Test:
    if len(groups["old"]) != len(groups["new"]):
        raise _UnknownFormError
    folded, wanted = str.maketrans(groups["old"], groups["new"]), groups["value"]
    return lambda value: wanted in value.translate(folded)


_FORMS: tuple[tuple[re.Pattern[str], Callable[[dict[str, str]], _Test]], ...] = (
    (_MATCHES, _matching),
    (_CONTAINS, lambda groups: lambda value: groups["value"] in value),
    (_CONTAINS_FOLDED, _containing_folded),
    (_BEGINS, lambda groups: lambda value: value.startswith(groups["value"])),
    (_EQUALS, lambda groups: lambda value: value == groups["value"]),
    (_EXISTS, lambda _groups: lambda _value: True),
)


class _Remembered(dict[str, bool]):
    """Whether any of some tests holds of a value: `self[value]`, computed where it is not remembered.

    Of two generations, so that values which come back outlive those that do not.
    """

    def __init__(self, tests: Sequence[_Test]) -> None:
        super().__init__()
        self._tests = tests
        self._old: dict[str, bool] = {}

    def __missing__(self, value: str) -> bool:
        holds = self._old.get(value)
        if holds is None:
            holds = False
            for test in self._tests:  # no any(): its generator takes as long as a test
                if test(value):
                    holds = True
                    break
        if len(value) <= REMEMBERED_CHARS:
            if len(self) >= REMEMBERED:
                self._old = dict(self)
                self.clear()
            self[value] = holds
        return holds
