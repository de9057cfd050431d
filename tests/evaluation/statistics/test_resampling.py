from __future__ import annotations

import math
from itertools import product
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from docrerank.evaluation.statistics import (
    bootstrap_auroc,
    bootstrap_difference,
    bootstrap_mean,
    estimate_share,
    resampling,
)
from docrerank.evaluation.statistics.resampling import bootstrap_means, compute_p_value, draw_weights


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
def test_the_interval_solves_wilsons_equation_and_holds_the_share(counts: tuple[int, int]) -> None:
    """Its ends are the rates p with (share - p)^2 = z^2 p (1 - p) / n (Wilson 1927)."""
    found, z = estimate_share(*counts), NormalDist().inv_cdf(0.975)
    for rate in (found.low, found.high):
        assert (found.value - rate) ** 2 == pytest.approx(z**2 * rate * (1 - rate) / counts[1], abs=1e-9)
    assert 0 <= found.low <= found.value + 1e-12
    assert found.value - 1e-12 <= found.high <= 1


@pytest.mark.parametrize(("successes", "trials"), [(0, 0), (-1, 3), (4, 3)])
def test_what_is_no_share_is_refused(successes: int, trials: int) -> None:
    with pytest.raises(ValueError, match="is no share"):
        estimate_share(successes, trials)


# Few distinct scores, so that ties are common.
SCORES = st.lists(st.integers(-3, 3).map(float) | st.floats(allow_nan=False), min_size=1, max_size=30)


def auroc(positives: list[float], negatives: list[float]) -> float:
    kinds = [True] * len(positives) + [False] * len(negatives)
    return bootstrap_auroc([*positives, *negatives], kinds, resamples=2).value


def compute_auroc_plainly(positives: list[float], negatives: list[float]) -> float:
    won = [(p > n) + 0.5 * (p == n) for p in positives for n in negatives]
    return sum(won) / len(won)


def test_an_area_whose_resamples_all_lack_a_kind_may_be_anything() -> None:
    found = [bootstrap_auroc([2.0, 1.0], [True, False], seed=seed, resamples=1) for seed in range(20)]
    assert {(each.value, each.low, each.high) for each in found} == {(1.0, 1.0, 1.0), (1.0, 0.0, 1.0)}


@given(SCORES, SCORES)
def test_the_area_equals_its_plain_definition(positives: list[float], negatives: list[float]) -> None:
    expected = compute_auroc_plainly(positives, negatives)
    assert auroc(positives, negatives) == pytest.approx(expected, abs=1e-12)
    assert auroc(negatives, positives) == pytest.approx(1 - expected, abs=1e-12)


def test_every_resample_has_scikit_learns_area() -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    generator = np.random.default_rng(4)
    scores, kinds = generator.integers(0, 9, 60).astype(float), generator.random(60) < 0.6
    clusters = [str(at // 7) for at in range(60)]
    (weights,) = draw_weights(clusters, 60, seed=2, resamples=40)
    areas = [metrics.roc_auc_score(kinds, scores, sample_weight=drawn) for drawn in weights]
    found = bootstrap_auroc(scores, kinds.tolist(), clusters, seed=2, resamples=40)
    known = [metrics.roc_auc_score(kinds, scores), *np.quantile(areas, [0.025, 0.975])]
    assert [found.value, found.low, found.high] == pytest.approx(known, abs=1e-12)


def test_ties_count_one_half_and_a_question_without_a_page_ranks_below_all() -> None:
    assert auroc([1.0, 1.0], [1.0]) == 0.5
    assert auroc([1.0, 2.0], [1.0]) == 0.75
    assert auroc([0.0], [-math.inf]) == 1.0
    assert auroc([-math.inf], [-math.inf]) == 0.5


def test_the_interval_agrees_with_resampling_the_scores_themselves() -> None:
    generator = np.random.default_rng(3)
    scores = np.concatenate([generator.normal(0.6, size=60).round(1), generator.normal(size=40).round(1)])
    kinds = np.array([True] * 60 + [False] * 40)
    drawn = [generator.integers(0, 100, 100) for _ in range(300)]
    areas = [compute_auroc_plainly(scores[at][kinds[at]].tolist(), scores[at][~kinds[at]].tolist()) for at in drawn]
    interval = bootstrap_auroc(scores, kinds.tolist())
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
