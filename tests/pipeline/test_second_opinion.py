"""readability is asked where its answer may count, and nowhere else."""

from copy import copy

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml.etree import tostring
from trafilatura import external
from trafilatura.utils import load_html, trim

from jobs.synthetic.crawl import ordinary_page
from pipeline.extraction import Trafilatura
from pipeline.main_content.second_opinion import longest_answer

TAGS = (
    *("div", "p", "a", "ul", "li", "table", "td", "h2", "span", "form", "pre", "br", "section"),
    *("iframe", "noscript", "title", "textarea"),
)
ODD = ("&amp;lt;p&gt;", "water\n\twheel", "é𝄞", "<!-- no -->", "<![CDATA[x]]>", "<?php y ?>")
WORDS = st.sampled_from(["grain", "mill, stone,", "  ", "a.", *ODD])
CLASSES = st.sampled_from(["", "article", "footer", "comment", "main content", "sidebar"])


@st.composite
def elements(draw: st.DrawFn, depth: int = 0) -> str:
    tag, inside = draw(st.sampled_from(TAGS)), [draw(WORDS) * draw(st.integers(0, 30))]
    for _ in range(draw(st.integers(0, 3)) if depth < 4 else 0):
        inside += [draw(elements(depth + 1)), draw(WORDS)]
    end = draw(st.sampled_from([f"</{tag}>", f"</{tag}>", ""]))
    source = ' src="https://www.youtube.com/x"' if tag == "iframe" else ""
    return f'<{tag}{source} class="{draw(CLASSES)}">{"".join(inside)}{end}'


@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])  # pages are large, machines busy
@given(st.lists(elements(), min_size=1, max_size=5))
def test_no_answer_is_longer_than_the_bound(parts: list[str]) -> None:
    tree = load_html(f"<html><body>{''.join(parts)}</body></html>")
    ask = getattr(external.try_readability, "__wrapped__", external.try_readability)
    answer = trim(tostring(ask(copy(tree)), method="text", encoding="utf-8").decode())
    assert len(answer) <= longest_answer(copy(tree))


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What readability was asked about."""
    Trafilatura().extract("<html><body><p>so that it is faster</p></body></html>")
    heard: list[str] = []

    class Listening(external.ReadabilityDocument):
        def summary(self) -> str:
            heard.append(self.doc.text_content())
            return super().summary()

    monkeypatch.setattr(external, "ReadabilityDocument", Listening)
    return heard


def test_an_ordinary_page_needs_no_second_opinion(asked: list[str]) -> None:
    assert all(Trafilatura().extract(ordinary_page(11, number).body.decode()) for number in range(5))
    assert not asked


def test_a_page_of_which_little_was_found_does(asked: list[str]) -> None:
    sentence = "The miller ground three sacks of rye before the frost came, and the wheel stood still. "
    Trafilatura().extract(f"<html><body><article><p>{sentence}</p></article><div>{sentence * 40}</div></body></html>")
    assert asked
