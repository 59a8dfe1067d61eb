"""The text-quality filters against datatrove's own classes: same verdicts, same reasons, same changed text."""

import operator
from collections import Counter
from collections.abc import Sequence

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from reasons import C4_LINES, GOPHER_QUALITY, GOPHER_REPETITION, LINE_QUALITY

from filters.c4 import C4Lines
from filters.gopher_quality import GopherQuality
from filters.gopher_repetition import GopherRepetition
from filters.line_quality import LineQuality
from pipeline.measures import Rule
from pipeline.pages import Pages

_FAILS = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "==": operator.eq}


def first_reason(rules: Sequence[Rule], row: dict) -> str | None:
    """The reference judge: the first rule that fails, null passing."""
    failing = (rule for rule in rules if row[rule.signal] is not None and _FAILS[rule.op](row[rule.signal], rule.value))
    return next((rule.reason for rule in failing), None)


def document(text: str):
    from datatrove.data import Document

    return Document(text=text, id="")


def reason_of(verdict: bool | tuple[bool, str]) -> str | None:
    assert verdict is True or verdict[0] is False
    return None if verdict is True else verdict[1]


class Both:
    """Ours and datatrove's filters, run over the same text; each test compares what they say."""

    def __init__(self) -> None:
        from datatrove.pipeline import filters

        self.c4 = filters.C4QualityFilter(filter_no_terminal_punct=False)
        self.measures = {
            "repetition": (GopherRepetition(), GOPHER_REPETITION, filters.GopherRepetitionFilter()),
            "quality": (GopherQuality(), GOPHER_QUALITY, filters.GopherQualityFilter()),
            "lines": (LineQuality(), LINE_QUALITY, filters.FineWebQualityFilter()),
        }

    def reason(self, name: str, text: str) -> str | None:
        """Our reason, after it was compared with datatrove's."""
        ours, names, theirs = self.measures[name]
        row = ours.measure(Pages([text])).to_pylist()[0]
        reason = first_reason(ours.rules(), row)
        assert names.get(reason) == reason_of(theirs.filter(document(text))), (name, row)
        return reason

    def c4_text(self, text: str) -> tuple[str | None, str]:
        """Our reason and our text, after they were compared with datatrove's."""
        done = C4Lines().transform(Pages([text]))
        reason = first_reason(C4Lines.rules(), done.signals.to_pylist()[0])
        theirs = document(text)
        assert C4_LINES.get(reason) == reason_of(self.c4.filter(theirs))
        assert reason is not None or done.texts[0] == theirs.text
        return reason, done.texts[0]


@pytest.fixture(scope="module")
def both() -> Both:
    return Both()


def compare_page(both: Both, text: str) -> list[str | None]:
    """As a FineWeb recipe measures: the line filter sees the text that C4 left."""
    gopher = [both.reason("repetition", text), both.reason("quality", text)]
    stopped, left = both.c4_text(text)
    return [*gopher, stopped, both.reason("lines", left), both.reason("lines", text)]


@pytest.mark.corpus
@pytest.mark.slow
def test_every_english_page_gets_datatroves_reasons_and_text(both, english_pages) -> None:
    reasons = Counter(reason for page in english_pages for reason in compare_page(both, page["text"]))
    assert len(english_pages) > 700
    assert reasons[None] > 2000
    assert len(reasons) > 15


@pytest.mark.corpus
@pytest.mark.slow
def test_pages_in_other_languages_get_datatroves_reasons_and_text(both, corpus_pages) -> None:
    others = [page["text"] for page in corpus_pages if page["language"] != "en"][::4]
    assert len(others) > 200
    for text in others:
        compare_page(both, text)


tokens = st.sampled_from(
    [
        "a",
        "b",
        "ab",
        "ba",
        "the",
        "of",
        "to",
        "and",
        "word",
        "Long",
        "It",
        "stops.",
        "does?",
        "(x)",
        "...",
        "…",
        "#",
        "•",
        "-",
        "\uff11",
        "[1]",
        "[edit]",
        "{",
        "lorem ipsum",
        "javascript",
        "privacy policy",
        "日本語。",
        "isn't",
        ":)",
        "9.",
        "\t",
        "x" * 40,
    ]
)
prose = st.lists(tokens, max_size=30).map(" ".join)
few_lines = st.lists(prose, min_size=1, max_size=6)
texts = few_lines.flatmap(
    lambda lines: st.lists(
        st.tuples(st.sampled_from(lines), st.sampled_from(["\n", "\n", "\n\n", "\n\n\n", "\r\n", " \n"])), max_size=40
    )
).map(lambda pairs: "".join(line + end for line, end in pairs))


@settings(max_examples=300, deadline=None)
@example("")
@example(" \n ")
@example("\n\n")
@example("word")
@example("ab c d e f x a bc d e f " * 3)
@example("the word of a page " * 30 + "\n")
@given(text=texts | st.text(st.characters(exclude_categories=["Cs"])))
def test_any_text_gets_datatroves_reasons_and_text(both, text: str) -> None:
    compare_page(both, text)


@settings(max_examples=100, deadline=None)
@given(text=texts, strict=st.booleans())
def test_c4_with_its_rule_on_final_punctuation_is_datatroves_too(text: str, strict: bool) -> None:
    from datatrove.pipeline.filters import C4QualityFilter

    theirs = document(text)
    kept = C4QualityFilter(filter_no_terminal_punct=strict, min_num_sentences=0, filter_curly_bracket=False).filter(
        theirs
    )
    done = C4Lines(only_punctuated_lines=strict).transform(Pages([text]))
    if kept is True:
        assert done.texts[0] == theirs.text


# --- Intended differences


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # numpy, of datatrove's mean of nothing
def test_without_a_bound_on_words_datatrove_divides_by_zero_where_we_have_no_ratio() -> None:
    from datatrove.pipeline.filters import GopherQualityFilter

    with pytest.raises(ZeroDivisionError):
        GopherQualityFilter(min_doc_words=None).filter(document(""))
    row = GopherQuality().measure(Pages([""])).to_pylist()[0]
    assert first_reason(GopherQuality.rules()[1:-1], row) is None


def test_a_page_whose_only_word_datatrove_deletes_has_no_newline_ratio() -> None:
    """datatrove divides by zero there, except for the first such page of a process (see `pipeline.chunk_words`)."""
    row = LineQuality().measure(Pages(["IS_ALPHA"])).to_pylist()[0]
    assert row["newline_word_ratio"] is None
    assert row["nonblank_line_count"] == 1


def test_a_page_that_c4_drops_is_changed_all_the_same() -> None:
    """datatrove leaves it as it was; we go on, so that every later signal is known if the bound is loosened."""
    text = "menu\nOnly one sentence here."
    theirs = document(text)
    Both().c4.filter(theirs)
    assert theirs.text == text
    assert C4Lines().transform(Pages([text])).texts == ["Only one sentence here."]


def test_a_signal_is_null_for_an_empty_page_where_an_old_datatrove_divided_by_zero() -> None:
    row = GopherRepetition().measure(Pages([""])).to_pylist()[0]
    assert first_reason(GopherRepetition.rules(), row) == "empty_text"
    assert first_reason(GopherRepetition.rules()[1:], row) is None


def test_words_and_marks_written_down_here_are_datatroves() -> None:
    from datatrove.pipeline.filters import c4_filters, gopher_quality_filter

    from filters import c4, gopher_quality

    assert list(c4.POLICY_PHRASES) == c4_filters.POLICY_SUBSTRINGS
    assert c4.END_PUNCTUATION == c4_filters.END_PUNCTUATION
    assert c4.ELLIPSIS == c4_filters.ELLIPSIS
    assert list(gopher_quality.STOP_WORDS) == gopher_quality_filter.STOP_WORDS
    marks = "a[1] [] [edit] [12 [citation needed]] [Edit] [x]"
    assert c4.CITATION.sub("", marks) == c4_filters.CITATION_REGEX.sub("", marks)
