"""DCLM's counts of words and repetition: literal cases worked out by hand from its code."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filters.dclm_quality import DclmQuality
from filters.dclm_repetition import DclmRepetition
from filters.gopher_repetition import GopherRepetition
from filters.unicode_words import word_places
from pipeline.pages import Pages


def quality(text: str) -> dict:
    return DclmQuality().measure(Pages([text])).to_pylist()[0]


def repetition(text: str) -> dict:
    return DclmRepetition().measure(Pages([text])).to_pylist()[0]


def words(text: str) -> list[str]:
    return [text[start:end] for start, end in word_places(text)]


def test_words_of_the_quality_rules_stand_between_spaces() -> None:
    row = quality("The mill - of 1900 - grinds, (and) THE rest")
    assert row["spoken_word_count"] == 7  # not the dashes, nor (and)
    assert row["mean_chunk_chars"] == (3 + 4 + 1 + 2 + 4 + 1 + 7 + 5 + 3 + 4) / 10
    assert row["letterless_chunk_ratio"] == 3 / 10
    assert row["stop_chunk_count"] == 3  # The, of, THE, each time


def test_symbols_are_hashes_and_ellipses_of_three_kinds_the_spaced_one_too() -> None:
    assert quality("# a ... b … c")["symbol_chunk_ratio"] == 3 / 6
    assert quality("a . . . b")["symbol_chunk_ratio"] == 1 / 5


def test_lines_that_are_not_blank_count_without_the_space_around_them() -> None:
    row = quality(" * one\n\n● two\n- three ...\nfour . . .\n \nfive\n")
    assert row["marker_line_ratio"] == 3 / 5
    assert row["trailing_line_ratio"] == 2 / 5


def test_a_page_without_words_has_no_shares_and_fails_all_the_same() -> None:
    row = quality(" \n")
    assert row["mean_chunk_chars"] is None
    assert next(rule for rule in DclmQuality.rules() if rule.signal == "mean_chunk_chars").null_fails


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It's 3.50, well-known: U.S.A. a_b", ["It's", "3.50", "well", "known", "U.S.A", "a_b"]),
        ("'until l'heure y'all \u2019under", ["until", "l'heure", "y'all", "under"]),
        ("1,000.5\r\n\té 日本", ["1,000.5", "é", "日", "本"]),
        ("", []),
    ],
)
def test_words_of_the_repetition_rules_are_those_of_unicodes_annex_29(text: str, expected: list[str]) -> None:
    assert words(text) == expected


def test_every_occurrence_of_a_repeated_line_counts_where_gopher_counts_the_later_ones() -> None:
    text = "one\ntwo\none"
    assert repetition(text)["repeated_line_ratio"] == 2 / 3
    assert repetition(text)["repeated_line_char_ratio"] == 6 / 9
    assert GopherRepetition().measure(Pages([text])).to_pylist()[0]["dup_line_ratio"] == 1 / 3


def test_blank_lines_are_no_lines_and_paragraphs_end_at_two_newlines() -> None:
    row = repetition("one\n\n two \n\none\n")
    assert (row["filled_line_count"], row["repeated_para_ratio"], row["repeated_line_ratio"]) == (3, 2 / 3, 2 / 3)


def test_a_page_of_one_line_has_no_share_of_lines() -> None:
    row = repetition("one one one")
    assert row["repeated_line_ratio"] is None
    assert row["repeated_para_char_ratio"] is None


def test_of_equally_common_runs_the_longest_counts_by_its_letters() -> None:
    text = "a b, longer words. a b, longer words."  # 30 letters; a b, b longer, longer words come twice
    assert repetition(text)["commonest_2_gram_char_ratio"] == 2 * len("longerwords") / 26


def test_a_page_that_says_no_run_twice_has_no_commonest_and_repeats_nothing() -> None:
    row = repetition("one two three four five six")
    assert row["commonest_2_gram_char_ratio"] is None
    assert row["repeated_5_gram_char_ratio"] == 0
    assert row["repeated_7_gram_char_ratio"] is None


def test_words_in_several_repeated_runs_count_once() -> None:
    text = "a b c d e f x a b c d e f"
    assert repetition(text)["repeated_5_gram_char_ratio"] == 12 / 13


@given(words=st.lists(st.sampled_from(["a", "bb", "ccc"]), max_size=40))
def test_shares_are_shares(words: list[str]) -> None:
    row = repetition(" ".join(words))
    assert all(
        0 <= value <= 1 for name, value in row.items() if name.endswith("_5_gram_char_ratio") and value is not None
    )
    assert (
        row["repeated_10_gram_char_ratio"] is None
        or row["repeated_10_gram_char_ratio"] <= row["repeated_5_gram_char_ratio"]
    )
