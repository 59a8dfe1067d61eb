import doctest
import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dedup import theory

SHARES = st.floats(0, 1)
COUNTS = st.integers(1, 500)


def test_the_examples_in_the_docstrings_are_true():
    result = doctest.testmod(theory)
    assert result.attempted >= 6
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
