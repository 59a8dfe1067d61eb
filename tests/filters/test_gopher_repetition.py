"""Shares of repeated paragraphs, lines and runs of words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filters import word_runs
from filters.gopher_repetition import DUP_SIZES, TOP_SIZES, GopherRepetition
from pipeline.pages import Pages


def shares(text: str) -> dict:
    return GopherRepetition().measure(Pages([text])).to_pylist()[0]


def test_second_and_later_paragraphs_and_lines_count() -> None:
    row = shares("one\n\none\n\n\none\n\ntwo")
    assert row["dup_para_ratio"] == row["dup_line_ratio"] == 2 / 4
    assert row["dup_para_char_ratio"] == row["dup_line_char_ratio"] == 6 / 19


def test_the_empty_line_after_a_last_newline_is_a_line_but_no_paragraph() -> None:
    row = shares("one\none\n")
    assert row["dup_line_ratio"] == 1 / 3
    assert row["dup_para_ratio"] == 0


def test_the_commonest_run_counts_with_its_spaces_and_each_time() -> None:
    row = shares("so it is and so it goes")  # 23 characters
    assert row["top_2_gram_char_ratio"] == 2 * len("so it") / 23
    assert row["top_3_gram_char_ratio"] == len("so it is") / 23


def test_of_equally_common_runs_the_first_seen_counts() -> None:
    assert shares("long words b b long words b b")["top_2_gram_char_ratio"] == 2 * len("long words") / 29
    assert shares("b b long words b b long words")["top_2_gram_char_ratio"] == 2 * len("b b") / 29


def test_runs_are_compared_without_spaces_so_that_words_may_be_cut_elsewhere() -> None:
    text = "ab c d e f x a bc d e f"
    assert shares(text)["dup_5_gram_char_ratio"] == len("abcdef") / len(text)


def test_a_repeated_run_is_skipped_whole() -> None:
    assert (
        shares("a " * 10)["dup_5_gram_char_ratio"] == 5 / 20
    )  # words 1 to 5; the next whole run would end behind the last
    assert shares("a " * 11)["dup_5_gram_char_ratio"] == 10 / 22  # words 1 to 5 and 6 to 10


def test_a_page_shorter_than_a_run_has_no_commonest_and_nothing_repeated() -> None:
    row = shares("one")
    assert [row[f"top_{size}_gram_char_ratio"] for size in TOP_SIZES] == [None] * 3
    assert [row[f"dup_{size}_gram_char_ratio"] for size in DUP_SIZES] == [0.0] * 6


def test_a_page_without_text_has_nothing_but_its_length() -> None:
    row = shares("")
    assert row.pop("text_chars") == 0
    assert set(row.values()) == {None}


@pytest.mark.parametrize("base", [1, 2**32 + 1, 2**63 + 1])
@given(words=st.lists(st.sampled_from(["a", "b", "ab", "ba", "aab", "\0", "é", "日本"]), max_size=60))
def test_no_share_depends_on_the_hash(base: int, words: list[str]) -> None:
    text = " ".join(words)
    expected = shares(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(word_runs, "_BASE", base)  # bases under which different runs share hashes
        assert shares(text) == expected


def test_rules_name_the_signal_of_their_size() -> None:
    rules = GopherRepetition.rules(max_top_grams=(0.2, 0.3, 0.4))
    assert [(rule.signal, rule.value) for rule in rules if rule.reason.startswith("frequent")] == [
        ("top_2_gram_char_ratio", 0.2),
        ("top_3_gram_char_ratio", 0.3),
        ("top_4_gram_char_ratio", 0.4),
    ]
    with pytest.raises(ValueError, match="shorter"):
        GopherRepetition.rules(max_dup_grams=(0.1,))
