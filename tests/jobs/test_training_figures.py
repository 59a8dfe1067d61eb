"""The figures of a held-out report against their definitions, and heads against what minimises their cost."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.training import figures
from jobs.training.distil import components, zipf_weights
from jobs.training.held_out import held_out_report
from jobs.training.linear import fit_head

rows = st.lists(st.tuples(st.integers(0, 8), st.booleans()), min_size=2, max_size=40)
rows = rows.filter(lambda found: len({good for _, good in found}) == 2)


def split(found: list) -> tuple:
    return np.array([score / 8 for score, _ in found]), np.array([good for _, good in found])


@settings(deadline=None)
@given(found=rows)
def test_roc_auc_is_the_chance_that_a_good_page_scores_higher(found: list) -> None:
    scores, good = split(found)
    pairs = [(a > b) + (a == b) / 2 for a in scores[good] for b in scores[~good]]
    assert figures.roc_auc(scores, good) == pytest.approx(sum(pairs) / len(pairs))


@settings(deadline=None)
@given(found=rows)
def test_average_precision_adds_up_what_each_bound_gains(found: list) -> None:
    scores, good = split(found)
    total = before = 0.0
    for bound in sorted(set(scores.tolist()), reverse=True):
        called = scores >= bound
        recall = good[called].sum() / good.sum()
        total += (recall - before) * good[called].mean()
        before = recall
    assert figures.average_precision(scores, good) == pytest.approx(total)


@settings(deadline=None)
@given(found=rows)
def test_the_best_bound_has_the_highest_f1_of_all(found: list) -> None:
    scores, good = split(found)
    best = figures.confusion(scores, good, figures.best_bound(scores, good))
    assert best.f1 == pytest.approx(max(figures.confusion(scores, good, bound).f1 for bound in scores))


@settings(deadline=None)
@given(found=rows, bound=st.floats(0, 1))
def test_a_confusion_counts_every_page_once(found: list, bound: float) -> None:
    scores, good = split(found)
    told = figures.confusion(scores, good, bound)
    assert told.true_good + told.false_good + told.false_bad + told.true_bad == len(found)
    assert told.true_good + told.false_bad == good.sum()
    assert told.true_good + told.false_good == (scores >= bound).sum()


@settings(deadline=None)
@given(found=rows)
def test_bins_hold_every_page_once_and_scores_that_are_labels_are_calibrated(found: list) -> None:
    scores, good = split(found)
    bins = figures.reliability(scores, good.astype(float), 0.0, 1.0)
    assert sum(each.pages for each in bins) == len(found)
    exact = figures.reliability(good.astype(float), good.astype(float), 0.0, 1.0)
    assert figures.calibration_error(exact) == 0


def test_calibration_error_is_the_gap_of_each_bin_by_its_pages() -> None:
    bins = figures.reliability(np.array([0.1, 0.1, 0.9]), np.array([0.0, 1.0, 1.0]), 0.0, 1.0)
    assert figures.calibration_error(bins) == pytest.approx((2 * 0.4 + 1 * 0.1) / 3)


def test_rank_correlation_sees_order_alone_and_shares_ties() -> None:
    assert figures.spearman(np.array([1.0, 2, 3]), np.array([1.0, 10, 1000])) == pytest.approx(1)
    assert figures.ranks(np.array([5.0, 1, 5])).tolist() == [2.5, 1, 2.5]
    assert math.isnan(figures.spearman(np.array([1.0, 1]), np.array([1.0, 2])))


def test_scipy_finds_the_same_rank_correlation() -> None:
    stats = pytest.importorskip("scipy.stats", reason="scipy is not installed")
    one, other = np.random.default_rng(1).integers(0, 9, (2, 60)).astype(float)
    assert figures.spearman(one, other) == pytest.approx(stats.spearmanr(one, other).statistic)


def test_a_score_that_is_length_is_seen_as_such() -> None:
    lengths = np.arange(1.0, 91)
    labels = (lengths > 45).astype(float)
    told = held_out_report(lengths / 90, labels, lengths, good_from=0.5, classes=True)
    assert told["length"]["spearman_score"] == pytest.approx(1)
    assert [each["roc_auc"] for each in told["length"]["terciles"]] == [None, 1.0, None]
    assert told["roc_auc"] == 1.0


def test_a_report_of_scores_has_their_errors_and_is_json_throughout() -> None:
    import orjson

    labels = np.array([0.0, 1, 2, 3, 4, 5])
    told = held_out_report(labels + 0.5, labels, labels + 10, good_from=3, classes=False)
    assert told["root_mean_square_error"] == pytest.approx(0.5)
    assert told["good"] == 3
    assert told["confusion"]["middle"]["bound"] == 3
    assert orjson.loads(orjson.dumps(told)) == told


@settings(deadline=None)
@given(seed=st.integers(0, 1000), logistic=st.booleans())
def test_a_head_costs_less_than_any_other_near_it(seed: int, logistic: bool) -> None:
    chosen = np.random.default_rng(seed)
    x = chosen.normal(size=(60, 3)) * [1, 10, 0.1] + 5
    labels = x @ [1, 0.1, 3] - 10 + chosen.normal(size=60)
    labels = (labels > np.median(labels)).astype(float) if logistic else labels
    weights = chosen.random(60) + 0.5
    head = fit_head(x, labels, weights, np.arange(60) % 5, logistic=logistic)

    def cost(weight, bias: float) -> float:
        numbers = x @ weight + bias
        loss = np.logaddexp(0, numbers) - labels * numbers if logistic else (numbers - labels) ** 2 / 2
        scaled = weight * x.std(axis=0)
        return loss @ weights / weights.sum() + head.penalty * scaled @ scaled / 2

    least = cost(head.weight, head.bias)
    for change in np.vstack([np.eye(4), -np.eye(4), chosen.normal(size=(4, 4))]) * 0.01:
        assert cost(head.weight + change[:3] / x.std(axis=0), head.bias + change[3]) >= least - 1e-9


def test_a_column_that_never_varies_and_classes_far_apart_are_no_trouble() -> None:
    x = np.column_stack([np.ones(40), np.repeat([-1000.0, 1000.0], 20)])
    head = fit_head(x, np.repeat([0.0, 1.0], 20), np.ones(40), np.arange(40) % 5, logistic=True)
    assert np.isfinite(head.of(x)).all()
    assert ((head.of(x) > 0) == (x[:, 1] > 0)).all()


def test_components_keep_distances_where_all_are_kept_and_most_variance_comes_first() -> None:
    x = np.random.default_rng(2).normal(size=(50, 6)) * [5, 4, 3, 2, 1, 0.5]
    found = components(x, 6)
    assert np.linalg.norm(found[0] - found[1]) == pytest.approx(np.linalg.norm(x[0] - x[1]))
    assert (np.diff(found.var(axis=0)) <= 1e-9).all()
    assert components(x, 2) == pytest.approx(found[:, :2])


def test_common_tokens_count_less() -> None:
    weights = zipf_weights(1000)
    assert (np.diff(weights) > 0).all()
    assert weights[-1] < 1
