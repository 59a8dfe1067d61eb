"""Only HTML passes."""

import pytest

from filters.html_only import HtmlOnly
from pipeline.measures import Gate
from pipeline.pages import Pages


def judged(*mimes: str | None, gate: HtmlOnly | None = None) -> list[str | None]:
    gated = (gate or HtmlOnly()).judge(Pages([""] * len(mimes), mimes=mimes))
    assert gated.signals.num_rows == len(mimes)
    return gated.reasons


def test_it_is_a_gate() -> None:
    assert isinstance(HtmlOnly(), Gate)


@pytest.mark.parametrize("mime", ["text/html", "application/xhtml+xml", "TEXT/HTML", "text/html; charset=utf-8"])
def test_html_passes_however_it_is_written(mime: str) -> None:
    assert judged(mime) == [None]


@pytest.mark.parametrize("mime", ["image/png", "application/pdf", "text/plain", "text/htmlx", "", ";", None])
def test_anything_else_and_the_unknown_is_stopped(mime: str | None) -> None:
    assert judged(mime) == ["not_html"]


def test_a_recipe_for_extracted_text_may_admit_plain_text() -> None:
    gate = HtmlOnly(mimes=("text/plain",))
    assert judged("text/plain", "text/html", gate=gate) == [None, "not_html"]


def test_no_pages_are_no_answer() -> None:
    assert judged() == []
