"""A tree is cleaned as trafilatura cleans it, with fewer walks."""

from copy import copy

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml.etree import tostring
from lxml.html import HtmlElement, document_fromstring
from trafilatura.htmlprocessing import tree_cleaning
from trafilatura.settings import Extractor

from pipeline.main_content.precision import clean

TAGS = ("div", "p", "span", "figure", "table", "aside", "form", "nav", "math", "font", "b", "svg", "button", "li")
ROLES = ("", ' role="presentation"', ' role="none"', ' alttext="x^2"')


@st.composite
def elements(draw: st.DrawFn, depth: int = 0) -> str:
    tag, inside = draw(st.sampled_from(TAGS)), draw(st.sampled_from(["", "oats ", "a long grain of rye, "]))
    for _ in range(draw(st.integers(0, 3)) if depth < 4 else 0):
        inside += draw(elements(depth + 1)) + draw(st.sampled_from(["", "chaff "]))
    return f"<{tag}{draw(st.sampled_from(ROLES))}>{inside}</{tag}>"


def cleaned_both_ways(html: str, **options: bool) -> list[bytes]:
    tree: HtmlElement = document_fromstring(f"<html><head><title>t</title></head><body>{html}</body></html>")
    how = Extractor(precision=True, **options)
    return [tostring(way(copy(tree), how)) for way in (clean, tree_cleaning)]


@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(st.lists(elements(), min_size=1, max_size=5))
def test_a_tree_is_cleaned_as_by_the_library(parts: list[str]) -> None:
    ours, theirs = cleaned_both_ways("".join(parts))
    assert ours == theirs


@pytest.mark.parametrize("options", [{"images": True}, {"tables": False}, {}])
def test_tags_that_stand_in_each_other_go_as_the_library_lets_them_go(options: dict[str, bool]) -> None:
    nested = "<figure>a<figure>b</figure>c</figure>d<figure>e</figure><table><tr><td>f</td></tr></table>"
    ours, theirs = cleaned_both_ways(f"<form>{nested * 2}</form><form>g</form>", **options)
    assert ours == theirs
