"""Title, author and date of a page: what it says of itself, the same on every day."""

import pytest

from pipeline.extraction import Trafilatura
from pipeline.measures import Extracted
from pipeline.page_metadata import FACT_CHARS, PageMetadata

BODY = "<body><article><p>The miller ground three sacks of rye before the frost came.</p></article></body>"


def told(head: str, body: str = BODY, **parameters: str) -> Extracted:
    return PageMetadata(**parameters).beside("text", f"<html><head>{head}</head>{body}</html>")


def test_the_head_tells_title_author_and_date() -> None:
    head = (
        "<title>The  mill\nof Ayr</title><meta name='author' content='Jane Miller'>"
        "<meta property='article:published_time' content='2019-03-04T23:59:00-08:00'>"
    )
    assert told(head) == Extracted("text", "The mill of Ayr", "Jane Miller", "2019-03-04")


def test_linked_data_tells_them_too() -> None:
    data = (
        '{"@context": "https://schema.org", "@type": "NewsArticle", "headline": "The mill stands still", '
        '"author": {"@type": "Person", "name": "Jane Miller"}, "datePublished": "2020-01-02"}'
    )
    found = told(f'<script type="application/ld+json">{data}</script>')
    assert (found.title, found.author, found.published) == ("The mill stands still", "Jane Miller", "2020-01-02")


def test_what_the_page_does_not_give_is_none() -> None:
    assert told("") == Extracted("text")


def test_a_date_after_the_last_that_counts_is_none_and_today_is_not_asked() -> None:
    head = "<meta property='article:published_time' content='2031-03-04'>"
    assert told(head).published == "2031-03-04"
    assert told(head, latest="2030-12-31").published is None


def test_a_title_of_any_length_is_cut() -> None:
    assert told(f"<title>{'x' * 50_000}</title>").title == "x" * FACT_CHARS


@pytest.mark.parametrize("html", ["", "<", "\0", "<html></html>", "a\ud800b", "<title>half \ud800</title><p>x"])
def test_no_page_is_too_odd(html: str) -> None:
    found = PageMetadata().beside("text", html)
    assert found.text == "text"
    assert all(value is None or value.encode() for value in (found.title, found.author, found.published))


def test_a_page_whose_metadata_cannot_be_read_has_its_text(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise KeyError("author")

    monkeypatch.setattr("trafilatura.metadata.extract_metadata", broken)
    assert PageMetadata().beside("text", "<title>x</title>") == Extracted("text")
    assert Trafilatura(metadata=PageMetadata()).extract(f"<html>{BODY}</html>") is not None
