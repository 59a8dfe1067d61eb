"""trafilatura's searches find the same elements by Python as by libxml2."""

import random
import re
import sys

import pytest
from lxml.etree import XPath
from lxml.html import HtmlElement, document_fromstring
from trafilatura import xpaths

from pipeline.main_content.element_search import AttributeSearch, Walk, _Remembered, searching
from pipeline.main_content.expressions import _PLAIN, NAMESPACES, needed_by, strings_of
from pipeline.main_content.library import SEARCHES

EXPRESSIONS = [
    pytest.param(XPath(search.path, namespaces=NAMESPACES), id=f"{name}-{place}")
    for name in SEARCHES
    for place, search in enumerate(getattr(xpaths, name))
]
TAGS = ("div", "p", "span", "section", "article", "main", "aside", "ul", "ol", "li", "table", "header", "details", "h1")
TAGS += ("list", "item", "cite", "quote", "form", "input")  # trafilatura's own among them
NAMES = ("id", "class", "class", "class", "style", "role", "itemprop", "data-component", "aria-hidden", "href")


WORDS = ("plain", "true", "", "COOKIE", "commentary", "infinitescroll", "mvp-post-add-box", "x" * 300 + "cookie")


def words_of(expression: XPath) -> tuple[str, ...]:
    """Every literal that the expression looks for, cut at what only a regular expression would understand."""
    literals = re.findall(r"'([^']*)'", expression.path)
    return tuple(sorted({word for literal in literals for word in re.split(r"[^\w :-]+", literal) if word}))


def random_tree(seed: int, words: tuple[str, ...]) -> HtmlElement:
    """Nested elements whose attributes are made of `words`."""
    rng = random.Random(seed)
    body = document_fromstring("<html><body></body></html>")
    elements = [body]
    for _ in range(150):
        element = rng.choice(elements).makeelement(rng.choice(TAGS))
        for name in rng.sample(NAMES, rng.randint(0, 3)):
            element.set(name, rng.choice(("", " ", "-")).join(rng.choices(words, k=rng.randint(1, 2))))
        rng.choice(elements).append(element)
        elements.append(element)
    return body


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_a_search_finds_what_its_expression_finds(expression: XPath) -> None:
    search = searching(expression)
    found = 0
    for seed in range(20):
        tree = random_tree(seed, WORDS + words_of(expression))
        expected = expression(tree)
        assert search(tree)[:1] == expected[:1]
        if "[1]" not in expression.path:
            assert search(tree) == expected
        found += len(expected)
    assert found, "the trees have nothing to find"


def test_a_walk_finds_for_each_of_many_expressions_what_it_would_find_alone() -> None:
    expressions = [each.values[0] for each in EXPRESSIONS]
    words = tuple(word for expression in expressions for word in words_of(expression))
    walk = Walk(*expressions)
    found = 0
    for seed in range(20):
        tree = random_tree(seed, WORDS + words)
        together = walk(tree)
        for expression in expressions:
            if expression.path.strip().startswith(".") and "[1]" not in expression.path:
                assert together.search(expression)(tree) == expression(tree)
                found += len(expression(tree))
    assert found > 1000


PATTERNS = [
    pattern
    for each in EXPRESSIONS
    for pattern in re.findall(r"re:test\(\s*@[^,]*,\s*'([^']*)'\s*\)", each.values[0].path)
]


@pytest.mark.parametrize(
    "pattern", [*PATTERNS, "a(?:b|c)?d|[xy]z", "^a?|b", "a(?:b|c(?:d))|e", "[a-c]x|[^d]", "(?:^| )x|y"]
)
def test_a_pattern_matches_where_one_of_its_strings_or_its_rest_does(pattern: str) -> None:
    strings, rest = strings_of(pattern)
    rng = random.Random(pattern)
    pieces = [
        *(string.removeprefix("^") for string in sorted(strings)),
        *re.split(r"[^\w -]+", pattern),
        "commentary",
        " ",
        "x",
    ]
    for _ in range(500):
        value = "".join(rng.choices(pieces, k=rng.randint(0, 3)))[rng.randint(0, 1) :]
        by_strings = any(value.startswith(string[1:]) if string[0] == "^" else string in value for string in strings)
        assert (by_strings or bool(rest and re.search(rest, value))) == bool(re.search(pattern, value)), value


def test_most_of_what_is_looked_for_is_a_few_strings() -> None:
    known = sum(len(strings_of(pattern)[0]) for pattern in PATTERNS)
    left = {strings_of(pattern)[1] for pattern in PATTERNS} - {""}
    assert known > 150
    assert all("(?!" in rest or "(^|" in rest or "(?:^|" in rest for rest in left), left


def test_nearly_all_expressions_are_known() -> None:
    left = [each.id for each in EXPRESSIONS if not isinstance(searching(each.values[0]), AttributeSearch)]
    assert left == ["BODY_XPATH-1", "BODY_XPATH-4", "COMMENTS_DISCARD_XPATH-1", "PRECISION_DISCARD_XPATH-0"], (
        "a form is new"
    )


@pytest.mark.parametrize(
    "path",
    [
        ".//p[@class='a']",
        "//*[@class='a']",
        ".//*[@class='a' and @id='b']",
        ".//*[@class and b]",
        ".//*[.='a']",
        ".//*[self::p]/b[@class='a']",
        ".//*[@class='a']|.//main",
        ".//*[re:test(@class, 'a*')]",
        ".//*[re:test(@class, 'a', 'g')]",
        ".//*[contains(@class, '')]",
        ".//*[contains(translate(@class, 'AB', 'a'), 'a')]",
        ".//*[contains(., 'or')]",
        ".//*[2]",
        ".//*[@class='a'][2]",
        ".//*[@class='a'][not(b) or 2]",
    ],
)
def test_what_is_not_known_is_left_to_libxml2(path: str) -> None:
    expression = XPath(path, namespaces=NAMESPACES)
    assert searching(expression) is expression


def test_conditions_on_children_are_asked_of_the_element_itself() -> None:
    expression = XPath(".//*[self::div][@class='a'][not(.//h1) or @id='b']")
    tree = document_fromstring("<div class=a>1</div><div class=a><h1>2</h1></div><div class=a id=b><h1>3</h1></div>")
    search = searching(expression)
    assert isinstance(search, AttributeSearch)
    assert [element.text_content() for element in search(tree)] == ["1", "3"]


def test_of_two_attributes_the_first_in_the_source_is_tested() -> None:
    expression = XPath(".//*[re:test(@id|@class, 'cookie')]", namespaces=NAMESPACES)
    tree = document_fromstring("<p id=x class=cookie>1</p><p class=cookie id=x>2</p><p id=cookie class=x>3</p>")
    found = searching(expression)(tree)
    assert found == expression(tree)
    assert [element.text for element in found] == ["2", "3"]


def test_a_test_is_passed_only_by_texts_that_have_a_string_it_needs() -> None:
    left = {strings_of(pattern)[1] for pattern in PATTERNS} - {""}
    assert len(left) > 3
    for rest in sorted(left):
        needed = needed_by(rest)
        assert needed, rest
        rng = random.Random(rest)
        pieces = [*sorted(needed), "comment", "ary", "ad", "-", " ", "x", "link", "\n"]
        found = 0
        for _ in range(500):
            value = "".join(rng.choices(pieces, k=rng.randint(0, 4)))[rng.randint(0, 1) :]
            if re.search(rest, value):
                found += 1
                assert any(string in value for string in needed), (rest, value)
        assert found


@pytest.mark.parametrize("pattern", ["a(?:b|c(?:d))", "[^d]", "x*y", "a.c", "(^|-)a"])
def test_what_a_form_that_is_not_known_needs_is_not_guessed(pattern: str) -> None:
    assert needed_by(pattern) is None


def test_letters_taken_for_two_cases_have_no_third() -> None:
    letters = [chr(code) for code in range(ord("a"), ord("z") + 1) if _PLAIN.fullmatch(chr(code))]
    assert len(letters) == 23
    others = "".join(chr(code) for code in range(0x80, sys.maxunicode + 1) if not 0xD800 <= code < 0xE000)
    assert re.search(f"[{''.join(letters)}]", others, re.IGNORECASE) is None


def test_a_value_is_asked_once_for_all_walks(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    ask = _Remembered._ask
    monkeypatch.setattr(_Remembered, "_ask", lambda self, value: asked.append(value) or ask(self, value))
    walks = [
        Walk(XPath(f".//*[self::{tag}][contains(@class, '{word}')]")) for tag, word in (("p", "oat"), ("b", "rye"))
    ]
    tree = document_fromstring("<p class='oat rye'>1</p><b class='oat rye'>2</b><p class='oat rye'>3</p>")
    found = [[element.text for element, _ in walk._hits(tree)] for walk in walks]
    assert (found, asked) == ([["1", "3"], ["2"]], ["oat rye"])
