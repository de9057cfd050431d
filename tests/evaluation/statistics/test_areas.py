from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from docrerank.evaluation.statistics import bootstrap_auprc, bootstrap_auroc
from docrerank.evaluation.statistics.resampling import draw_weights

# Few distinct scores, so that ties are common.
SCORES = st.lists(st.integers(-3, 3).map(float) | st.floats(allow_nan=False), min_size=1, max_size=30)


def auroc(positives: list[float], negatives: list[float]) -> float:
    kinds = [True] * len(positives) + [False] * len(negatives)
    return bootstrap_auroc([*positives, *negatives], kinds, resamples=2).value


def auprc(positives: list[float], negatives: list[float]) -> float:
    kinds = [True] * len(positives) + [False] * len(negatives)
    return bootstrap_auprc([*positives, *negatives], kinds, resamples=2).value


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
def test_the_areas_equal_their_plain_definitions(positives: list[float], negatives: list[float]) -> None:
    expected = compute_auroc_plainly(positives, negatives)
    assert auroc(positives, negatives) == pytest.approx(expected, abs=1e-12)
    assert auroc(negatives, positives) == pytest.approx(1 - expected, abs=1e-12)
    assert auprc(positives, negatives) == pytest.approx(compute_auprc_plainly(positives, negatives), abs=1e-12)


def test_every_resample_has_scikit_learns_areas() -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    generator = np.random.default_rng(4)
    scores, kinds = generator.integers(0, 9, 60).astype(float), generator.random(60) < 0.6
    clusters = [str(at // 7) for at in range(60)]
    for ours, theirs in (
        (bootstrap_auroc, metrics.roc_auc_score),
        (bootstrap_auprc, metrics.average_precision_score),
    ):
        (weights,) = draw_weights(clusters, 60, seed=2, resamples=40)
        areas = [theirs(kinds, scores, sample_weight=drawn) for drawn in weights]
        found = ours(scores, kinds.tolist(), clusters, seed=2, resamples=40)
        known = [theirs(kinds, scores), *np.quantile(areas, [0.025, 0.975])]
        assert [found.value, found.low, found.high] == pytest.approx(known, abs=1e-12)


def test_ties_count_one_half_and_a_question_without_a_page_ranks_below_all() -> None:
    assert auroc([1.0, 1.0], [1.0]) == 0.5
    assert auroc([1.0, 2.0], [1.0]) == 0.75
    assert auprc([1.0], [1.0, 1.0, 1.0]) == 0.25
    assert auroc([0.0], [-math.inf]) == 1.0
    assert auroc([-math.inf], [-math.inf]) == 0.5


def test_the_interval_agrees_with_resampling_the_scores_themselves() -> None:
    generator = np.random.default_rng(3)
    scores = np.concatenate([generator.normal(0.6, size=60).round(1), generator.normal(size=40).round(1)])
    kinds = np.array([True] * 60 + [False] * 40)
    for bootstrap, measure in ((bootstrap_auroc, compute_auroc_plainly), (bootstrap_auprc, compute_auprc_plainly)):
        drawn = [generator.integers(0, 100, 100) for _ in range(300)]
        areas = [measure(scores[at][kinds[at]].tolist(), scores[at][~kinds[at]].tolist()) for at in drawn]
        interval = bootstrap(scores, kinds.tolist())
        assert (interval.low, interval.high) == pytest.approx(tuple(np.quantile(areas, [0.025, 0.975])), abs=0.03)


def test_scores_of_one_kind_hold_one_half_in_their_interval_and_separated_ones_do_not() -> None:
    first, second = np.random.default_rng(9).normal(size=(2, 100))
    kinds = [True] * 100 + [False] * 100
    same = bootstrap_auroc(np.concatenate([first, second]), kinds)
    apart = bootstrap_auroc(np.concatenate([first + 1, second]), kinds)
    assert same.low < 0.5 < same.high
    assert apart.low > 0.5


def test_pages_that_stand_together_widen_the_interval() -> None:
    scores, kinds = [2.0] * 6 + [1.0] * 6 + [0.0] * 6 + [1.5] * 6, [True] * 12 + [False] * 12
    apart = bootstrap_auroc(scores, kinds)
    together = bootstrap_auroc(scores, kinds, [page for page in "abcd" for _ in range(6)])
    assert together.high - together.low > apart.high - apart.low


def test_scores_that_cannot_be_compared_are_refused() -> None:
    with pytest.raises(ValueError, match="both kinds"):
        bootstrap_auroc([1.0, 2.0], [True, True])
    with pytest.raises(ValueError, match="NaN"):
        bootstrap_auroc([1.0, math.nan], [True, False])
    with pytest.raises(ValueError, match="1 clusters for 2 values"):
        bootstrap_auroc([1.0, 2.0], [True, False], ["a"])
