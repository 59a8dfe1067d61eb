"""What is marked of DCLM's measures, of RefinedWeb's line corrections and of C4 with its options is what they counted."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_evidence import TEXTS, assert_in_order_and_apart, generated

from filters.c4 import C4Lines
from filters.dclm_quality import DclmQuality
from filters.dclm_repetition import ALL_SIZES, TOP_SIZES, DclmRepetition, word_places
from filters.gopher_quality import GopherQuality
from filters.gopher_repetition import GopherRepetition
from filters.line_corrections import LineCorrections
from filters.line_quality import LineQuality
from pipeline.evidence import Explains, Span, lines_of
from pipeline.nltk_words import NltkEnglish
from pipeline.pages import Pages

QUALITY, REPETITION, CORRECTIONS = DclmQuality(), DclmRepetition(), LineCorrections()
C4 = C4Lines(only_punctuated_lines=True, by_sentence=True, words_without_citations=True, tokenizer=NltkEnglish())
NLTK = [
    GopherQuality(each_stop_word=True, tokenizer=NltkEnglish()),
    GopherRepetition(blank_lines=True, tokenizer=NltkEnglish()),
    LineQuality(blank_lines=True, tokenizer=NltkEnglish()),
]


def signals(part: DclmQuality | DclmRepetition, text: str) -> dict:
    return part.measure(Pages([text])).to_pylist()[0]


def filled(text: str, break_: str = "\n") -> list[str]:
    return [piece for piece in map(str.strip, text.split(break_)) if piece]


def per(count: float, whole: float) -> float | None:
    return count / whole if whole else None


def stripped(text: str, spans: list[Span]) -> int:
    return sum(len(text[span.start : span.end].strip()) for span in spans)


QUALITY_TIES: dict[str, Callable[[str, list[Span]], float | None]] = {
    "symbol_chunk_ratio": lambda text, spans: per(len(spans), len(text.split())),
    "marker_line_ratio": lambda text, spans: per(len(spans), len(filled(text))),
    "trailing_line_ratio": lambda text, spans: per(len(spans), len(filled(text))),
    "letterless_chunk_ratio": lambda text, spans: per(len(spans), len(text.split())),
    "stop_chunk_count": lambda _, spans: len(spans),
}


@pytest.mark.parametrize("signal", QUALITY_TIES)
@settings(max_examples=40, deadline=None)
@given(text=generated | st.sampled_from(TEXTS))
def test_the_marks_of_dclm_s_quality_add_up(signal: str, text: str) -> None:
    assert QUALITY_TIES[signal](text, QUALITY.evidence(text, signal)) == pytest.approx(signals(QUALITY, text)[signal])


@pytest.mark.parametrize("kind", ["line", "para"])
@settings(max_examples=40, deadline=None)
@given(text=generated | st.sampled_from(TEXTS))
def test_repeated_lines_and_paragraphs_of_dclm_are_all_marked(kind: str, text: str) -> None:
    pieces = filled(text, "\n" if kind == "line" else "\n\n")
    row = signals(REPETITION, text)
    for signal, whole, marks in (
        (f"repeated_{kind}_ratio", len(pieces), len),
        (f"repeated_{kind}_char_ratio", sum(map(len, pieces)), lambda spans: stripped(text, spans)),
    ):
        spans = REPETITION.evidence(text, signal)
        assert (marks(spans) / whole if len(pieces) > 1 else None) == pytest.approx(row[signal])
        assert len(pieces) > 1 or spans == []


def run_marks(kind: str, size: int, text: str) -> tuple[list[Span], int, int, float | None]:
    """What is marked of runs, its characters, those of all words, and the signal."""
    signal = next(name for name in REPETITION.signals.names if name.startswith(kind) and f"_{size}_" in name)
    spans = REPETITION.evidence(text, signal)
    words = sum(end - start for start, end in word_places(text))
    return spans, sum(span.end - span.start for span in spans), words, signals(REPETITION, text)[signal]


@pytest.mark.parametrize("size", ALL_SIZES)
@settings(max_examples=40, deadline=None)
@given(text=generated | st.sampled_from(TEXTS))
def test_marked_runs_of_dclm_are_the_words_of_all_that_come_twice(size: int, text: str) -> None:
    _, marked, words, value = run_marks("repeated", size, text)
    assert marked == pytest.approx((value or 0) * words)


@pytest.mark.parametrize("size", TOP_SIZES)
@settings(max_examples=40, deadline=None)
@given(text=generated | st.sampled_from(TEXTS))
def test_the_commonest_run_of_dclm_is_marked_at_each_place(size: int, text: str) -> None:
    spans, chars, words, value = run_marks("commonest", size, text)
    assert bool(spans) == (value is not None)
    assert chars <= (value or 0) * words + 1e-6  # where places of the run overlap, a word is marked once


@settings(max_examples=100, deadline=None)
@given(text=generated)
def test_lines_that_are_marked_are_those_that_the_corrections_take(text: str) -> None:
    spans = CORRECTIONS.evidence(text, "removed_word_ratio")
    taken = {(span.start, span.end) for span in spans}
    stays = [text[start:end] for start, end in lines_of(text) if (start, end) not in taken]
    assert "\n".join(stays).split() == CORRECTIONS.transform(Pages([text])).texts[0].split()


def test_a_corrected_page_has_nothing_more_to_mark() -> None:
    text = "MENU HOME\n12 345\n3 likes\none\nThe miller wrote down what he had ground.\nHe slept until noon."
    marked = [text[span.start : span.end] for span in CORRECTIONS.evidence(text, "removed_word_ratio")]
    assert marked == ["MENU HOME", "3 likes", "one"]
    corrected = CORRECTIONS.transform(Pages([text])).texts[0]
    assert CORRECTIONS.evidence(corrected, "removed_word_ratio") == []
    assert CORRECTIONS.evidence(text, "corrected_text_chars") == []


@pytest.mark.parametrize("part", [C4Lines(), C4, C4Lines(by_sentence=True), C4Lines(end_marks=(".",))], ids=str)
@pytest.mark.parametrize("stop", ["{", "Lorem ipsum", None])
def test_what_ends_a_page_in_c4_is_marked_whatever_the_options(part: C4Lines, stop: str | None) -> None:
    text = f"The miller wrote down what he had ground. He {stop or 'really'} slept until noon."
    row = part.transform(Pages([text])).signals.to_pylist()[0]
    spans = part.evidence(text, "c4_page_stop")
    assert [text[span.start : span.end] for span in spans] == ([stop] if stop else [])
    assert bool(row["c4_page_stop"]) == bool(spans)
    assert part.evidence(text, "c4_sentence_count") == []


@pytest.mark.parametrize("part", [QUALITY, REPETITION, CORRECTIONS, C4, *NLTK], ids=lambda part: part.name)
@pytest.mark.parametrize("text", [*TEXTS, 'He said "so" and "so" again.', "x" * 100_000, "\0", "\n" * 500, "{" * 500])
def test_marks_stand_in_the_text_in_order_and_apart(part: Explains, text: str) -> None:
    assert_in_order_and_apart(part, text)
