"""Runs that pages say more than once, against the same counted one by one."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from filters.numbered_runs import NumberedRuns, grouped

SIZES = (1, 2, 3, 5, 7)

words = st.sampled_from(["a", "b", "cc", "ddd", "é"])
pages = st.lists(st.lists(words, max_size=40), max_size=5)


def runs_of(page: list[str], size: int) -> Counter[tuple[str, ...]]:
    return Counter(tuple(page[at : at + size]) for at in range(len(page) - size + 1))


def longest_of_the_commonest(page: list[str], size: int) -> tuple[tuple[str, ...], int] | None:
    runs = runs_of(page, size)
    most = max(runs.values(), default=1)
    common = [run for run in runs if runs[run] == most]
    return None if most == 1 else (max(common, key=lambda run: len("".join(run))), most)


def words_in(page: list[str], size: int, chosen: set[tuple[str, ...]]) -> list[int]:
    starts = [at for at in range(len(page) - size + 1) if tuple(page[at : at + size]) in chosen]
    return sorted({word for at in starts for word in range(at, at + size)})


def commonest_share(page: list[str], size: int) -> float | None:
    top = longest_of_the_commonest(page, size)
    return None if top is None else len("".join(top[0])) * top[1] / len("".join(page))


def repeated_words(page: list[str], size: int) -> list[int]:
    return words_in(page, size, {run for run, times in runs_of(page, size).items() if times > 1})


def repeated_share(page: list[str], size: int) -> float | None:
    chars = sum(len(page[word]) for word in repeated_words(page, size))
    return None if len(page) < size else chars / len("".join(page))


@given(group=pages)
def test_shares_are_those_counted_one_by_one(group: list[list[str]]) -> None:
    runs = NumberedRuns(group, SIZES[-1])
    for size in SIZES:
        assert runs.commonest_shares(size) == [commonest_share(page, size) for page in group]
        assert runs.repeated_shares(size) == [repeated_share(page, size) for page in group]


@given(page=st.lists(words, max_size=40))
def test_the_words_of_runs_are_those_found_one_by_one(page: list[str]) -> None:
    runs = NumberedRuns([page], SIZES[-1])
    for size in SIZES:
        top = longest_of_the_commonest(page, size)
        assert runs.commonest(size) == (words_in(page, size, {top[0]}) if top else [])
        assert runs.repeated(size) == repeated_words(page, size)


def test_groups_hold_all_pages_in_order_and_only_one_that_is_too_long() -> None:
    pages = [["w"] * length for length in (5000, 4000, 0, 90_000, 1, 8000, 200)]
    groups = list(grouped(pages))
    assert [page for group in groups for page in group] == pages
    assert [list(map(len, group)) for group in groups] == [[5000], [4000, 0], [90_000], [1, 8000], [200]]
