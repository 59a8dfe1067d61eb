"""Runs of words of a page, against the same counted one by one."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filters import word_runs
from filters.word_runs import repeated_chars, top_chars
from pipeline.spelled import Spelled

TOPS, DUPS = (2, 3, 4), (5, 6, 7)

words = st.sampled_from(["a", "b", "ab", "ba", "a b", "b ", " ", "", "\0", "é", "日本", "longer-words"])
plain_words = st.sampled_from(["a", "b", "ab", "ba", "é", "日本", "longer-words"])
pages = st.lists(words, max_size=40) | st.lists(plain_words, max_size=60)


def top(page: list[str], size: int) -> int | None:
    runs = Counter(" ".join(page[at : at + size]) for at in range(len(page) - size + 1))
    return max(len(run) * count for run, count in runs.most_common(1)) if runs else None


def repeated(page: list[str], size: int) -> int:
    seen: set[str] = set()
    chars = at = 0
    while at <= len(page) - size:
        run = "".join(page[at : at + size])
        chars += len(run) * (run in seen)
        at += size if run in seen else 1
        seen.add(run)
    return chars


def counted(page: list[str]) -> tuple[list[int | None], list[int]]:
    spelled = Spelled.of(page)
    return top_chars(spelled, TOPS), repeated_chars(spelled, DUPS)


@given(page=pages)
def test_runs_are_those_that_are_found_one_by_one(page: list[str]) -> None:
    assert counted(page) == ([top(page, size) for size in TOPS], [repeated(page, size) for size in DUPS])


@given(beginning=pages, repeated_part=st.lists(plain_words, min_size=5, max_size=20), end=pages)
def test_runs_that_are_said_again_are_found_one_by_one(
    beginning: list[str], repeated_part: list[str], end: list[str]
) -> None:
    page = [*beginning, *repeated_part, *end, *repeated_part]
    assert counted(page) == ([top(page, size) for size in TOPS], [repeated(page, size) for size in DUPS])


@pytest.mark.parametrize("base", [1, 2**32 + 1, 2**63 + 1])
@given(page=pages)
def test_no_count_depends_on_the_hash(base: int, page: list[str]) -> None:
    expected = counted(page)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(word_runs, "_BASE", base)  # under which different runs share hashes
        assert counted(page) == expected


def test_a_page_of_many_words_is_counted_too() -> None:
    page = [str(number % 50_000) for number in range(60_000)]
    assert counted(page) == ([top(page, size) for size in TOPS], [repeated(page, size) for size in DUPS])
