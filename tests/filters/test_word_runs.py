"""Runs of words of several pages, against the same counted one by one."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filters import word_runs
from filters.word_runs import WordRuns, grouped

TOPS, DUPS = (2, 3, 4), (5, 6, 7)

words = st.sampled_from(["a", "b", "ab", "ba", "a b", "b ", " ", "", "\0", "é", "日本", "\ud800", "longer-words"])
pages = st.lists(st.lists(words, max_size=40), max_size=5)


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


def counted(group: list[list[str]]) -> tuple[list, list]:
    runs = WordRuns(group)
    return runs.top_chars(TOPS), runs.repeated_chars(DUPS)


@given(group=pages)
def test_runs_are_those_that_are_found_one_by_one(group: list[list[str]]) -> None:
    tops, dups = counted(group)
    assert tops == [[top(page, size) for page in group] for size in TOPS]
    assert dups == [[repeated(page, size) for page in group] for size in DUPS]


@pytest.mark.parametrize("base", [0, 1, 2**32 + 1, 2**63])
@given(group=pages)
def test_no_count_depends_on_the_hash(base: int, group: list[list[str]]) -> None:
    expected = counted(group)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(word_runs, "_BASE", base)  # under which different runs share hashes
        assert counted(group) == expected


@given(group=pages)
def test_many_suspects_are_counted_as_few_are(group: list[list[str]]) -> None:
    expected = counted(group)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(word_runs, "_SUSPECTS_AT_ONCE", 0)
        assert counted(group) == expected


def test_a_run_never_reaches_into_the_next_page() -> None:
    halves = [["a", "b", "c", "d"], ["e", "f", "a", "b", "c", "d"], ["e", "f"]]
    assert counted(halves)[1] == [[0, 0, 0]] * 3


def test_a_text_of_more_bytes_than_powers_are_kept_for_is_counted_too() -> None:
    page = [str(number % 50_000) for number in range(60_000)]
    assert len("".join(page)) > word_runs._KEPT_POWERS
    assert counted([page])[1] == [[repeated(page, size)] for size in DUPS]


def test_groups_hold_all_pages_in_order_and_only_one_that_is_too_long() -> None:
    pages = [["w"] * length for length in (5000, 4000, 0, 90_000, 1, 8000, 200)]
    groups = list(grouped(pages))
    assert [page for group in groups for page in group] == pages
    assert [list(map(len, group)) for group in groups] == [[5000], [4000, 0], [90_000], [1, 8000], [200]]
