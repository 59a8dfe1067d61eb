"""RefinedWeb's corrections line by line."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filters.line_corrections import LineCorrections
from pipeline.errors import RecipeError
from pipeline.measures import undo
from pipeline.pages import Pages


def corrected(text: str, **parameters: object) -> tuple[str, float | None]:
    done = LineCorrections(**parameters).transform(Pages([text]))
    assert undo(done.texts[0], done.edits[0]) == text
    (row,) = done.signals.to_pylist()
    assert row["corrected_text_chars"] == len(done.texts[0])
    return done.texts[0], row["removed_word_ratio"]


@pytest.mark.parametrize(
    "line",
    [
        "ALL IN CAPS here",
        "2024",
        "3 likes",
        "* 1,234.5K followers *",
        "12 Comments",
        "alone",
        " alone ",
        "Items in cart",
        "SIGN-in",
    ],
)
def test_a_line_that_is_no_prose_goes(line: str) -> None:
    assert corrected(f"A first line stays.\n{line}\nA last line stays.")[0] == "A first line stays.\nA last line stays."


@pytest.mark.parametrize("line", ["HALF is it", "2024 a", "I have 3 likes", "3 dislikes", "two words", "", "20 24"])
def test_a_line_that_may_be_prose_stays(line: str) -> None:
    text = f"A first line stays.\n{line}\nA last line stays."
    assert corrected(text)[0] == text


def test_phrases_go_from_short_lines_only_and_from_their_place_only() -> None:
    assert corrected("Sign-in to see it\nPlease Sign-in now")[0] == "to see it\nPlease Sign-in now"
    assert corrected("So it was. Read more...\nRead more... and more")[0] == "So it was.\nRead more... and more"
    long = "one two three four five six seven eight nine ten Items in cart"
    assert corrected(f"You have 2 items in cart\n{long}")[0] == f"You have 2\n{long}"


def test_the_dots_of_a_phrase_are_those_of_a_regular_expression() -> None:
    assert corrected("It goes on, read more now")[0] == "It goes on, read more now"
    assert corrected("It goes on, read more of")[0] == "It goes on,"  # blank, o and f
    assert corrected("It goes on, read more of", phrases_at_end=(r"Read more\.\.\.",))[0] == "It goes on, read more of"


def test_the_share_of_removed_words_leaves_out_what_begins_with_a_sign() -> None:
    assert corrected("one - two three\nfour")[1] == 1 / 4
    assert corrected("... !")[1] is None


@pytest.mark.parametrize(("removed", "dropped"), [(1, False), (2, True)])
def test_a_page_goes_that_loses_more_than_a_twentieth(removed: int, dropped: bool) -> None:
    kept = " ".join(["word"] * (20 - removed))
    ratio = corrected("\n".join([kept, *["alone"] * removed]))[1]
    rule = LineCorrections.rules()[1]
    assert (rule.reason, ratio is not None and ratio > rule.value) == ("many_removed_words", dropped)


def test_nothing_that_may_be_counted_and_phrases_that_are_no_expressions_are_refused() -> None:
    with pytest.raises(RecipeError, match="counted names nothing"):
        LineCorrections(counted=())
    with pytest.raises(RecipeError, match="is no regular expression"):
        LineCorrections(phrases_at_end=("(",))


line = st.lists(
    st.sampled_from(["a", "WORD", "12", "likes", "Sign-in", "items in cart", "Read more...", " "]), max_size=5
)


@given(pieces=st.lists(st.tuples(line.map(" ".join), st.sampled_from(["\n", "\n\n", "\r\n", ""]))))
def test_edits_rebuild_the_original_and_no_word_is_added(pieces: list) -> None:
    ratio = corrected("".join(line + end for line, end in pieces))[1]
    assert ratio is None or 0 <= ratio <= 1
