from __future__ import annotations

from itertools import product
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from docrerank.statistics import bootstrap_difference, bootstrap_mean, compute_p_value, estimate_share, significance


def test_a_seed_gives_one_interval_and_another_seed_another() -> None:
    values = np.random.default_rng(1).random(50)
    assert bootstrap_mean(values, seed=3) == bootstrap_mean(values, seed=3)
    assert bootstrap_mean(values, seed=3) != bootstrap_mean(values, seed=4)


def test_the_interval_of_a_mean_is_that_of_theory_for_many_values() -> None:
    values = np.random.default_rng(2).normal(size=2000)
    interval = bootstrap_mean(values, resamples=4000)
    half = NormalDist().inv_cdf(0.975) * values.std() / np.sqrt(len(values))
    assert interval.value == pytest.approx(values.mean())
    assert interval.high - interval.low == pytest.approx(2 * half, rel=0.06)


def test_the_interval_covers_the_true_mean_about_as_often_as_it_says() -> None:
    generator = np.random.default_rng(5)
    intervals = [bootstrap_mean(generator.random(60), seed=seed, resamples=500) for seed in range(200)]
    covered = sum(interval.low <= 0.5 <= interval.high for interval in intervals)
    assert 180 <= covered <= 199


def test_pairing_is_used() -> None:
    """Queries differ far more than systems do: paired, the small gain is certain; shuffled, it is not."""
    generator = np.random.default_rng(7)
    hard = generator.normal(scale=10, size=200)
    ours = hard + 0.5 + generator.normal(scale=0.1, size=200)
    paired, shuffled = bootstrap_difference(ours, hard), bootstrap_difference(ours, generator.permutation(hard))
    assert 0 < paired.low < 0.5 < paired.high < 0.6
    assert shuffled.low < 0 < shuffled.high
    assert compute_p_value(ours, hard) < 0.001
    assert compute_p_value(ours, generator.permutation(hard)) > 0.05


def test_blocks_do_not_change_how_many_resamples_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    assert list(significance.split_rows(7, 1)) == [7]
    monkeypatch.setattr(significance, "_BLOCK", 10)
    assert list(significance.split_rows(7, 5)) == [2, 2, 2, 1]
    assert list(significance.split_rows(2, 50)) == [1, 1]
    assert bootstrap_mean([0.0, 1.0, 1.0], resamples=100).value == pytest.approx(2 / 3)


def test_the_p_value_equals_that_of_all_sign_flips() -> None:
    differences = np.array([0.5, -0.25, 0.125, 0.75, 0.5, -0.125, 0.25, 0.5])
    flips = np.array(list(product([1, -1], repeat=len(differences)))) @ differences
    exact = np.mean(np.abs(flips) >= abs(differences.sum()))
    assert compute_p_value(differences, np.zeros(8), permutations=40_000) == pytest.approx(exact, abs=0.01)


def test_the_p_value_is_1_without_a_difference_and_never_0() -> None:
    assert compute_p_value([0.3, 0.7], [0.3, 0.7]) == 1.0
    assert compute_p_value(np.ones(100), np.zeros(100), permutations=999) == 0.001


def test_p_values_are_uniform_when_there_is_no_difference() -> None:
    generator = np.random.default_rng(11)
    pairs = generator.normal(size=(200, 2, 30))
    values = [compute_p_value(one, other, seed=n, permutations=400) for n, (one, other) in enumerate(pairs)]
    assert 2 <= sum(p < 0.05 for p in values) <= 20
    assert 0.4 < float(np.mean(values)) < 0.6


@pytest.mark.parametrize("values", [[], [float("nan")], [float("inf"), 1.0], [[1.0]]])
def test_values_without_a_mean_are_refused(values: list[float]) -> None:
    with pytest.raises(ValueError, match="finite"):
        bootstrap_mean(values)


def test_unpaired_values_are_refused() -> None:
    with pytest.raises(ValueError, match="2 and 1 values are not pairs"):
        compute_p_value([1.0, 2.0], [1.0])


def test_wilson_interval_equals_published_values() -> None:
    """Newcombe 1998, Statistics in Medicine 17, table I, method 3."""
    published = {
        (81, 263): (0.2553, 0.3662),
        (15, 148): (0.0624, 0.1605),
        (0, 20): (0, 0.1611),
        (1, 29): (0.0061, 0.1718),
    }
    for (successes, trials), (low, high) in published.items():
        interval = estimate_share(successes, trials)
        assert (interval.low, interval.high) == pytest.approx((low, high), abs=5e-5)


@given(st.integers(1, 10_000).flatmap(lambda trials: st.tuples(st.integers(0, trials), st.just(trials))))
def test_a_share_lies_in_its_interval_and_mirrors(counts: tuple[int, int]) -> None:
    successes, trials = counts
    interval, mirror = estimate_share(successes, trials), estimate_share(trials - successes, trials)
    assert 0 <= interval.low <= interval.value <= interval.high <= 1
    assert interval.low == pytest.approx(1 - mirror.high, abs=1e-9)


@pytest.mark.parametrize(("successes", "trials"), [(0, 0), (-1, 3), (4, 3)])
def test_an_impossible_share_is_refused(successes: int, trials: int) -> None:
    with pytest.raises(ValueError, match="is no share"):
        estimate_share(successes, trials)
