"""Pages made to hang, bloat or break an extractor, through the real one: each ends in bounded time, the next page unharmed."""

import sys
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from pipeline.errors import RecordError
from pipeline.extraction import Trafilatura
from pipeline.sandbox import Limits, Sandbox
from pipeline.structure import Structure

CPU_SECONDS = 2.0
# Bounds on markup would stop most of these pages before; here what stands behind them is tried.
LIMITS = Limits(
    max_html_chars=5_000_000,
    memory_bytes=300 << 20,
    cpu_seconds=CPU_SECONDS,
    wall_seconds=60,
    structure=Structure.lifted(),
)
HEALTHY = (
    "<html><body><article>"
    + "".join(
        f"<p>Sack {n} was weighed at the mill, written down, and carried up to the loft by noon.</p>" for n in range(9)
    )
    + "</article></body></html>"
)


def page(body: str) -> str:
    return HEALTHY.replace("</article>", body + "</article>")


def entity_bomb() -> str:
    names = "abcdefghijklmnop"
    lines = "".join(f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in pairwise(names))
    return f'<!DOCTYPE html [<!ENTITY a "ha">{lines}]>' + page(f"<p>{'&p;' * 100}</p>")


# trafilatura looks for forums by an expression that takes the square of this in time; here only where the page has the word.
BACKTRACKING = HEALTHY.replace(
    "<body>", '<body><script type="application/ld+json">' + '"@type":[' * 200_000 + "</script>"
)


HARMLESS = {  # what the libraries were hardened against: the depth, width and entities of a page cost nothing
    "100,000 nested divs": page("<div>" * 100_000),
    "100,000 nested divs, closed": page("<div>" * 100_000 + "x" + "</div>" * 100_000),
    "100,000 nested b": page("<b>" * 100_000),
    "20,000 nested tables": page("<table><tr><td>" * 20_000),
    "50,000 nested svg": page("<svg>" * 50_000),
    "5,000 nested quotes": page("<blockquote>a quote" * 5_000),
    "colspan of a billion": page(
        '<table><tr><td colspan="999999999">a</td><td rowspan="999999999">b</td></tr></table>'
    ),
    "entity bomb": entity_bomb(),
    "a million NULs": page("\0" * 1_000_000),
    "bad character references": page("&#x10FFFF;&#0;&#xD800;&#99999999999;" * 50_000),
    "an open comment": page("<!--" + "-" * 4_000_000),
    "a word of 4,000,000 letters": page("<p>" + "a" * 4_000_000 + "</p>"),
    "4,000,000 spaces": page("<p>a" + " " * 4_000_000 + "b</p>"),
    "a script that never ends": "<html><body><script>" + "x" * 4_000_000,
    "only <": "<" * 4_000_000,
    "an attribute that never ends": "<html><body><a href='" + '"' * 4_000_000,
    "what would backtrack": BACKTRACKING,
    "deep JSON": HEALTHY.replace("<body>", f'<body><script type="application/ld+json">{"[" * 100_000}</script>'),
}
DEADLY = {  # what still costs more than it should, in trafilatura 2.3.1 and libxml2 2.14: limits end it
    "200,000 attributes": (page(f"<p {' '.join(f'a{n}=1' for n in range(200_000))}>x</p>"), "over_cpu"),
    "90,000 spanned cells": (
        page(f"<table><tr>{'<td colspan=100 rowspan=100>word</td>' * 300}</tr>{'<tr><td>x</td></tr>' * 300}</table>"),
        "over_cpu",
    ),
    "a regular expression that backtracks": (
        BACKTRACKING.replace("loft", "loft, as a DiscussionForumPosting says,"),
        "over_cpu",
    ),
    "5,000,001 characters": ("x" * 5_000_001, "over_size"),
}


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(Trafilatura(), LIMITS) as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def healthy_text() -> str:
    extracted = Trafilatura().extract(HEALTHY)
    assert extracted is not None
    return extracted.text


@pytest.mark.parametrize("name", HARMLESS)
def test_a_page_that_looks_deadly_is_survived(sandbox: Sandbox, healthy_text: str, name: str) -> None:
    starts = sandbox.starts
    found = sandbox.extract(HARMLESS[name])
    assert found is None or "loft by noon" in found.text
    assert sandbox.extract(HEALTHY).text == healthy_text
    assert sandbox.starts <= starts + 1


@pytest.mark.parametrize("name", DEADLY)
def test_a_page_that_takes_too_much_is_stopped_and_marked(sandbox: Sandbox, healthy_text: str, name: str) -> None:
    html, reason = DEADLY[name]
    with pytest.raises(RecordError) as caught:
        sandbox.extract(html)
    assert caught.value.reason == reason
    assert caught.value.by_limit
    assert sandbox.extract(HEALTHY).text == healthy_text


@pytest.mark.skipif(sys.platform != "linux", reason="memory is watched through /proc")
def test_a_page_that_bloats_is_stopped_by_its_memory() -> None:
    bloated = page("word<br>" * 300_000)
    limits = replace(LIMITS, memory_bytes=200 << 20, cpu_seconds=30)
    with Sandbox(Trafilatura(), limits) as sandbox:
        with pytest.raises(RecordError) as caught:
            sandbox.extract(bloated)
        assert (caught.value.reason, caught.value.by_limit) == ("over_memory", True)
        assert limits.memory_bytes < sandbox.peak_rss_bytes < 2 * limits.memory_bytes


def test_an_entity_that_names_a_file_reads_no_file(sandbox: Sandbox, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("the secret of the mill")
    entity = f'<?xml version="1.0"?><!DOCTYPE html [<!ENTITY x SYSTEM "{(tmp_path / "secret").as_uri()}">]>'
    found = sandbox.extract(entity + page("<p>Here it is: &x; and that was the whole of the secret.</p>"))
    assert "Here it is" in found.text
    assert "secret of the mill" not in found.text
