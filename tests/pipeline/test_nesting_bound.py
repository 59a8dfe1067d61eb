"""The bound on nesting is never below what is counted, near it where it matters, and quick whatever the names."""

import time
from collections.abc import Callable

import pytest
from hostile_markup import soup
from hypothesis import given
from hypothesis import strategies as st

from pipeline.markup_counts import nesting
from pipeline.nesting_bound import most_nesting

NAMES = ("div", "DIV", "b", "article", "blockquote", "main123", "main1234", "h1", "1x", "br", "p", "")
ODD = [f"{begin}{name}{end}" for begin in ("<", "</", "<<", "</ ") for name in NAMES for end in (">", " a>", "", "é")]


@given(st.lists(st.sampled_from(ODD)).map("".join) | soup() | st.text("</ab\0 >", max_size=60))
def test_no_page_nests_deeper_than_its_bound(html: str) -> None:
    page = html.encode("utf-8", "surrogatepass")
    assert most_nesting(page) >= nesting(page, 1 << 30)


@pytest.mark.parametrize(
    ("html", "most"),
    [
        (b"", 0),
        (b"no markup at all", 0),
        (b"<div>" * 50 + b" " * 9, 50),
        (b"<div></div>" * 50 + b" " * 9, 1),
        (b"</div>" * 50 + b"<div>" * 2 + b" " * 9, 2),
        (b"<div><b></div>" * 50 + b" " * 9, 51),
        (b"<b></B><i></I x>" * 50 + b" " * 9, 2),
        (b"<br><p><li><img>" * 50 + b" " * 9, 0),
        (b"<article></article>" * 50 + b" " * 9, 1),
        (b"<template></template>" * 50 + b" " * 9, 50),
        (b"< div><1><!--><?x>" * 50 + b" " * 9, 0),
        (b"<br>" * 50, 2),
    ],
)
def test_the_bound_is_what_each_name_has_open(html: bytes, most: int) -> None:
    assert most_nesting(html) == most


@pytest.mark.parametrize("names", [["div"], [f"a{number:x}" for number in range(50_000)]])
def test_a_page_of_many_tags_takes_a_fraction_of_what_counting_takes(names: list[str]) -> None:
    page = "".join(f"<{name}>x</{name}>" for name in names * (50_000 // len(names))).encode()

    def seconds(walk: Callable[[], int]) -> float:
        start = time.process_time()
        walk()
        return time.process_time() - start

    bound = min(seconds(lambda: most_nesting(page)) for _ in range(3))
    assert bound < min(seconds(lambda: nesting(page, 1 << 30)) for _ in range(3))
