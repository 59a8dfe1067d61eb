"""What is marked in a page is what was measured: the marks add up to the signals."""

import re
from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from filters.c4 import C4Lines
from filters.gopher_quality import GopherQuality
from filters.gopher_repetition import DUP_SIZES, TOP_SIZES, GopherRepetition
from filters.line_quality import LineQuality
from filters.personal_data import PersonalData
from filters.url import UrlPolicy
from pipeline.evidence import Explains, Span, split_lines_of, words_of
from pipeline.pages import Pages
from pipeline.words import split_words


def assert_in_order_and_apart(part: Explains, text: str) -> None:
    assert isinstance(part, Explains)
    for signal in part.signals.names:  # type: ignore[attr-defined]
        spans = part.evidence(text, signal)
        assert all(0 <= span.start < span.end <= len(text) for span in spans)
        assert all(one.end <= other.start for one, other in pairwise(spans))
        assert all(span.what for span in spans)


TEXTS = [
    "",
    "One line of prose that ends as it should.",
    "menu\nhome\nabout\nmenu\nhome\nabout\n\n\nthe end of the menu is here",
    "A paragraph.\n\nAnother one.\n\nA paragraph.\n\n\nA paragraph.",
    "  \n leading blanks and a tab\t\n\n- a bullet\n• another\n-\nit goes on ...\nand on…\n# # hash",
    "the same five words again the same five words again the same five words again and then the end of it",
    "123 45:67 | -- | 8 9 the and of to be that have with it's 2,000 x1",
    "a b a b a b a b",
    "\u2028odd\x0bline\rbreaks\x85here\n" * 3,
    "lorem ipsum { dolor } sit amet, Lorem Ipsum {",
    "write to someone.else@mail.example.net or 8.8.8.8 and 10.0.0.1, or to nobody@nowhere.example.org now",
]
MEASURES = [LineQuality(), GopherQuality(), GopherRepetition()]

words = st.sampled_from(["the", "and", "of", "a", "stone", "mill", "12", "#", "...", "…", "-", "•", "x.", "Wait!", "{"])
breaks = st.sampled_from([" ", " ", " ", "\n", "\n\n", "\n\n\n", "\r\n", "\t"])
generated = st.lists(st.tuples(words, breaks), max_size=60).map(lambda pairs: "".join(a + b for a, b in pairs))


def measured(part: LineQuality | GopherQuality | GopherRepetition, text: str) -> dict:
    return part.measure(Pages([text])).to_pylist()[0]


def nonblank(text: str) -> list[str]:
    return [line for line in text.split("\n") if line and not line.isspace()]


def chars(text: str, spans: list[Span]) -> int:
    return sum(len(text[span.start : span.end]) for span in spans)


def tight(text: str, spans: list[Span]) -> int:
    """Characters of the marked words, without what stands between them."""
    return sum(len("".join(split_words(text[span.start : span.end]))) for span in spans)


def per(count: float, whole: int) -> float | None:
    return count / whole if whole else None


LINES = LineQuality()
QUALITY = GopherQuality()
REPETITION = GopherRepetition()

TIES: dict[str, Callable[[str, list[Span]], float | None]] = {
    "line_punct_ratio": lambda text, spans: per(len(nonblank(text)) - len(spans), len(nonblank(text))),
    "short_line_ratio": lambda text, spans: per(len(spans), len(nonblank(text))),
    "char_dup_ratio": lambda text, spans: (
        per(chars(text, spans), len(text) - text.count("\n")) if nonblank(text) else None
    ),
    "newline_word_ratio": lambda text, spans: per(len(spans), len(split_words(text))) if nonblank(text) else None,
    "hash_word_ratio": lambda text, spans: per(len(spans), len(split_words(text))),
    "ellipsis_word_ratio": lambda text, spans: per(len(spans), len(split_words(text))),
    "bullet_line_ratio": lambda text, spans: per(len(spans), len(text.splitlines())),
    "ellipsis_line_ratio": lambda text, spans: per(len(spans), len(text.splitlines())),
    "alpha_word_ratio": lambda text, spans: per(len(split_words(text)) - len(spans), len(split_words(text))),
    "stop_word_count": lambda text, spans: len({text[span.start : span.end] for span in spans}),
    "dup_line_char_ratio": lambda text, spans: per(chars(text, spans), len(text)),
    "dup_para_char_ratio": lambda text, spans: per(chars(text, spans), len(text)),
}


def owner(signal: str) -> LineQuality | GopherQuality | GopherRepetition:
    return next(part for part in MEASURES if signal in part.signals.names)


@pytest.mark.parametrize("signal", TIES)
@pytest.mark.parametrize("text", TEXTS)
def test_the_marks_of_a_signal_add_up_to_its_value(signal: str, text: str) -> None:
    part = owner(signal)
    assert TIES[signal](text, part.evidence(text, signal)) == pytest.approx(measured(part, text)[signal])


@pytest.mark.parametrize("signal", TIES)
@settings(max_examples=40)
@given(text=generated)
def test_the_marks_of_a_signal_add_up_to_its_value_in_any_text(signal: str, text: str) -> None:
    part = owner(signal)
    assert TIES[signal](text, part.evidence(text, signal)) == pytest.approx(measured(part, text)[signal])


@pytest.mark.parametrize("size", DUP_SIZES)
@settings(max_examples=40)
@given(text=generated)
def test_marked_runs_of_words_are_those_that_were_said_before(size: int, text: str) -> None:
    signal = f"dup_{size}_gram_char_ratio"
    value = measured(REPETITION, text)[signal]
    spans = REPETITION.evidence(text, signal)
    places = words_of(text, split_words(text))
    marked = sum(end - start for start, end in places if any(s.start <= start and end <= s.end for s in spans))
    assert (marked / len(text) if text else None) == pytest.approx(value)


@pytest.mark.parametrize("size", TOP_SIZES)
@settings(max_examples=40)
@given(text=generated)
def test_the_commonest_run_is_marked_wherever_it_stands_apart(size: int, text: str) -> None:
    value = measured(REPETITION, text)[f"top_{size}_gram_char_ratio"]
    spans = REPETITION.evidence(text, f"top_{size}_gram_char_ratio")
    assert bool(spans) == (value is not None)
    if spans:
        runs = {" ".join(split_words(text[span.start : span.end])) for span in spans}
        assert len(runs) == 1
        run = next(iter(runs))
        times = value * len(text) / len(run)
        assert times == pytest.approx(round(times))  # the signal is this run's length times its count
        assert len(spans) <= round(times)


@pytest.mark.parametrize("part", [*MEASURES, C4Lines(), PersonalData()], ids=lambda part: part.name)
@pytest.mark.parametrize("text", [*TEXTS, "x" * 100_000, "\0", "\n" * 500, "{" * 500])
def test_marks_stand_in_the_text_in_order_and_apart(part: Explains, text: str) -> None:
    assert_in_order_and_apart(part, text)


def test_what_ends_a_page_in_c4_is_marked() -> None:
    text = "Here is { and lorem IPSUM."
    assert [(text[s.start : s.end], s.what) for s in C4Lines().evidence(text, "c4_page_stop")] == [
        ("{", "curly bracket"),
        ("lorem IPSUM", "placeholder text"),
    ]


def test_addresses_that_are_replaced_are_marked() -> None:
    text = TEXTS[-1]
    done = PersonalData().transform(Pages([text]))
    emails = [text[s.start : s.end] for s in PersonalData().evidence(text, "email_count")]
    ips = [text[s.start : s.end] for s in PersonalData().evidence(text, "ip_count")]
    assert sorted(emails + ips) == sorted(edit.removed for edit in done.edits[0])
    assert PersonalData(ips=False).evidence(text, "ip_count") == []


@pytest.mark.parametrize(
    ("url", "marked"),
    [
        ("https://www.example.org/free-porn-pics", ["porn"]),
        ("https://www.example.org/a-page", []),
    ],
)
def test_the_banned_part_of_an_address_is_marked(url: str, marked: list[str]) -> None:
    policy = UrlPolicy()
    reason = policy.judge(Pages([""], urls=[url])).reasons[0]
    assert bool(reason) == bool(marked)
    spans = policy.evidence(url, reason or "banned_subword")
    found = "".join(url[span.start : span.end] for span in spans).lower()
    assert all(word in re.sub(r"[^a-z]", "", found) for word in marked)


def test_a_listed_domain_is_marked_in_its_address() -> None:
    policy = UrlPolicy(extra_domains=("bad.example.com",), extra_urls=("https://fine.example.org/x",))
    url = "https://bad.example.com/page"
    assert policy.judge(Pages([""], urls=[url])).reasons == ["blocked_subdomain"]
    assert [url[s.start : s.end] for s in policy.evidence(url, "blocked_subdomain")] == ["bad.example.com"]
    assert policy.evidence("https://fine.example.org/x", "blocked_url") == [Span(0, 26, "listed address")]


def test_lines_are_placed_as_python_splits_them() -> None:
    for text in TEXTS:
        assert [text[start:end] for start, end in split_lines_of(text)] == text.splitlines()
