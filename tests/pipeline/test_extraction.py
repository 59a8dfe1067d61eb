"""Trafilatura as an extractor: the same page has the same text whatever was extracted before it."""

import pickle
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import orjson
import pytest
from hostile_markup import anything, soup
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from plain_trafilatura import SETTINGS, Library
from trafilatura import xpaths

from jobs.synthetic.crawl import ordinary_page
from pipeline.archives.decode import decode
from pipeline.archives.warc import read_record_at
from pipeline.errors import RecordError
from pipeline.extraction import Trafilatura
from pipeline.main_content.element_search import AttributeSearch
from pipeline.measures import Extractor
from pipeline.sandbox import Limits, Sandbox

SENTENCE = "The miller of {} ground {} sacks of rye before the frost came and the wheel stood still for the winter. "
STORY = "".join(
    f"<p>{SENTENCE.format(place, n) * 2}</p>" for n, place in enumerate(("Ayr", "Bern", "Cork", "Dover"), 2)
)
MENU = "<nav><ul>" + "".join(f'<li><a href="/{n}">Item {n}</a></li>' for n in range(30)) + "</ul></nav>"
REFRAIN = "<p>" + "Grind slowly, grind exceeding fine, and let no sack be counted twice by anyone at all. " * 2 + "</p>"


def page(body: str) -> str:
    return f"<html><head><title>The mill</title></head><body>{MENU}<article>{body}</article></body></html>"


def text(html: str, extractor: Extractor | None = None) -> str:
    extracted = (extractor or Trafilatura()).extract(html)
    assert extracted is not None
    return extracted.text


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(Trafilatura(), Limits()) as sandbox:
        yield sandbox


def test_it_is_an_extractor_whose_engines_are_installed() -> None:
    assert isinstance(Trafilatura(), Extractor)
    assert all(version(engine) for engine in Trafilatura.engines)
    assert pickle.loads(pickle.dumps(Trafilatura(fast=True))) == Trafilatura(fast=True)


def test_the_story_is_kept_and_the_menu_is_not() -> None:
    found = text(page(STORY))
    assert [line[:20] for line in found.splitlines()] == [
        "The miller of Ayr gr",
        "The miller of Bern g",
        "The miller of Cork g",
        "The miller of Dover ",
    ]
    assert "Item" not in found


def test_a_page_extracted_five_times_has_one_text() -> None:
    assert len({text(page(STORY + REFRAIN)) for _ in range(5)}) == 1


def test_a_page_is_not_changed_by_pages_that_share_its_paragraphs() -> None:
    alone = text(page(STORY + REFRAIN))
    for n in range(5):
        text(page(REFRAIN + STORY + f"<p>Page {n} has this of its own to say, and no other page says it.</p>"))
    assert text(page(STORY + REFRAIN)) == alone


def test_trafilaturas_own_memory_would_have_changed_it(monkeypatch: pytest.MonkeyPatch) -> None:
    from trafilatura import deduplication, extract

    monkeypatch.setattr(deduplication, "LRU_TEST", deduplication.LRUCache(maxsize=4096))

    texts = [extract(page(STORY + REFRAIN), favor_precision=True, deduplicate=True) for _ in range(5)]
    assert len(set(texts)) > 1  # when this fails, the per-page memory can go


def test_a_paragraph_that_comes_again_is_dropped_from_its_fourth_time_on() -> None:
    html = page("".join(f"<p>{SENTENCE.format(f'town {n}', n) * 2}</p>{REFRAIN}" for n in range(9)))
    assert text(html).count("Grind slowly") == 2 * 3
    assert text(html, Trafilatura(deduplicate=False)).count("Grind slowly") == 2 * 9


def test_comments_are_kept_only_when_asked_for() -> None:
    comment = "I ground my rye there myself, back when the old miller could still see the stones."
    html = page(STORY).replace(
        "</body>", f'<div id="comments"><div class="comment"><p>{comment}</p></div></div></body>'
    )
    assert comment not in text(html)
    assert comment in text(html, Trafilatura(include_comments=True))


@pytest.mark.parametrize("html", ["", " ", "<html></html>", "<html><body></body></html>", "\0", "<"])
def test_a_page_without_text_is_none(html: str) -> None:
    assert Trafilatura().extract(html) is None


def test_naming_the_extractor_does_not_load_trafilatura() -> None:
    code = "import sys, pipeline.extraction, pipeline.sandbox; assert not {'trafilatura', 'lxml'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[2])


def test_the_child_finds_the_same_text_as_this_process(sandbox: Sandbox) -> None:
    for html in (page(STORY), page(STORY + REFRAIN * 9), page("<p>Ünïcödé 漢字 — “quoted” 😀 text</p>" + STORY), ""):
        assert sandbox.extract(html) == Trafilatura().extract(html)


SOUP = soup()


@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(anything(SOUP, page))
def test_any_input_gives_text_or_a_record_error(sandbox: Sandbox, html: str) -> None:
    try:
        found = sandbox.extract(html)
    except RecordError as error:
        assert error.reason in {"extractor_error", "extractor_crashed"}  # noqa: PT017
    else:
        assert found is None or (found.text and found.text.encode())
        assert sandbox.extract(html) == found


@pytest.mark.corpus
def test_the_text_of_real_pages_does_not_depend_on_their_order(corpus: Path, corpus_pages: list[dict]) -> None:
    import gzip

    import orjson
    from resiliparse.parse.encoding import bytes_to_str, detect_encoding

    texts = {known["id"]: known["text"] for known in corpus_pages}
    listed = [orjson.loads(line) for line in (corpus / "crawl" / "pages.jsonl").read_bytes().splitlines()][::-23]
    with Sandbox(Trafilatura(), Limits()) as sandbox:
        for entry in listed:
            with (corpus / "crawl" / entry["warc"]).open("rb") as file:
                file.seek(entry["offset"])
                record = gzip.decompress(file.read(entry["length"]))
            body = record.split(b"\r\n\r\n", 2)[2].removesuffix(b"\r\n\r\n")
            found = sandbox.extract(bytes_to_str(body, entry.get("charset") or detect_encoding(body)))
            assert (found.text if found else "") == texts[entry["record_id"]], entry["record_id"]
    assert sandbox.starts == 1


@pytest.fixture(scope="module")
def library() -> Iterator[Library]:
    library = Library()
    yield library
    library.close()


def faster(html: str, **settings: bool) -> str:
    found = Trafilatura(**(SETTINGS | settings)).extract(html)
    return found.text if found else ""


@pytest.mark.parametrize(
    "setting", [{}, {"fast": True}, {"favor_precision": False}, {"include_comments": True}], ids=str
)
def test_what_makes_it_faster_changes_no_text_of_a_made_up_page(library: Library, setting: dict[str, bool]) -> None:
    for number in range(40):
        html = ordinary_page(11, number).body.decode()
        assert faster(html, **setting) == library.extract(html, **setting)
    assert all(isinstance(search, AttributeSearch) for search in xpaths.OVERALL_DISCARD_XPATH)


WORDS = st.sampled_from(
    ["The miller ground three sacks of rye before the frost came, and the wheel stood still. ", "Grain. ", ""]
)
CLASSES = [
    "",
    "post",
    "entry-content",
    "article",
    "comment",
    "comments",
    "social share",
    "teaser",
    "sidebar",
    "link",
    "hidden",
]
CLASSES += [
    "main-content",
    "infinite-scroll",
    "caption",
    "nav",
    "author",
    "x bottom",
    "footer",
    "cookie-banner",
    "reply-",
]
BLOCKS = [
    "div",
    "div",
    "p",
    "p",
    "section",
    "article",
    "ul",
    "ol",
    "li",
    "dl",
    "dd",
    "span",
    "table",
    "tr",
    "td",
    "h1",
    "h2",
]
BLOCKS += [
    "form",
    "figure",
    "details",
    "summary",
    "header",
    "aside",
    "blockquote",
    "pre",
    "a",
    "b",
    "br",
    "nav",
    "main",
    "script",
]


@st.composite
def blocks(draw: st.DrawFn, depth: int = 0) -> str:
    tag, name = draw(st.sampled_from(BLOCKS)), draw(st.sampled_from(["class", "id", "style", "role"]))
    inside = [draw(WORDS) * draw(st.integers(0, 6))]
    for _ in range(draw(st.integers(0, 4)) if depth < 4 else 0):
        inside += [draw(blocks(depth + 1)), draw(WORDS)]
    return f'<{tag} {name}="{draw(st.sampled_from(CLASSES))}">{"".join(inside)}</{tag}>'


PAGES = st.lists(blocks(), min_size=1, max_size=6).map(lambda parts: f"<html><body>{''.join(parts)}</body></html>")


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(PAGES | SOUP | SOUP.map(page), st.sampled_from([{}, {}, {"fast": True}, {"favor_precision": False}]))
def test_what_makes_it_faster_changes_no_text_of_any_page(
    library: Library, html: str, setting: dict[str, bool]
) -> None:
    assert faster(html, **setting) == library.extract(html, **setting)


@pytest.mark.parametrize(
    "html",
    [
        page(STORY).replace("miller", "mil\0ler\x01"),
        "\ufeff" + page(STORY),
        page(STORY + "\ufffe\uffff"),
        '<?xml version="1.0" encoding="latin-1"?>' + page(STORY),
        '<!DOCTYPE html PUBLIC "x" /> ' + page(STORY),
        "<!doctype html>" + page(STORY),
        page(STORY).replace("<html>", '<html lang="en"/>'),
        f"<div>{STORY}</div>",
        STORY,
        page(STORY).replace("<html>", "<HTML>" + " " * 5000 + "\n"),
        page(
            f'<script type="application/ld+json">{{"@type": "DiscussionForumPosting"}}</script><div id="comments">{STORY}</div>'
        ),
        page(f'<div class="infinite-scroll">{STORY}</div>'),
        page("<p>Grind.</p>" * 200),
    ],
)
def test_an_odd_page_is_read_as_the_library_reads_it(library: Library, html: str) -> None:
    assert faster(html) == library.extract(html)


@pytest.mark.corpus
def test_what_makes_it_faster_changes_no_text_of_a_real_page(library: Library, corpus: Path) -> None:
    """A page in twenty; all 2,182 of the corpus were compared when this was written."""
    pages = [orjson.loads(line) for line in (corpus / "crawl" / "pages.jsonl").read_bytes().splitlines()][::20]
    for about in pages:
        with (corpus / "crawl" / about["warc"]).open("rb") as file:
            file.seek(about["offset"])
            record = read_record_at(file, about["warc"])
        html = decode(record.body, record.http_charset).text
        assert faster(html) == library.extract(html), about["url"]
