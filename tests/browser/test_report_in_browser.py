"""The report in a real browser: it asks nobody for anything, says nothing on the console, and no text of a page can act."""

from pathlib import Path
from typing import Any

import polars as pl
import pytest
from watching import watched

from jobs.looking import open_run
from jobs.looking.parts import explainer
from pipeline.report.gathering import gather
from pipeline.report.page import MOST_BYTES, written
from pipeline.runs import open_run as open_record
from pipeline.storage import open_storage

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def page(hostile: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = open_record(open_storage(str(hostile)))
    file = tmp_path_factory.mktemp("report") / "report.html"
    file.write_bytes(written(gather(run, explain=explainer(run), each=30)).encode())
    return file


def test_the_crawl_has_hostile_pages_on_every_way(hostile: Path, page: Path) -> None:
    """The tests below would say little if the attacks never reached the report."""
    run = open_run(str(hostile))
    reasons = run.records("reason", "verdict")
    assert reasons.filter(pl.col("verdict") == "keep").height >= 5
    assert {"many_repeated_chars", "near_duplicate"} & set(reasons["reason"].drop_nulls())
    text = page.read_text()
    for attack in ("window.acted=1;", "onerror=", "javascript:window.acted", "collector.example.net", "acted=11"):
        assert attack in text


@pytest.mark.parametrize(
    "options",
    [
        {"viewport": {"width": 1280, "height": 900}},
        {"viewport": {"width": 400, "height": 800}, "color_scheme": "dark"},
    ],
    ids=["desk", "phone"],
)
def test_nothing_that_a_page_says_is_done(browser: Any, page: Path, options: dict[str, Any]) -> None:
    with watched(browser, page, **options) as seen:
        assert seen.page.title() == "hostile: Gristmill report"
        assert seen.page.evaluate("window.acted") is None
        assert (
            seen.count("script, iframe, img, object, embed, base, form, input, svg a, [onerror], [onload], [onclick]")
            == 0
        )
        assert seen.count("style") == 1
        assert seen.count("meta") == 4
        assert seen.page.evaluate("[...document.links].every(link => link.getAttribute('href').startsWith('#'))")
        assert seen.page.evaluate(
            "[...document.querySelectorAll('*')].every(e => ![...e.attributes].some(a => a.name.startsWith('on')))"
        )
        assert seen.quiet(), (seen.console, seen.requests, seen.other)
        assert seen.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), "wider than the screen"
        assert seen.page.evaluate("getComputedStyle(document.querySelector('h1')).display") == "block"


def test_the_report_is_one_bounded_file_without_control_characters(page: Path) -> None:
    text = page.read_text()
    assert len(text.encode()) < MOST_BYTES
    assert not [
        char for char in text if (ord(char) < 32 and char not in "\n\t") or char in "\u202e\u2066\u2028\ufeff\x7f"
    ]


def test_a_notebooks_excerpt_is_as_harmless(browser: Any, hostile: Path, tmp_path: Path) -> None:
    run = open_run(str(hostile))
    shown = [run.show_kept(20), run.show_duplicates(), *map(run.show_dropped, run.funnel()["reason"].drop_nulls())]
    file = tmp_path / "excerpt.html"
    file.write_text(
        "<!doctype html><title>still here</title><meta charset=utf-8>" + "".join(each._repr_html_() for each in shown)
    )
    with watched(browser, file) as seen:
        assert seen.page.title() == "still here"
        assert seen.page.evaluate("window.acted") is None
        assert seen.count("script, iframe, img, a, base") == 0
        assert seen.count("mark") > 0
        assert seen.quiet(), (seen.console, seen.requests, seen.other)


def test_the_watch_sees_a_page_that_acts(browser: Any, tmp_path: Path) -> None:
    """What the other tests find nothing of would be found."""
    file = tmp_path / "acting.html"
    file.write_text(
        "<title>before</title><script>window.acted=1;document.title='taken';console.log('hello');alert(1)</script>"
        "<img src='missing.png' onerror='window.acted=2'>"
    )
    with watched(browser, file) as seen:
        assert seen.page.title() == "taken"
        assert seen.page.evaluate("window.acted") == 2
        assert seen.count("script") == 1
        assert seen.console
        assert [url for url in seen.requests if url.endswith("missing.png")]
        assert seen.other == ["dialog 1"]


def test_the_policy_alone_would_stop_a_script(browser: Any, page: Path, tmp_path: Path) -> None:
    """A second wall: were a string ever written unescaped, the page's own policy forbids what it could do."""
    file = tmp_path / "pierced.html"
    hole = "<script>window.acted=1</script><img src='missing.png' onerror='window.acted=2'></main>"
    file.write_text(page.read_text().replace("</main>", hole))
    with watched(browser, file) as seen:
        assert seen.count("script") == 1
        assert seen.page.evaluate("window.acted") is None
        assert {seen.refused.get(url) for url in seen.requests} <= {"csp"}
        assert any("Content Security Policy" in said for said in seen.console)
