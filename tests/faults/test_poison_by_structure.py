"""The pages that limits of CPU time or memory end are stopped before by what can be counted in them, without a child."""

from dataclasses import replace

import pytest
import test_poison_of_each_extractor as of_each
import test_poison_pages as pages

from pipeline.errors import RecordError
from pipeline.extraction import Trafilatura
from pipeline.sandbox import Limits, Sandbox
from pipeline.structure import Structure

BLOATED = {"words and breaks": pages.page("word<br>" * 300_000), "links": pages.page("<p><a href=x>a</a> " * 220_000)}
DEADLY = {what: html for _, what, html, _ in of_each.DEADLY} | {what: html for what, (html, _) in pages.DEADLY.items()}
STOPPED = {
    "200,000 attributes": "over_attributes",
    "90,000 spanned cells": "over_spans",
    "100,000 nested divs": "over_depth",
    "200,000 paragraphs": "over_tags",
    "a regular expression that backtracks": "over_depth",
    "words and breaks": "over_tags",
    "links": "over_tags",
    "5,000,001 characters": "over_size",
}
HARMLESS = of_each.HARMLESS | pages.HARMLESS
STOPPED_ALL_THE_SAME = {
    "100,000 nested divs": "over_depth",
    "100,000 nested divs, closed": "over_tags",
    "100,000 nested b": "over_depth",
    "20,000 nested tables": "over_depth",
    "50,000 nested svg": "over_depth",
    "20,000 nested powers": "over_depth",
    "deep JSON": "over_depth",
    "what would backtrack": "over_depth",
    "only <": "over_tags",
}


def stopped(html: str) -> str | None:
    """The reason, if a page is stopped before it goes to the child."""
    with Sandbox(Trafilatura(), Limits(max_html_chars=5_000_000)) as sandbox:
        sandbox._ready_child = pytest.fail  # type: ignore[method-assign]
        try:
            sandbox.extract(html)
        except RecordError as error:
            return error.reason if error.by_limit else "not marked"
        except pytest.fail.Exception:
            return None
    raise AssertionError("no child was asked")


def test_every_page_that_takes_too_much_is_stopped_by_counting() -> None:
    assert {what: stopped(html) for what, html in (DEADLY | BLOATED).items()} == STOPPED


def test_of_those_that_libraries_survive_only_what_no_page_has_is_stopped() -> None:
    found = {what: stopped(html) for what, html in HARMLESS.items()}
    assert {what: reason for what, reason in found.items() if reason} == STOPPED_ALL_THE_SAME


@pytest.mark.parametrize("what", ["90,000 spanned cells", "200,000 paragraphs", "200,000 attributes"])
def test_a_recipe_that_lifts_a_bound_lets_the_page_through(what: str) -> None:
    lifted = replace(Structure.lifted(), max_depth=1_000)
    lifted.check(DEADLY[what].encode())
