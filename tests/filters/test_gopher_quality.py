"""Counts of words, symbols, bullets and stop words."""

from filters.gopher_quality import GopherQuality
from pipeline.pages import Pages


def measured(text: str, **parameters: object) -> dict:
    return GopherQuality(**parameters).measure(Pages([text])).to_pylist()[0]


def test_words_of_symbols_only_are_not_counted_but_divide_the_ratios() -> None:
    row = measured("a # bcd !")
    assert row["word_count"] == 2
    assert row["mean_word_chars"] == 2.0
    assert row["hash_word_ratio"] == 1 / 4
    assert row["alpha_word_ratio"] == 2 / 4


def test_datatroves_symbols_include_a_fullwidth_one_but_no_other_digit() -> None:
    assert measured("\uff11")["word_count"] == 0
    assert measured("\uff12")["word_count"] == 1


def test_ellipses_count_in_both_spellings() -> None:
    row = measured("well... so… \nend")
    assert row["ellipsis_word_ratio"] == 2 / 5
    assert row["ellipsis_line_ratio"] == 1 / 2


def test_a_bullet_may_stand_behind_spaces() -> None:
    assert measured("  • one\n- two\nthree - four\n\n")["bullet_line_ratio"] == 2 / 4


def test_different_stop_words_count_once_each_as_they_are_written() -> None:
    assert measured("the the of The OF")["stop_word_count"] == 2
    assert measured("der die das", stop_words=("der", "das"))["stop_word_count"] == 2


def test_a_page_without_words_has_counts_but_no_ratios() -> None:
    row = measured("")
    assert (row.pop("word_count"), row.pop("stop_word_count")) == (0, 0)
    assert set(row.values()) == {None}
