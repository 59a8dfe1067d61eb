"""Shares of short, unpunctuated and repeated lines."""

from filters.line_quality import LineQuality
from pipeline.pages import Pages


def measured(text: str, **parameters: object) -> dict:
    return LineQuality(**parameters).measure(Pages([text])).to_pylist()[0]


def test_blank_lines_do_not_count_as_lines() -> None:
    row = measured("One.\n\n \ntwo")
    assert row["nonblank_line_count"] == 2
    assert row["line_punct_ratio"] == 1 / 2


def test_a_line_that_ends_in_a_space_or_a_quote_is_not_punctuated() -> None:
    assert measured('One. \n"Two."\nThree?\n四。')["line_punct_ratio"] == 2 / 4
    assert measured('"Two."', end_chars='."')["line_punct_ratio"] == 1.0


def test_a_line_of_exactly_the_bound_is_short() -> None:
    assert measured("x" * 30 + "\n" + "x" * 31)["short_line_ratio"] == 1 / 2
    assert measured("x" * 30 + "\n" + "x" * 31, short_line_chars=31)["short_line_ratio"] == 1.0


def test_repeated_lines_count_by_characters_and_newlines_divide_nothing() -> None:
    assert measured("abc\nabc\n\nd")["char_dup_ratio"] == 3 / 7


def test_every_newline_counts_against_the_words() -> None:
    assert measured("one two\n\nthree")["newline_word_ratio"] == 2 / 3


def test_a_page_of_blank_lines_has_no_shares() -> None:
    for text in ("", "\n \n"):
        row = measured(text)
        assert row.pop("nonblank_line_count") == 0
        assert set(row.values()) == {None}


def test_three_of_twenty_five_lines_are_not_below_twelve_percent() -> None:
    """As float32 they would be: 3/25 is then 0.11999999731779099."""
    row = measured("\n".join(["One."] * 3 + ["two"] * 22))
    rule = next(rule for rule in LineQuality.rules() if rule.signal == "line_punct_ratio")
    assert not row["line_punct_ratio"] < rule.value
