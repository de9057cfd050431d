from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from docrerank.statistics import bootstrap_auprc, bootstrap_auroc, measure_auprc, measure_auroc

# Few distinct scores, so that ties are common.
SCORES = st.lists(st.integers(-3, 3).map(float) | st.floats(allow_nan=False), min_size=1, max_size=30)


def compute_auroc_plainly(positives: list[float], negatives: list[float]) -> float:
    won = [(p > n) + 0.5 * (p == n) for p in positives for n in negatives]
    return sum(won) / len(won)


def compute_auprc_plainly(positives: list[float], negatives: list[float]) -> float:
    """The mean over positives of the precision among everything that scores no lower."""
    precisions = []
    for threshold in positives:
        hits = sum(p >= threshold for p in positives)
        precisions.append(hits / (hits + sum(n >= threshold for n in negatives)))
    return sum(precisions) / len(precisions)


@given(SCORES, SCORES)
def test_auroc_equals_the_share_of_pairs_won(positives: list[float], negatives: list[float]) -> None:
    expected = compute_auroc_plainly(positives, negatives)
    assert measure_auroc(positives, negatives) == pytest.approx(expected, abs=1e-12)
    assert measure_auroc(negatives, positives) == pytest.approx(1 - expected, abs=1e-12)


@given(SCORES, SCORES)
def test_auprc_equals_the_mean_precision_over_positives(positives: list[float], negatives: list[float]) -> None:
    expected = compute_auprc_plainly(positives, negatives)
    assert measure_auprc(positives, negatives) == pytest.approx(expected, abs=1e-12)
    assert 0 < measure_auprc(positives, negatives) <= 1


def test_ties_count_one_half() -> None:
    assert measure_auroc([1.0, 1.0], [1.0]) == 0.5
    assert measure_auroc([1.0, 2.0], [1.0]) == 0.75
    assert measure_auprc([1.0], [1.0, 1.0, 1.0]) == 0.25


def test_only_the_order_of_scores_matters() -> None:
    positives, negatives = np.random.default_rng(0).normal(size=(2, 40))
    assert measure_auroc(np.exp(positives), np.exp(negatives)) == measure_auroc(positives, negatives)
    assert measure_auroc(-positives, -negatives) == pytest.approx(1 - measure_auroc(positives, negatives))


def test_a_question_without_a_page_ranks_below_all() -> None:
    assert measure_auroc([0.0], [-math.inf]) == 1.0
    assert measure_auroc([-math.inf], [-math.inf]) == 0.5


def test_the_interval_agrees_with_resampling_the_scores_themselves() -> None:
    generator = np.random.default_rng(3)
    positives, negatives = generator.normal(0.6, size=60).round(1), generator.normal(size=40).round(1)
    for bootstrap, measure in ((bootstrap_auroc, measure_auroc), (bootstrap_auprc, measure_auprc)):
        drawn = [measure(generator.choice(positives, 60), generator.choice(negatives, 40)) for _ in range(2000)]
        low, high = np.quantile(drawn, [0.025, 0.975])
        interval = bootstrap(positives, negatives)
        assert interval.value == measure(positives, negatives)
        assert (interval.low, interval.high) == pytest.approx((low, high), abs=0.02)


def test_scores_of_one_kind_hold_one_half_in_their_interval_and_separated_ones_do_not() -> None:
    first, second = np.random.default_rng(9).normal(size=(2, 100))
    same, apart = bootstrap_auroc(first, second), bootstrap_auroc(first + 1, second)
    assert same.low < 0.5 < same.high
    assert apart.low > 0.5
    assert bootstrap_auroc(first, second, seed=1) == bootstrap_auroc(first, second, seed=1) != same


@pytest.mark.parametrize(("positives", "negatives"), [([], [1.0]), ([1.0], []), ([math.nan], [1.0])])
def test_scores_that_cannot_be_compared_are_refused(positives: list[float], negatives: list[float]) -> None:
    with pytest.raises(ValueError, match=r"at least one score|NaN"):
        measure_auroc(positives, negatives)
