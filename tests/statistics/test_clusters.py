from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from docrerank.statistics import bootstrap_auroc_clusters, bootstrap_clusters, bootstrap_mean, measure_auroc


def test_one_number_a_cluster_is_the_plain_bootstrap() -> None:
    values = np.random.default_rng(1).normal(size=60)
    plain, clustered = (
        bootstrap_mean(values, 3, 4000),
        bootstrap_clusters(values, [str(n) for n in range(60)], 3, 4000),
    )
    assert clustered.value == pytest.approx(plain.value)
    assert clustered.low == pytest.approx(plain.low, abs=0.02)
    assert clustered.high == pytest.approx(plain.high, abs=0.02)


def test_numbers_of_one_page_that_agree_widen_the_interval() -> None:
    values = [1.0] * 10 + [0.0] * 10
    apart = bootstrap_clusters(values, [str(n) for n in range(20)])
    together = bootstrap_clusters(values, ["a"] * 5 + ["b"] * 5 + ["c"] * 5 + ["d"] * 5)
    assert together.high - together.low > 1.3 * (apart.high - apart.low)


@given(st.lists(st.tuples(st.integers(0, 4), st.booleans()), min_size=2, max_size=30))
def test_the_area_is_the_share_of_pairs_in_order(rows: list[tuple[int, bool]]) -> None:
    positives = [float(score) for score, label in rows if label]
    negatives = [float(score) for score, label in rows if not label]
    if positives and negatives:
        scores, labels = [float(score) for score, _ in rows], [label for _, label in rows]
        found = bootstrap_auroc_clusters(scores, labels, [str(n) for n in range(len(rows))], resamples=5)
        assert found.value == pytest.approx(measure_auroc(positives, negatives))


def test_one_kind_alone_has_no_area() -> None:
    with pytest.raises(ValueError, match="both kinds"):
        bootstrap_auroc_clusters([1.0, 2.0], [True, True], ["a", "b"])
    with pytest.raises(ValueError, match="1 clusters for 2 values"):
        bootstrap_clusters([1.0, 2.0], ["a"])
