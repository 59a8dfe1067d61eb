"""The transforms of text against datatrove's own formatters and filters: same text, same reasons."""
# ruff: noqa: RUF001  the marks that ftfy is about

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from reasons import C4_LINES
from test_text_filters import document, first_reason, reason_of

from filters.c4 import C4Lines
from filters.c4_paragraphs import C4Paragraphs
from filters.ftfy_text import Ftfy
from filters.symbol_lines import SymbolLines
from pipeline.measures import undo
from pipeline.pages import Pages
from pipeline.storable import storable

ANY = st.text(st.characters(exclude_categories=["Cs"]))


# --- Lines of symbols

lines = st.lists(
    st.tuples(
        st.sampled_from(["---", " * ", "", " ", "\t", "word", "a-b", "•", "—", "...\t", "。", "\u3000"]),
        st.sampled_from(["\n", "\r\n", "\r", "\u2028", "\x0b", "\x85", "\n\n"]),
    ),
    max_size=30,
).map(lambda pairs: "".join(line + end for line, end in pairs))


@settings(max_examples=300, deadline=None)
@given(text=lines | ANY, replacement=st.sampled_from(["", "\n", "<hr>", "-"]))
def test_lines_of_symbols_are_datatroves(text: str, replacement: str) -> None:
    from datatrove.pipeline.formatters import SymbolLinesFormatter

    (ours,) = SymbolLines(replacement=replacement).transform(Pages([text])).texts
    assert ours == SymbolLinesFormatter(replace_char=replacement).format(text)


@settings(deadline=None)
@given(text=lines | ANY)
def test_other_symbols_are_those_that_were_asked_for(text: str) -> None:
    from datatrove.pipeline.formatters import SymbolLinesFormatter

    (ours,) = SymbolLines(symbols="-a").transform(Pages([text])).texts
    assert ours == SymbolLinesFormatter(symbols_to_remove=["-", "a"]).format(text)


# --- ftfy

mojibake = st.lists(
    st.sampled_from(
        [
            "â€™",
            "Ã©",
            "Ã\x83",
            "&amp;",
            "&lt;",
            "&#10;",
            "&ETH;",
            "<",
            "\n",
            " ",
            "\x1b[1m",
            "\x00",
            "\x92",
            "é",
            "it",
            "ÑÐ¾",
            "ï»¿",
            "\r",
            "�",
            "í\xa0½í¸\x80",
        ]
    ),
    max_size=12,
).map("".join)


def ftfys_text(text: str, **switches: object) -> str:
    from datatrove.pipeline.formatters import FTFYFormatter

    return storable(FTFYFormatter(**switches).format(text))


@settings(max_examples=400, deadline=None)
@given(text=mojibake | ANY)
@example("&#10;Ã©\n<&amp;\n&amp;")
def test_repaired_text_is_datatroves(text: str) -> None:
    done = Ftfy().transform(Pages([text]))
    if not done.signals["ftfy_unsettled_line_count"][0].as_py():
        assert done.texts == [ftfys_text(text)]


@settings(max_examples=100, deadline=None)
@given(
    text=mojibake | ANY,
    switches=st.fixed_dictionaries(
        {
            "unescape_html": st.sampled_from([True, False, "auto"]),
            "normalization": st.sampled_from([None, "NFC", "NFKC"]),
        }
        | dict.fromkeys(
            [
                "remove_terminal_escapes",
                "fix_encoding",
                "restore_byte_a0",
                "replace_lossy_sequences",
                "decode_inconsistent_utf8",
                "fix_c1_controls",
                "fix_latin_ligatures",
                "fix_character_width",
                "uncurl_quotes",
                "fix_line_breaks",
                "fix_surrogates",
                "remove_control_chars",
            ],
            st.booleans(),
        )
    ),
)
def test_every_switch_means_what_datatroves_means(text: str, switches: dict) -> None:
    done = Ftfy(**switches).transform(Pages([text]))
    if not done.signals["ftfy_unsettled_line_count"][0].as_py():
        assert done.texts == [ftfys_text(text, **switches)]


@pytest.mark.corpus
@pytest.mark.slow
def test_real_pages_become_datatroves_text(corpus_pages) -> None:
    from datatrove.pipeline.formatters import SymbolLinesFormatter

    texts = [page["text"] for page in corpus_pages]
    repaired, cleaned = Ftfy().transform(Pages(texts)), SymbolLines().transform(Pages(texts))
    assert repaired.texts == [ftfys_text(text) for text in texts]
    assert cleaned.texts == [SymbolLinesFormatter().format(text) for text in texts]
    assert sum(repaired.signals["ftfy_unsettled_line_count"].to_pylist()) == 0
    assert sum(repaired.signals["ftfy_line_count"].to_pylist()) > 0
    for done in (repaired, cleaned):
        assert [undo(text, edits) for text, edits in zip(done.texts, done.edits, strict=True)] == texts


def test_the_settings_are_fineweb2s() -> None:
    from dataclasses import asdict

    from datatrove.pipeline.formatters import FTFYFormatter

    theirs = FTFYFormatter().config._asdict()
    ours = asdict(Ftfy())
    assert ours == {name: theirs[name] for name in ours}
    assert set(theirs) - set(ours) == {"max_decode_length", "explain"}


# --- C4 under each of its options

prose = st.lists(
    st.sampled_from(
        [
            "One",
            "two",
            "three.",
            "Four!",
            "it's",
            '"so"',
            "e.g.",
            "Yes?No",
            "...",
            "[1]",
            "[edit]",
            "{",
            "lorem ipsum",
            "javascript",
            "use cookies",
            "x" * 12,
            ".",
            "IS_ALPHA",
        ]
    ),
    max_size=8,
).map(" ".join)
page = st.lists(st.tuples(prose, st.sampled_from(["\n", "\n\n", " ", "\r\n", "\u2028", "  "])), max_size=8).map(
    lambda pairs: "".join(line + end for line, end in pairs)
)


def ours_and_theirs(text: str, ours: dict, theirs: dict, bounds: dict | None = None) -> None:
    """The same reason under the rules of `bounds` (those of the filter that are on), and the same text where there is none."""
    from datatrove.pipeline.filters import C4QualityFilter

    options = {"filter_no_terminal_punct": False, **theirs}
    their_page = document(text)
    their_reason = reason_of(C4QualityFilter(**options).filter(their_page))
    done = C4Lines(**ours).transform(Pages([text]))
    off = bounds or {}
    rules = [
        rule
        for rule in C4Lines.rules(min_sentences=options.get("min_num_sentences", 5))
        if C4_LINES[rule.reason] not in off
    ]
    reason = first_reason(rules, done.signals.to_pylist()[0])
    assert C4_LINES.get(reason) == their_reason
    if reason is None:
        assert done.texts == [their_page.text]
    assert undo(done.texts[0], done.edits[0]) == text


OPTIONS = {
    "terminal punctuation": ({"only_punctuated_lines": True}, {"filter_no_terminal_punct": True}),
    "five words": ({"min_line_words": 5}, {"min_words_per_line": 5}),
    "any number of words": ({"min_line_words": 0}, {"min_words_per_line": -1}),
    "short words": ({"max_word_chars": 5}, {"max_word_length": 5}),
    "words of any length": ({"max_word_chars": None}, {"max_word_length": -1}),
    "citations": ({"remove_citations": False}, {"remove_citations": False}),
    "javascript": ({"remove_javascript_lines": False}, {"filter_javascript": False}),
    "policies": ({"policy_phrases": ()}, {"filter_policy": False}),
    "sentences": ({"by_sentence": True}, {"split_paragraph": False}),
    "punctuated sentences": (
        {"by_sentence": True, "only_punctuated_lines": True, "min_line_words": 0},
        {"split_paragraph": False, "filter_no_terminal_punct": True, "min_words_per_line": -1},
    ),
    "all of C4": (
        {"only_punctuated_lines": True, "min_line_words": 5},
        {"filter_no_terminal_punct": True, "min_words_per_line": 5},
    ),
}


@pytest.mark.parametrize("option", OPTIONS)
@pytest.mark.parametrize("sentences", [0, 2])
@settings(max_examples=60, deadline=None)
@given(text=page)
def test_c4_under_each_option_is_datatroves(option: str, sentences: int, text: str) -> None:
    if "IS_ALPHA" in text and "sentence" in option:
        text = text.replace("IS_ALPHA", "")  # datatrove's answer then depends on the pages before
    ours, theirs = OPTIONS[option]
    ours_and_theirs(text, ours, {**theirs, "min_num_sentences": sentences})


@settings(max_examples=60, deadline=None)
@given(text=page)
def test_a_page_stop_that_is_off_in_datatrove_is_a_rule_left_out_here(text: str) -> None:
    for stop, switch in (("lorem_ipsum", "filter_lorem_ipsum"), ("curly_bracket", "filter_curly_bracket")):
        both = {"filter_lorem_ipsum": False, "filter_curly_bracket": False}
        ours_and_theirs(text, {}, {**both, "min_num_sentences": 1}, {"lorem_ipsum": 1, "curly_bracket": 1})
        if ("{" in text) != ("lorem ipsum" in text.lower()):  # of both, our signal names the first only
            ours_and_theirs(text, {}, {switch: False, "min_num_sentences": 1}, {stop: 1})


@settings(deadline=None)
@given(st.lists(st.integers(0, 3).map(lambda size: "x" * (size * 100)), max_size=6).map("\n".join) | ANY)
def test_paragraphs_are_judged_as_datatroves(text: str) -> None:
    from datatrove.pipeline.filters import C4ParagraphFilter

    (row,) = C4Paragraphs().measure(Pages([text])).to_pylist()
    (rule,) = C4Paragraphs.rules()
    assert (row[rule.signal] < rule.value) == (C4ParagraphFilter().filter(document(text)) is not True)
