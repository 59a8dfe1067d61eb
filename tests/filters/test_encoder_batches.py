"""Batches of an encoder: every text once, the budget kept, little padding, and cut in halves where one does not fit."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from filters.quality.batching import STEP, Batch, batches, in_pieces, plan, widths
from filters.quality.windows import Windows

MOST = 512
lengths_ = st.lists(st.integers(1, MOST), max_size=300)
budgets = st.integers(MOST, 40_000)


@given(lengths=lengths_, budget=budgets)
def test_every_text_is_in_one_batch_of_one_width_within_the_budget(lengths: list[int], budget: int) -> None:
    counted = np.array(lengths, np.int64)
    wide = widths(counted, MOST)
    found = plan(lengths, budget, MOST)
    assert sorted(row for rows in found for row in rows) == list(range(len(lengths)))
    for rows in found:
        assert len(set(wide[rows])) == 1
        assert len(rows) * wide[rows[0]] <= budget


@given(lengths=lengths_)
def test_a_text_is_padded_by_an_eighth_and_seven_tokens_at_most(lengths: list[int]) -> None:
    counted = np.array(lengths, np.int64)
    wide = widths(counted, MOST)
    assert (wide >= counted).all()
    assert (wide <= counted + counted // 8 + STEP - 1).all()
    assert (wide % STEP == 0).all()
    assert len(set(wide)) <= 32  # so many shapes at most


@given(lengths=lengths_.filter(bool), budget=budgets, seed=st.integers(0, 9))
def test_what_goes_together_depends_on_lengths_alone(lengths: list[int], budget: int, seed: int) -> None:
    drawn = np.random.default_rng(seed)
    some = [drawn.integers(0, 1000, length).astype(np.int32) for length in lengths]
    made = list(batches(some, budget, MOST, 7))
    assert [list(batch.rows) for batch in made] == [list(rows) for rows in plan(lengths, budget, MOST)]
    for batch in made:
        for row, ids, length in zip(batch.rows, batch.ids, batch.lengths, strict=True):
            assert length == lengths[row]
            assert (ids[:length] == some[row]).all()
            assert (ids[length:] == 7).all()


def test_the_longest_come_first_and_a_text_above_the_budget_goes_alone() -> None:
    found = plan([10, 500, 30, 500], 400, MOST)
    assert [list(rows) for rows in found] == [[1], [3], [2], [0]]


@given(lengths=lengths_.filter(bool), fits=st.integers(MOST, 3_000))
def test_a_batch_that_does_not_fit_is_cut_until_it_does_and_answers_keep_their_texts(
    lengths: list[int], fits: int
) -> None:
    some = [np.full(length, row, np.int32) for row, length in enumerate(lengths)]
    tried: list[int] = []

    def forward(batch: Batch) -> list[int]:
        tried.append(batch.ids.size)
        if batch.ids.size > fits:
            raise MemoryError
        return [int(ids[0]) for ids in batch.ids]

    pieces = in_pieces(list(batches(some, 16_384, MOST, 0)), forward, lambda error: isinstance(error, MemoryError))
    answered = {int(row): answer for rows, answers in pieces.answers for row, answer in zip(rows, answers, strict=True)}
    assert answered == {row: row for row in range(len(lengths))}
    assert pieces.smaller == sum(size > fits for size in tried)


@pytest.mark.parametrize(("error", "rows"), [(ValueError("wrong"), 4), (MemoryError("full"), 1)])
def test_another_error_and_a_single_text_that_does_not_fit_are_raised(error: Exception, rows: int) -> None:
    some = [np.zeros(20, np.int32)] * rows

    def forward(batch: Batch) -> None:
        raise error

    with pytest.raises(type(error), match=str(error)):
        in_pieces(list(batches(some, 16_384, MOST, 0)), forward, lambda each: isinstance(each, MemoryError))


def test_windows_are_pooled_by_the_highest_or_by_the_mean_of_their_tokens() -> None:
    windows = Windows([], np.array([0, 2]), np.array([500, 100, 40]))
    scores = np.array([1.0, 4.0, 3.0])
    assert list(windows.pooled(scores, "max")) == [4.0, 3.0]
    assert list(windows.pooled(scores, "mean")) == [1.5, 3.0]
