"""Pages that are surely in another language are told from two glances at their HTML."""

import re
import time
from html import unescape
from pathlib import Path

import orjson
import pytest
from hostile_markup import soup
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from filters import language_guess
from filters.language import LID_176
from filters.language_guess import MARKUP_CHARS, LanguageGuess, glances
from filters.language_model import model_knowing
from pipeline.archives.decode import decode
from pipeline.archives.warc import read_record_at
from pipeline.errors import RecipeError
from pipeline.pages import Pages

ENGLISH = "The miller ground three sacks of rye before the frost came, and the wheel stood still for the winter. "
GERMAN = "Der Müller mahlte drei Säcke Roggen, bevor der Frost kam, und das Rad stand den ganzen Winter über still. "
RUSSIAN = "Мельник смолол три мешка ржи до наступления морозов, и колесо стояло всю зиму. "


def page(*parts: str) -> str:
    return f"<html><head><title>x</title></head><body>{''.join(f'<p>{part}</p>' for part in parts)}</body></html>"


def judged(*htmls: str, gate: LanguageGuess | None = None) -> list[str | None]:
    return (gate or LanguageGuess()).judge(Pages([""] * len(htmls), htmls=htmls)).reasons


def test_a_page_of_another_language_stops_and_an_english_one_passes() -> None:
    assert judged(page(GERMAN * 20), page(ENGLISH * 20), page(RUSSIAN * 20)) == [
        "surely_other_language",
        None,
        "surely_other_language",
    ]


def test_english_in_the_second_glance_is_enough() -> None:
    assert judged(page(GERMAN * 12, ENGLISH * 30)) == [None]


def test_a_page_that_shows_nothing_passes_without_a_score() -> None:
    answer = LanguageGuess().judge(Pages(["", ""], htmls=["", "<body><script>var der = 'Müller';</script></body>"]))
    assert answer.reasons == [None, None]
    assert answer.signals.column("language_guess_score").to_pylist() == [None, None]


def test_every_wanted_language_counts() -> None:
    assert judged(page(GERMAN * 20), page(RUSSIAN * 20), gate=LanguageGuess(languages=("en", "de"))) == [
        None,
        "surely_other_language",
    ]


@pytest.mark.parametrize("hidden", ["script", "style", "noscript", "svg", "template"])
def test_what_is_not_shown_is_not_read(hidden: str) -> None:
    html = page(f"<{hidden}>{ENGLISH * 5}</{hidden}>" + GERMAN * 20)
    assert "miller" not in next(glances(html, 1000))
    assert judged(html) == ["surely_other_language"]


def test_a_glance_that_begins_within_a_script_begins_behind_it() -> None:
    html = f"<body><p>{GERMAN}</p><script>{'if (a < b) { miller(); } ' * 400}</script><p>{GERMAN * 20}</p></body>"
    first, second = glances(html, 1000)
    assert "miller()" not in first + second
    assert second.startswith("Der Müller")


def test_a_glance_has_the_characters_that_were_asked_for_and_reads_entities() -> None:
    first, _ = glances(page("a&amp;b &lt; c <!-- no > --> d" + " e" * 500), 100)
    assert first.startswith("a&b < c d e")
    assert len(first) == 100


def test_a_glance_gives_up_behind_its_share_of_markup() -> None:
    assert next(glances("<body>" + "<br>" * MARKUP_CHARS + ENGLISH, 100)) == ""


@given(st.text(alphabet="<>/!-= abcscripttitle\n&;ü", max_size=300) | st.text(max_size=300), st.integers(1, 50))
@settings(deadline=None)  # the first call loads the model
def test_any_text_can_be_glanced_at(html: str, chars: int) -> None:
    assert all(len(glance) <= chars for glance in glances(html, chars))
    assert judged(html)[0] in {None, "surely_other_language"}


NOT_SHOWN = frozenset({"script", "style", "noscript", "svg", "template", "title"})
TAG_NAME = re.compile(r"[a-z]+", re.IGNORECASE)


def behind(html: str, tag: int, end: int) -> int:
    """Where a tag ends, or the comment or the hidden element that it begins."""
    if html.startswith("<!--", tag):
        return after(html, "-->", tag, end)
    name = TAG_NAME.match(html, tag + 1)
    behind = after(html, ">", tag, end)
    if name and name[0].lower() in NOT_SHOWN:
        return after(html, ">", after(html, f"</{name[0]}", behind, end), end)
    return behind


def after(html: str, what: str, place: int, end: int) -> int:
    found = html.find(what, place, end)
    return found + len(what) if found >= 0 else end


def tag_by_tag(html: str, place: int, chars: int) -> str:
    """What a glance shows, by its definition: between each tag and the next, behind what is hidden."""
    pieces: list[str] = []
    held, end = 0, min(len(html), place + language_guess.MARKUP_CHARS)
    while place < end and held < chars:
        tag = html.find("<", place, end)
        if piece := html[place : tag if tag >= 0 else end].strip():
            pieces.append(piece)
            held += len(piece)
        if tag < 0:
            break
        place = behind(html, tag, end)
    return unescape(" ".join(" ".join(pieces).split()))[:chars]


HIDING = (
    "script",
    "Style",
    "NOSCRIPT",
    "svg",
    "template",
    "title",
    "scripts",
    "strong",
    "span",
    "section",
    "nosuch",
    "tt",
    "\u017fcript",
    "style\u017f",
    "SVG\u212a",
    "title\u0130",
    "svg\u0131",
    "svg1",
)
ODD = ("<", ">", "<>", "</", "< p>", "<!-->", "<!", "<br/>", " \x1c\u3000", "\n", "words", "&lt;", "<a b='>'>")
MARKUP = st.lists(st.sampled_from([*ODD, *(f"<{name}>" for name in HIDING), *(f"</{name} >" for name in HIDING)])).map(
    "".join
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(MARKUP | soup(HIDING, ODD) | st.text(), st.integers(0, 60), st.integers(1, 60), st.integers(1, 200))
def test_a_glance_is_what_stands_between_the_tags(
    monkeypatch: pytest.MonkeyPatch, html: str, place: int, chars: int, most: int
) -> None:
    monkeypatch.setattr(language_guess, "MARKUP_CHARS", most)
    assert language_guess._shown(html, place, chars) == tag_by_tag(html, place, chars)


def test_space_is_what_python_takes_for_it() -> None:
    for code in [*range(0x3100), 0xD800, 0xFEFF, 0x1D11E]:
        char = chr(code)
        assert language_guess._shown(f"<p> {char}\n<b>", 0, 9) == tag_by_tag(f"<p> {char}\n<b>", 0, 9), hex(code)


@pytest.mark.parametrize("piece", ["<", "< ", "<p", "<p> ", "  ", "<b>x", "<!", "<script", "<script></", "<s", "<p a"])
def test_a_glance_takes_time_that_grows_with_its_share_of_markup(piece: str) -> None:
    def seconds(size: int) -> float:
        html = piece * (size // len(piece))
        start = time.process_time()
        language_guess._shown(html, 0, size)
        return time.process_time() - start

    short, long = min(seconds(MARKUP_CHARS // 16) for _ in range(3)), min(seconds(MARKUP_CHARS) for _ in range(3))
    assert long < 16 * 6 * max(short, 0.0005)


@pytest.mark.parametrize("wrong", [{"min_score": 2.0}, {"languages": ()}])
def test_what_cannot_be_meant_is_refused(wrong: dict) -> None:
    with pytest.raises(RecipeError):
        LanguageGuess(**wrong)


def test_a_language_that_the_model_does_not_know_is_refused() -> None:
    with pytest.raises(RecipeError, match="knows no 'eng_Latn'"):
        LanguageGuess(languages=("eng_Latn",)).check()


@pytest.mark.corpus
def test_no_page_of_the_corpus_that_is_english_is_stopped(corpus: Path, corpus_pages: list[dict]) -> None:
    """A page in eight; of all 1,743 none of the 768 English ones was, and 876 of the others were."""
    model = model_knowing(LID_176, ("en",))
    english = others = 0
    listed = [orjson.loads(line) for line in (corpus / "crawl" / "pages.jsonl").read_bytes().splitlines()]
    for place, about in list(zip(listed, corpus_pages, strict=True))[::8]:
        with (corpus / "crawl" / place["warc"]).open("rb") as file:
            file.seek(place["offset"])
            record = read_record_at(file, place["warc"])
        html = decode(record.body, record.http_charset).text
        assert language_guess._shown(html, len(html) // 3, 1000) == tag_by_tag(html, len(html) // 3, 1000)
        stopped = judged(html) != [None]
        scores = model.scores(about["text"]) if about["text"] else {}
        if max(scores, key=scores.__getitem__, default="") == "en":
            english += 1
            assert not stopped, about["id"]
        else:
            others += stopped
    assert english > 50
    assert others > 50
