"""Markdown is what an unmodified trafilatura makes of the page; only formulas that it would lose are added."""

import re
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from plain_trafilatura import Library
from test_extraction import PAGES, SOUP, STORY, page

from jobs.synthetic.crawl import ordinary_page
from pipeline.archives.decode import decode
from pipeline.archives.warc import read_record_at
from pipeline.extraction import Trafilatura
from pipeline.main_content.formulas import TEX_IMAGE, TEX_TYPE

OURS = Trafilatura(output="markdown")
# What of a page makes a difference by design: formulas that trafilatura does not read, and what scripts drew of them.
BY_DESIGN = re.compile(rf"<math|katex|mathjax|mjx-|(?:{TEX_TYPE.pattern})|(?:{TEX_IMAGE.pattern})", re.IGNORECASE)
RICH = (
    "<h2>Prices</h2><ul><li>rye<ul><li>coarse</li></ul></li><li>oats</li></ul><ol start=3><li>sift</li></ol>"
    "<table><tr><th colspan=2>grain</th></tr><tr><td rowspan=2>rye</td><td>2</td></tr><tr><td>3</td></tr></table>"
    "<pre><code>def grind(rye):\n    return rye / 2</code></pre><blockquote>so he <i>said</i> to <b>all</b></blockquote>"
    '<p>See <a href="/book">the book</a>, <del>or not</del>, <code>a | b</code> and 2 * 3 * 4 or x_1_2.<br>Then go.</p>'
)


@pytest.fixture(scope="module")
def library() -> Iterator[Library]:
    library = Library()
    yield library
    library.close()


def ours(html: str) -> str:
    found = OURS.extract(html)
    return found.text if found else ""


def theirs(library: Library, html: str) -> str:
    return library.extract(html, output_format="markdown")


def test_a_made_up_page_has_the_library_s_markdown(library: Library) -> None:
    for number in range(40):
        html = ordinary_page(12, number).body.decode()
        assert ours(html) == theirs(library, html)


@pytest.mark.parametrize("body", [STORY + RICH, RICH + STORY, RICH, STORY + RICH * 5, STORY.replace("<p>", "<p><b>")])
def test_a_page_with_all_that_markdown_has_is_the_library_s(library: Library, body: str) -> None:
    assert ours(page(body)) == theirs(library, page(body)) != ""


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(PAGES | SOUP | SOUP.map(page) | st.tuples(PAGES, st.just(RICH)).map(lambda parts: page(parts[1] + parts[0])))
def test_any_page_without_formulas_has_the_library_s_markdown(library: Library, html: str) -> None:
    assert ours(html) == theirs(library, html)


FORMULAS = st.sampled_from(
    [
        '<script type="math/tex">a_{0}^2</script>',
        '<script type="math/tex; mode=display">\\int f</script>',
        '<img class="mwe-math-fallback-image-inline" alt="{x^3}" src="x.png">',
    ]
)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.tuples(st.integers(1, 9), FORMULAS), max_size=8))
def test_a_formula_is_added_and_no_word_around_it_is_another(library: Library, told: list[tuple[int, str]]) -> None:
    lines = [
        f"<p>Sack {number} was ground {formula} in the time of {'night and ' * times}day, as he wrote {formula} there.</p>"
        for number, (times, formula) in enumerate(told)  # no two alike: what comes too often is dropped
    ]
    html = page(STORY + "".join(lines))
    found = ours(html)
    assert plain_words(found) == plain_words(theirs(library, html))
    assert found.count("$") >= 4 * len(told)


def plain_words(markdown: str) -> list[str]:
    """The words outside formulas."""
    return re.sub(r"\$\$[^$]*\$\$|\$[^$\n]*\$", " ", markdown).split()


@pytest.mark.corpus
def test_a_real_page_without_formulas_has_the_library_s_markdown(library: Library, corpus: Path) -> None:
    """A page in twenty."""
    compared = 0
    for line in (corpus / "crawl" / "pages.jsonl").read_bytes().splitlines()[::20]:
        about = orjson.loads(line)
        with (corpus / "crawl" / about["warc"]).open("rb") as file:
            file.seek(about["offset"])
            record = read_record_at(file, about["warc"])
        html = decode(record.body, record.http_charset).text
        if not BY_DESIGN.search(html):
            assert ours(html) == theirs(library, html), about["url"]
            compared += 1
    assert compared > 50
