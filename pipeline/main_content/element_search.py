"""XPath expressions that look at attributes alone, answered in Python: the same elements in the same order, several times faster.

trafilatura finds boilerplate by some fifteen expressions such as `.//*[self::div or self::p][re:test(@class, 'menu|share|…')]`,
and three quarters of an extraction were spent in them: libxml2 tries each condition on each element, and each `re:test` is
a call from C to Python that builds lists, strings and the element around the attribute, present or not. Here elements are walked
once for several expressions, and what their conditions say of an attribute's value is remembered as one number, because a page's
classes repeat. An expression of a form that is not known is left to libxml2.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any, Protocol

from lxml.etree import XPath
from lxml.html import HtmlElement

from pipeline.main_content.expressions import Asks, Known, UnknownFormError

REMEMBERED = 4096  # answers for values of one attribute; some 1 MB each
REMEMBERED_CHARS = 200  # longer values do not come back


class Search(Protocol):
    """What finds elements below a tree's root, in document order: an `XPath`, or what stands for one."""

    def __call__(self, tree: HtmlElement, /) -> Any:
        """The elements."""
        ...


class Walk:
    """Looks for several expressions in one walk over the elements below a tree's root.

    Those of a form that is not known are left out. In an answer, a bit stands for what an expression asks of one attribute, or
    of the first of two.
    """

    def __init__(self, *expressions: XPath) -> None:
        self._known: dict[str, Known] = {}
        for expression in expressions:
            with suppress(UnknownFormError):
                self._known[expression.path] = Known(expression)
        places = [(path, names) for path, known in self._known.items() for names in known.conditions]
        self._bit = {place: 1 << number for number, place in enumerate(places)}
        self._selecting = {
            path: (sum(self._bit[path, names] for names in known.conditions), known.also)
            for path, known in self._known.items()
        }
        self._closing: dict[str, int] = {}  # by attribute: bits that no later attribute of the element may set
        for (_, names), bit in self._bit.items():
            for name in names if len(names) > 1 else ():
                self._closing[name] = self._closing.get(name, 0) | bit
        tags = sorted({tag for known in self._known.values() for tag in known.tags})
        self._answers_of = {tag: self._answers(tag) for tag in tags}
        self._answers_of_others = self._answers("")
        self._tags = ["*"] if self._answers_of_others else tags

    def _answers(self, tag: str) -> dict[str, "_Remembered"]:
        """By attribute: what elements with the tag are asked."""
        asked: dict[str, list[tuple[Asks, int]]] = {}
        for (path, names), bit in self._bit.items():
            known = self._known[path]
            if not known.tags or tag in known.tags:
                for name in names:
                    asked.setdefault(name, []).extend((asks, bit) for asks in known.conditions[names])
        return {name: _Remembered(several) for name, several in asked.items()}

    def __call__(self, tree: HtmlElement) -> "Found":
        """What the expressions find, as far as tags and attributes say so."""
        return Found(list(self._hits(tree)), self._selecting)

    def first(self, tree: HtmlElement) -> list[HtmlElement]:
        """The first element that the only expression finds, if there is one."""
        [known] = self._known.values()
        return next(([element] for element, _ in self._hits(tree) if known.also is None or known.also(element)), [])

    def _hits(self, tree: HtmlElement) -> Iterator[tuple[HtmlElement, int]]:
        answers_of, answers_of_others, closing = self._answers_of, self._answers_of_others, self._closing
        for element in tree.iterdescendants(*self._tags):
            # Written out, because this is walked some 2,000 times a page, and a call would take as long as what it does.
            if attributes := element.items():
                answers, bits, open_bits = answers_of.get(element.tag, answers_of_others), 0, -1
                for name, value in attributes:
                    if name in answers:
                        bits |= answers[name][value] & open_bits
                        if name in closing:
                            open_bits &= ~closing[name]
                if bits:
                    yield element, bits


class Found:
    """The elements that a walk found."""

    def __init__(self, hits: list[tuple[HtmlElement, int]], selecting: dict[str, tuple[int, XPath | None]]) -> None:
        self._hits = hits
        self._selecting = selecting

    def search(self, expression: XPath) -> Search:
        """What gives, of the tree that was walked, what `expression` finds: from this walk where it was part of it."""
        return (lambda _tree: self.by(expression)) if expression.path in self._selecting else expression

    def by(self, expression: XPath) -> list[HtmlElement]:
        """Those that `expression` finds, in document order; what it asks of children is asked now."""
        wanted, also = self._selecting[expression.path]
        return [element for element, bits in self._hits if bits & wanted and (also is None or also(element))]


class AttributeSearch:
    """What finds the same elements as one expression. `path` is the expression, as `XPath.path`.

    Where it ends in `[1]`, the first element that it finds is all that is found.
    """

    def __init__(self, expression: XPath) -> None:
        self.path = expression.path
        self._expression = expression
        self._only_first = Known(expression).only_first
        self._walk = Walk(expression)

    def __call__(self, tree: HtmlElement, /) -> list[HtmlElement]:
        """The elements below `tree`."""
        return self._walk.first(tree) if self._only_first else self._walk(tree).by(self._expression)


def searching(expression: XPath) -> Search:
    """An `AttributeSearch`, or `expression` itself where its form is not known."""
    try:
        return AttributeSearch(expression)
    except UnknownFormError:
        return expression


class _Remembered(dict[str, int]):
    """The bits of all tests that hold of a value: `self[value]`, computed where they are not remembered.

    Of two generations, so that values which come back outlive those that do not.
    """

    def __init__(self, asked: Sequence[tuple[Asks, int]]) -> None:
        super().__init__()
        self._old: dict[str, int] = {}
        self._equal: dict[str, int] = {}
        begins: dict[str, int] = {}
        contains: dict[str, int] = {}
        for asks, bit in asked:
            if asks.equals is not None:
                self._equal[asks.equals] = self._equal.get(asks.equals, 0) | bit
            for several, strings in ((begins, asks.begins), (contains, asks.contains)):
                for string in strings:
                    several[string] = several.get(string, 0) | bit
        self._beginnings = tuple(begins)
        self._begins, self._contains = list(begins.items()), list(contains.items())
        self._tests = [(asks.test, bit) for asks, bit in asked if asks.test]

    def __missing__(self, value: str) -> int:
        bits = self._old.get(value)
        if bits is None:
            bits = self._ask(value)
        if len(value) <= REMEMBERED_CHARS:
            if len(self) >= REMEMBERED:
                self._old = dict(self)
                self.clear()
            self[value] = bits
        return bits

    def _ask(self, value: str) -> int:
        bits = self._equal.get(value, 0)
        for string, several in self._contains:
            if string in value:
                bits |= several
        if value.startswith(self._beginnings):
            for string, several in self._begins:
                if value.startswith(string):
                    bits |= several
        for test, bit in self._tests:
            if not bits & bit and test(value):
                bits |= bit
        return bits
