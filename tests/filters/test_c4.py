"""C4's walk over the lines of a page."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filters.c4 import C4Lines
from pipeline.measures import undo
from pipeline.pages import Pages


def walked(text: str, **parameters: object) -> tuple[str, dict]:
    done = C4Lines(**parameters).transform(Pages([text]))
    assert undo(done.texts[0], done.edits[0]) == text
    return done.texts[0], done.signals.to_pylist()[0]


@pytest.mark.parametrize(
    ("line", "parameters"),
    [
        ("two words", {}),
        ("this needs JavaScript to work", {}),
        ("java[1]script is needed here", {}),
        ("we have a Privacy Policy here", {}),
        ("a word of length " + "x" * 1001, {}),
        ("no mark at the end", {"only_punctuated_lines": True}),
        ("it trails off...", {"only_punctuated_lines": True}),
    ],
)
def test_a_line_that_is_no_text_goes(line: str, parameters: dict) -> None:
    text, row = walked(f"A first line stays.\n{line}\nA last line stays.", **parameters)
    assert text == "A first line stays.\nA last line stays."
    assert row["c4_removed_line_count"] == 1
    assert row["c4_sentence_count"] == 2


def test_citations_go_and_count_as_words_before_they_do() -> None:
    assert walked("[1] Water[2] is [edit] wet.[citation needed]")[0] == "Water is  wet."
    assert walked("one two [3]")[0] == "one two"
    assert walked("one two [3]", remove_citations=False)[0] == "one two [3]"


def test_a_line_of_citations_leaves_an_empty_line_inside_and_nothing_at_the_ends() -> None:
    assert walked("[1] [2] [3]\nThe text is here.\n[4] [5] [6]\nIt goes on here.\n[7] [8] [9]")[0] == (
        "The text is here.\n  \nIt goes on here."
    )


def test_lines_end_where_splitlines_ends_them_and_are_stripped() -> None:
    assert walked(" One two three. \r\n\x0bFour five six.\u2028\tSeven eight nine.\x85")[0] == (
        "One two three.\nFour five six.\nSeven eight nine."
    )


def test_the_first_page_stop_in_line_order_is_named_and_all_are_counted() -> None:
    text, row = walked("if (x) { y } then\nLorem Ipsum dolor sit\nanother { of these")
    assert row["c4_page_stop"] == "curly_bracket"
    assert (row["c4_curly_bracket_line_count"], row["c4_lorem_ipsum_line_count"]) == (2, 1)
    assert text.count("\n") == 2


def test_a_bracket_in_a_line_removed_before_stops_no_page() -> None:
    assert walked("{ x\njavascript { is here")[1]["c4_page_stop"] is None
    assert walked("use cookies { right here")[1]["c4_page_stop"] == "curly_bracket"


def test_an_untouched_page_has_no_edits() -> None:
    text = "One line stands here.\nAnother line stands here."
    done = C4Lines().transform(Pages([text]))
    assert (done.texts, done.edits) == ([text], [()])


def test_a_removed_line_is_one_edit_that_says_what_it_was() -> None:
    (edits,) = C4Lines().transform(Pages(["One line stands here.\nmenu\nAnother line stands here."])).edits
    assert [(edit.transform, edit.start, edit.removed, edit.inserted) for edit in edits] == [
        ("c4_lines", 22, "menu\n", "")
    ]


line = st.lists(
    st.sampled_from(
        ["a", "the", "word", "[1]", "[edit]", "{", "javascript", "lorem ipsum", "use cookies", ".", " ", "\t"]
    ),
    max_size=6,
).map(" ".join)


@given(
    pieces=st.lists(
        st.tuples(line | st.text(max_size=8), st.sampled_from(["\n", "\n\n", "\r\n", " \n", "\x0c", "\u2028", ""]))
    ),
    punctuated=st.booleans(),
    citations=st.booleans(),
)
def test_edits_rebuild_the_original_of_any_text(pieces: list, punctuated: bool, citations: bool) -> None:
    pages = Pages(["".join(line + end for line, end in pieces)])
    done = C4Lines(only_punctuated_lines=punctuated, remove_citations=citations).transform(pages)
    assert undo(done.texts[0], done.edits[0]) == pages.texts[0]
