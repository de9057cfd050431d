from __future__ import annotations

from itertools import product
from statistics import NormalDist

import numpy as np
import pytest

from docrerank.evaluation.statistics import (
    bootstrap_difference,
    bootstrap_mean,
    bootstrap_means,
    compute_p_value,
    resampling,
)
from docrerank.evaluation.statistics.resampling import draw_weights


def draw_documents(generator: np.random.Generator, documents: int, questions: int) -> tuple[list[float], list[str]]:
    """Scores around 0 of questions, some of whose spread is their document's, and each one's document."""
    hard = np.repeat(generator.normal(scale=0.5, size=documents), questions)
    names = np.repeat([str(number) for number in range(documents)], questions)
    return (hard + generator.normal(scale=1.0, size=len(hard))).tolist(), names.tolist()


def test_a_seed_gives_one_interval_and_another_seed_another() -> None:
    values = np.random.default_rng(1).random(50)
    assert bootstrap_mean(values, seed=3) == bootstrap_mean(values, seed=3)
    assert bootstrap_mean(values, seed=3) != bootstrap_mean(values, seed=4)


def test_the_interval_of_independent_values_is_that_of_theory() -> None:
    values = np.random.default_rng(2).normal(size=500)
    interval = bootstrap_mean(values, resamples=4000)
    half = NormalDist().inv_cdf(0.975) * values.std() / np.sqrt(len(values))
    assert interval.value == pytest.approx(values.mean())
    assert interval.high - interval.low == pytest.approx(2 * half, rel=0.06)


def test_drawing_documents_covers_the_truth_where_drawing_questions_alone_does_not() -> None:
    """Ten documents of nine questions, as small benchmarks have: the truth is 0 in all of 200 of them."""
    generator, covered = np.random.default_rng(5), {"documents": 0, "questions": 0}
    for seed in range(200):
        values, documents = draw_documents(generator, documents=10, questions=9)
        for name, clusters in (("documents", documents), ("questions", None)):
            interval = bootstrap_mean(values, clusters, seed, resamples=300)
            covered[name] += interval.low <= 0 <= interval.high
    assert covered["questions"] <= 160
    assert 183 <= covered["documents"] <= 199


def test_questions_of_one_document_that_agree_widen_the_interval() -> None:
    values = [1.0] * 10 + [0.0] * 10
    apart, together = bootstrap_mean(values), bootstrap_mean(values, ["a"] * 5 + ["b"] * 5 + ["c"] * 5 + ["d"] * 5)
    assert together.high - together.low > 1.3 * (apart.high - apart.low)


def test_one_document_leaves_its_questions_to_be_drawn() -> None:
    values = np.random.default_rng(3).normal(size=60)
    alone, apart = bootstrap_mean(values, ["a"] * 60, resamples=4000), bootstrap_mean(values, resamples=4000)
    assert (alone.low, alone.high) == pytest.approx((apart.low, apart.high), abs=0.02)


def test_a_drawn_document_gives_as_many_questions_as_it_has() -> None:
    (weights,) = draw_weights(["a", "b", "b", "b"], 4, seed=1, resamples=50)
    assert set(weights[:, 0].tolist()) == {0, 1, 2}
    assert set((weights[:, 1:].sum(axis=1) + 3 * weights[:, 0]).tolist()) == {6.0}


def test_pairing_is_used() -> None:
    """Queries differ far more than systems do: paired, the small gain is certain; shuffled, it is not."""
    generator = np.random.default_rng(7)
    hard = generator.normal(scale=10, size=200)
    ours = hard + 0.5 + generator.normal(scale=0.1, size=200)
    paired, shuffled = bootstrap_difference(ours, hard), bootstrap_difference(ours, generator.permutation(hard))
    assert 0 < paired.low < 0.5 < paired.high < 0.6
    assert shuffled.low < 0 < shuffled.high
    assert compute_p_value(ours, hard, permutations=999) < 0.01
    assert compute_p_value(ours, generator.permutation(hard), permutations=999) > 0.05


def test_columns_are_seen_by_the_same_resamples() -> None:
    first, second = np.random.default_rng(8).normal(size=(2, 40))
    for column, found in zip((first, second), bootstrap_means([first, second], seed=2), strict=True):
        alone = bootstrap_mean(column, seed=2)
        assert (found.value, found.low, found.high) == pytest.approx((alone.value, alone.low, alone.high))
    assert bootstrap_means([]) == []


def test_blocks_do_not_change_how_many_resamples_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    assert [len(block) for block in draw_weights(None, 1, seed=0, resamples=7)] == [7]
    monkeypatch.setattr(resampling, "BLOCK", 10)
    assert [len(block) for block in draw_weights(None, 5, seed=0, resamples=7)] == [2, 2, 2, 1]
    assert [len(block) for block in draw_weights(None, 50, seed=0, resamples=2)] == [1, 1]
    assert bootstrap_mean([0.0, 1.0, 1.0], resamples=100).value == pytest.approx(2 / 3)


def test_the_p_value_of_few_documents_is_that_of_all_their_exchanges() -> None:
    sums = np.array([0.5, -0.25, 0.125, 0.75, 0.5, -0.125, 0.25, 0.5])
    flips = np.array(list(product([1, -1], repeat=len(sums)))) @ sums
    exact = np.mean(np.abs(flips) >= abs(sums.sum()))
    questions, documents = np.repeat(sums / 2, 2), [str(number) for number in range(8) for _ in range(2)]
    assert compute_p_value(questions, np.zeros(16), documents) == pytest.approx(exact)


def test_the_p_value_is_1_without_a_difference_and_never_0() -> None:
    assert compute_p_value([0.3, 0.7], [0.3, 0.7]) == 1.0
    assert compute_p_value(np.ones(100), np.zeros(100), permutations=999) == pytest.approx(0.002)
    assert compute_p_value([1.0] * 4, [0.0] * 4, ["a", "a", "b", "b"]) == 0.5
    assert compute_p_value([1.0], [0.0]) == 1.0
    assert compute_p_value([1.0] * 6, [0.0] * 6, ["a"] * 6) == pytest.approx(2 / 2**6)


def test_p_values_are_uniform_when_there_is_no_difference() -> None:
    generator, values = np.random.default_rng(11), []
    for seed in range(200):
        scores, documents = draw_documents(generator, documents=10, questions=6)
        values.append(compute_p_value(scores, np.zeros(60), documents, seed))
    assert 2 <= sum(p < 0.05 for p in values) <= 20
    assert 0.4 < float(np.mean(values)) < 0.6


@pytest.mark.parametrize("values", [[], [float("nan")], [float("inf"), 1.0], [[1.0]]])
def test_values_without_a_mean_are_refused(values: list[float]) -> None:
    with pytest.raises(ValueError, match="finite"):
        bootstrap_mean(values)


def test_unpaired_values_and_missing_documents_are_refused() -> None:
    with pytest.raises(ValueError, match="2 and 1 values are not pairs"):
        compute_p_value([1.0, 2.0], [1.0])
    with pytest.raises(ValueError, match="1 clusters for 2 values"):
        bootstrap_mean([1.0, 2.0], ["a"])
