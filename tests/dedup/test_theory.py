import doctest
import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dedup import theory

SHARES = st.floats(0, 1)
COUNTS = st.integers(1, 500)


def test_the_examples_in_the_docstrings_are_true():
    result = doctest.testmod(theory)
    assert result.attempted >= 13
    assert result.failed == 0


@pytest.mark.parametrize(("similarity", "published"), [(0.70, 0.56), (0.75, 0.77), (0.80, 0.92), (0.85, 0.988)])
def test_the_curve_of_fineweb_is_the_published_one(similarity, published):
    assert abs(theory.probability(similarity, 14, 8) - published) < 0.005


@given(similarity=SHARES, bands=COUNTS, rows=st.integers(1, 40))
def test_the_formula_is_the_textbook_one(similarity, bands, rows):
    assert theory.probability(similarity, bands, rows) == pytest.approx(1 - (1 - similarity**rows) ** bands, abs=1e-12)


@given(chance=st.floats(0.001, 0.999), bands=COUNTS, rows=COUNTS)
def test_similarity_found_is_the_inverse_of_probability(chance, bands, rows):
    assert theory.probability(theory.similarity_found(chance, bands, rows), bands, rows) == pytest.approx(chance)


@given(one=SHARES, other=SHARES, bands=COUNTS, rows=COUNTS)
def test_more_similar_documents_are_never_found_less_often(one, other, bands, rows):
    low, high = sorted((one, other))
    assert theory.probability(low, bands, rows) <= theory.probability(high, bands, rows) * (1 + 1e-12)


def test_tiny_chances_keep_their_digits():
    assert theory.probability(1e-3, 14, 8) == pytest.approx(14e-24, rel=1e-9)


def test_the_curve_is_steepest_near_the_threshold():
    steps = [step / 1000 for step in range(1001)]
    slopes = [theory.probability(b) - theory.probability(a) for a, b in pairwise(steps)]
    assert abs(steps[slopes.index(max(slopes))] - theory.threshold()) < 0.02


def test_the_recall_table_spans_all_similarities():
    table = theory.recall_table(14, 8, steps=4)
    assert [similarity for similarity, _ in table] == [0, 0.25, 0.5, 0.75, 1]
    assert [recall for _, recall in table] == [theory.probability(s) for s in (0, 0.25, 0.5, 0.75, 1)]


@pytest.mark.parametrize("similarity", [-0.1, 1.1, math.nan])
def test_a_similarity_outside_of_zero_and_one_is_refused(similarity):
    with pytest.raises(ValueError, match="not within 0 and 1"):
        theory.probability(similarity)


@pytest.mark.parametrize(("bands", "rows"), [(0, 8), (14, 0)])
def test_no_bands_or_rows_are_refused(bands, rows):
    with pytest.raises(ValueError, match="at least 1"):
        theory.probability(0.5, bands, rows)
    with pytest.raises(ValueError, match="at least 1"):
        theory.threshold(bands, rows)


PAIRS = st.lists(st.tuples(SHARES, st.integers(0, 1000)), max_size=8)


@given(pairs=PAIRS, least=SHARES)
def test_what_is_found_is_shared_between_both_sides_of_a_bound(pairs, least):
    found = sum(count * theory.probability(similarity) for similarity, count in pairs)
    wanted = sum(count for similarity, count in pairs if similarity >= least)
    recall = theory.expected_recall(pairs, least=least)
    assert math.isnan(recall) == (wanted == 0)
    above = recall * wanted if wanted else 0
    assert above + theory.found_below(least, pairs) == pytest.approx(found)


WANTED = {"similarity": st.floats(0.3, 0.99), "recall": st.floats(0.05, 0.999), "most_bytes": st.integers(8, 400)}


@given(**WANTED, bits=st.sampled_from([0, 1, 8]))
def test_what_is_chosen_keeps_its_promises_and_nothing_that_does_is_steeper(similarity, recall, most_bytes, bits):
    def area(bands, rows):
        return sum(theory.probability(similarity * (step + 0.5) / 256, bands, rows) for step in range(256))

    fitting = [
        (bands, rows)
        for rows in range(1, 65)
        for bands in range(1, 64 // rows + 1)
        if theory.bytes_kept(bands, rows, bits) <= most_bytes
        and theory.probability(similarity, bands, rows) >= recall * (1 + 1e-9)
    ]
    try:
        chosen = theory.choose(similarity, recall, most_bytes=most_bytes, bits=bits, functions=64)
    except ValueError:
        assert not fitting
        return
    assert theory.probability(similarity, chosen.bands, chosen.rows) >= recall
    assert chosen.bytes == theory.bytes_kept(chosen.bands, chosen.rows, bits) <= most_bytes
    assert chosen.bands * chosen.rows <= 64
    assert all(
        area(chosen.bands, chosen.rows) <= area(*other) * (1 + 1e-9) for other in fitting[:: len(fitting) // 8 + 1]
    )


@pytest.mark.parametrize(
    "wanted",
    [{"similarity": 0.0, "recall": 0.5}, {"similarity": 0.5, "recall": 1.0}, {"similarity": 0.1, "recall": 0.99}],
)
def test_what_no_bands_can_promise_is_refused(wanted):
    with pytest.raises(ValueError, match=r"no bands find|does not fit"):
        theory.choose(**wanted, most_bytes=100)


def test_equal_documents_need_one_band():
    assert theory.choose(1.0, 1.0, most_bytes=8, functions=32) == (1, 32, 8)


@pytest.mark.parametrize("bits", [1, 2, 8])
def test_the_standard_error_is_that_of_estimates_from_random_values(bits):
    random = np.random.default_rng(bits)
    similarity, values, trials = 0.7, 112, 20_000
    equal = (random.random((trials, values)) < similarity) | (random.integers(0, 1 << bits, (trials, values)) == 0)
    estimates = (equal.mean(axis=1) - 2.0**-bits) / (1 - 2.0**-bits)
    assert abs(estimates.mean() - similarity) < 0.002
    assert theory.standard_error(similarity, values, bits) == pytest.approx(estimates.std(), rel=0.03)


def test_no_values_and_no_bits_are_refused():
    with pytest.raises(ValueError, match="at least 1"):
        theory.standard_error(0.5, 0)
    with pytest.raises(ValueError, match="at least 1"):
        theory.standard_error(0.5, 112, 0)
