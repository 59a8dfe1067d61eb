"""XPath expressions that look at attributes alone, answered in Python: the same elements in the same order, several times faster.

trafilatura finds boilerplate by some fifteen expressions such as `.//*[self::div or self::p][re:test(@class, 'menu|share|…')]`,
and three quarters of an extraction were spent in them: libxml2 tries each condition on each element, and each `re:test` is
a call from C to Python that builds lists, strings and the element around the attribute, present or not. Here elements are walked
once for several expressions, and what their conditions say of an attribute's value is remembered as one number, because a page's
classes repeat. An expression of a form that is not known is left to libxml2.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from contextlib import suppress
from itertools import count
from typing import Any, Protocol

from ahocorasick import Automaton
from lxml.etree import XPath
from lxml.html import HtmlElement

from pipeline.main_content.expressions import Asks, Known, Test, UnknownFormError

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
    of the first of two; it is the same bit in all walks, because they share what is remembered of values.
    """

    def __init__(self, *expressions: XPath) -> None:
        self._known: dict[str, Known] = {}
        for expression in expressions:
            with suppress(UnknownFormError):
                self._known[expression.path] = Known(expression)
        bit = {
            (path, names): _registered(path, names, asked)
            for path, known in self._known.items()
            for names, asked in known.conditions.items()
        }
        self._selecting = {
            path: (sum(bit[path, names] for names in known.conditions), known.also)
            for path, known in self._known.items()
        }
        self._firsts = {bit: names for (_, names), bit in bit.items() if len(names) > 1}
        self._any_first = sum(self._firsts)
        self._values = {name: _REMEMBERED[name] for _, names in bit for name in names}
        tags = sorted({tag for known in self._known.values() for tag in known.tags})
        self._bits_of = {tag: self._asked_of(tag) for tag in tags}
        self._bits_of_others = self._asked_of("")
        self._tags = ["*"] if self._bits_of_others else tags

    def _asked_of(self, tag: str) -> int:
        """The bits that elements with the tag may have."""
        asked = (path for path, known in self._known.items() if not known.tags or tag in known.tags)
        return sum(self._selecting[path][0] for path in asked)

    def __call__(self, tree: HtmlElement) -> "Found":
        """What the expressions find, as far as tags and attributes say so."""
        return Found(list(self._hits(tree)), self._selecting)

    def first(self, tree: HtmlElement) -> list[HtmlElement]:
        """The first element that the only expression finds, if there is one."""
        [known] = self._known.values()
        return next(([element] for element, _ in self._hits(tree) if known.also is None or known.also(element)), [])

    def _hits(self, tree: HtmlElement) -> Iterator[tuple[HtmlElement, int]]:
        values, bits_of, bits_of_others, any_first = self._values, self._bits_of, self._bits_of_others, self._any_first
        for element in tree.iterdescendants(*self._tags):
            # Written out, because this is walked some 2,000 times a page, and a call would take as long as what it does.
            bits = 0
            for name, value in element.items():
                if name in values and (found := values[name][value]):
                    bits |= self._of_first(found, name, element) if found & any_first else found
            if bits and (bits := bits & bits_of.get(element.tag, bits_of_others)):
                yield element, bits

    def _of_first(self, found: int, name: str, element: HtmlElement) -> int:
        """What is found in an attribute, less what an expression asks of the first of two of which this is the other."""
        for bit, names in self._firsts.items():
            if found & bit and name != next(each for each, _ in element.items() if each in names):
                found &= ~bit
        return found


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
    """The bits of all that is asked of an attribute's values: `self[value]`, computed where they are not remembered.

    Of two generations, so that values which come back outlive those that do not.
    """

    def __init__(self) -> None:
        super().__init__()
        self._old: dict[str, int] = {}
        self._equal: dict[str, int] = {}
        self._begins: dict[str, int] = {}
        self._contains: dict[str, int] = {}
        self._tests: dict[int, Callable[[str], int]] = {}  # by a bit that says it may hold
        self._any_test = 0
        self._always = 0  # tests that no string speaks for
        self._beginnings: tuple[str, ...] = ()
        self._found_in: Callable[[str], Iterable[tuple[int, int]]] | None = None

    def ask(self, asked: Sequence[Asks], bit: int) -> None:
        """Has one more bit in all answers: whether a value is any of what is asked."""
        self.clear()
        self._old.clear()
        for asks in asked:
            if asks.equals is not None:
                self._equal[asks.equals] = self._equal.get(asks.equals, 0) | bit
            _set_bit(self._begins, asks.begins, bit)
            _set_bit(self._contains, asks.contains, bit)
            if asks.test:
                self._ask_test(asks.test, asks.needs, bit)
        self._beginnings, self._found_in = tuple(self._begins), None

    def _ask_test(self, test: Test, needs: AbstractSet[str] | None, bit: int) -> None:
        may_hold = _new_bit()
        self._tests[may_hold] = lambda value: bit if test(value) else 0
        self._any_test |= may_hold
        if needs is None:
            self._always |= may_hold
        else:
            _set_bit(self._contains, needs, may_hold)

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
        bits = self._equal.get(value, 0) | self._always
        for _, several in (self._found_in or self._looking())(value):
            bits |= several
        if value.startswith(self._beginnings):
            for string, several in self._begins.items():
                if value.startswith(string):
                    bits |= several
        if may_hold := bits & self._any_test:
            for test_bit, test in self._tests.items():
                if may_hold & test_bit:
                    bits |= test(value)
        return bits & ~self._any_test

    def _looking(self) -> Callable[[str], Iterable[tuple[int, int]]]:
        """What looks for all strings at once, in an eighth of the time that asking for each takes."""
        strings = Automaton()
        for string, bits in self._contains.items():
            strings.add_word(string, bits)
        strings.make_automaton()
        self._found_in = strings.iter if self._contains else lambda _value: ()
        return self._found_in


def _set_bit(several: dict[str, int], strings: AbstractSet[str], bit: int) -> None:
    for string in strings:
        several[string] = several.get(string, 0) | bit


_NUMBERS = count()
_BITS: dict[
    tuple[str, tuple[str, ...]], int
] = {}  # of an expression: what it asks of one attribute, or of the first of two
_REMEMBERED: dict[str, _Remembered] = defaultdict(_Remembered)  # by attribute


def _registered(path: str, names: tuple[str, ...], asked: Sequence[Asks]) -> int:
    """The bit that stands for what an expression asks of these attributes; all of the process's walks learn it."""
    place = path, names
    if place not in _BITS:
        _BITS[place] = _new_bit()
        for name in names:
            _REMEMBERED[name].ask(asked, _BITS[place])
    return _BITS[place]


def _new_bit() -> int:
    return 1 << next(_NUMBERS)
