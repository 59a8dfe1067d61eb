import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dedup.edges import edges
from pipeline.schemas import EDGES

ROWS = st.lists(st.tuples(st.integers(2**64 - 6, 2**64 - 1), st.integers(0, 9) | st.just(2**64 - 1)), max_size=40)


def pairs(table):
    return list(zip(table.column("a").to_pylist(), table.column("b").to_pylist(), strict=True))


def edges_of(rows):
    return edges(np.array([key for key, _ in rows], np.uint64), np.array([number for _, number in rows], np.uint64))


@given(ROWS)
def test_each_shared_key_is_a_star_around_its_smallest_document(rows):
    expected = set()
    for key in {key for key, _ in rows}:
        smallest, *others = sorted({number for other, number in rows if other == key})
        expected |= {(smallest, other) for other in others}
    table = edges_of(rows)
    assert table.schema == EDGES
    assert pairs(table) == sorted(expected)


@given(ROWS, st.randoms(use_true_random=False))
def test_the_order_of_the_rows_does_not_matter(rows, random):
    shuffled = random.sample(rows, len(rows))
    assert edges_of(shuffled).equals(edges_of(rows))


def test_a_document_that_has_one_key_twice_is_no_pair():
    assert pairs(edges_of([(1, 5), (1, 5)])) == []


def test_a_pair_that_shares_several_keys_is_one_edge():
    assert pairs(edges_of([(1, 5), (1, 6), (2, 6), (2, 5)])) == [(5, 6)]


def test_a_key_of_many_documents_costs_one_edge_for_each():
    count = 100_000
    table = edges(np.zeros(count, np.uint64), np.arange(count, dtype=np.uint64)[::-1])
    assert table.num_rows == count - 1
    assert set(table.column("a").to_pylist()) == {0}


def test_nothing_shared_is_an_empty_table():
    for rows in ([], [(1, 1), (2, 2)]):
        table = edges_of(rows)
        assert table.num_rows == 0
        assert table.schema == EDGES


def test_columns_of_different_length_are_refused():
    with pytest.raises(ValueError, match="shape"):
        edges(np.zeros(2, np.uint64), np.zeros(3, np.uint64))
