"""How sure a number is: bootstrap intervals and a permutation test over documents and the questions within them.

Questions of one document succeed and fail together, so intervals over questions alone promise too much. A resample
draws documents, and within each drawn document its questions (a two-stage cluster bootstrap: Davison and Hinkley
1997, section 3.8). scipy's bootstrap knows no clusters.

The AUROC equals scikit-learn's `roc_auc_score`, which takes 20 ms for each weighted resample of 200 scores: 40 s for
an interval that takes half a second here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from docrerank.recipe.extras import require

Floats = npt.NDArray[np.float64]
Values = Sequence[float] | Floats
#: The document (page, ...) that each value comes from; None takes every value as its own.
Clusters = Sequence[str] | None

CONFIDENCE = 0.95
RESAMPLES = 2000
PERMUTATIONS = 9_999
#: Numbers drawn at a time: bounds the memory of a resampling, whatever its size.
BLOCK = 1_000_000


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate and its 95 % interval, all three in the unit of what was estimated."""

    value: float
    low: float
    high: float


def bootstrap_mean(values: Values, clusters: Clusters = None, seed: int = 0, resamples: int = RESAMPLES) -> Interval:
    """Estimate the mean of one value per question, with its percentile interval over documents and questions.

    Raises:
        ValueError: there is no value, one is not finite, or there is not one cluster for each.

    Examples:
        >>> bootstrap_mean([0.5, 0.5, 0.5], ["a", "a", "b"])
        Interval(value=0.5, low=0.5, high=0.5)
    """
    return bootstrap_means([values], clusters, seed, resamples)[0]


def bootstrap_difference(first: Values, second: Values, clusters: Clusters = None, seed: int = 0) -> Interval:
    """Estimate the mean of `first - second`, paired question by question; see `bootstrap_mean`.

    Raises:
        ValueError: as `bootstrap_mean`, or if the two differ in length.

    Examples:
        >>> bootstrap_difference([1.0, 0.75], [0.5, 0.25])
        Interval(value=0.5, low=0.5, high=0.5)
    """
    return bootstrap_mean(subtract(first, second), clusters, seed)


def bootstrap_means(
    columns: Sequence[Values], clusters: Clusters = None, seed: int = 0, resamples: int = RESAMPLES
) -> list[Interval]:
    """Estimate many means over the same questions, as `bootstrap_mean` does; all see the same resamples."""
    if not columns:
        return []
    data = np.stack([_as_finite(column) for column in columns], axis=1)
    blocks = draw_weights(clusters, len(data), seed, resamples)
    drawn = np.concatenate([weights @ data / weights.sum(axis=1, keepdims=True) for weights in blocks])
    return [take_percentiles(float(data[:, place].mean()), drawn[:, place]) for place in range(data.shape[1])]


def compute_p_value(
    first: Values, second: Values, clusters: Clusters = None, seed: int = 0, permutations: int = PERMUTATIONS
) -> float:
    """Compute the two-sided p-value of the paired test that both have the same mean, exchanging whole documents.

    With n documents it cannot fall below 2 / 2^n. The questions of a single document are exchanged one by one; a
    single question shows nothing (p is 1).

    Raises:
        ValueError: as `bootstrap_difference`.

    Examples:
        >>> compute_p_value([0.5, 0.25], [0.5, 0.25])
        1.0
    """
    differences = subtract(first, second)
    places = _number_clusters(clusters, len(differences))
    sums = np.bincount(places, differences) if places.max() else differences
    if len(sums) == 1:
        return 1.0
    found: Any = require("scipy.stats", extra="evaluate").permutation_test(
        (sums, np.zeros(len(sums))),
        lambda left, right, axis: (left - right).sum(axis=axis),
        permutation_type="samples",
        vectorized=True,
        n_resamples=permutations,
        batch=max(1, BLOCK // (2 * len(sums))),
        rng=np.random.default_rng(seed),
    )
    return float(found.pvalue)


def estimate_share(successes: int, trials: int) -> Interval:
    """Estimate a share with Wilson's score interval (1927), which holds for few trials and extreme shares.

    Raises:
        ValueError: unless `0 <= successes <= trials` and `trials > 0`.

    Examples:
        >>> interval = estimate_share(0, 10)
        >>> interval.value, round(interval.low, 3), round(interval.high, 3)
        (0.0, 0.0, 0.278)
    """
    if not 0 <= successes <= trials or trials == 0:
        raise ValueError(f"{successes} of {trials} is no share")
    found: Any = require("scipy.stats", extra="evaluate").binomtest(successes, trials)
    low, high = found.proportion_ci(CONFIDENCE, method="wilson")
    return Interval(successes / trials, float(low), float(high))


def bootstrap_auroc(
    scores: Values, positive: Sequence[bool], clusters: Clusters = None, seed: int = 0, resamples: int = RESAMPLES
) -> Interval:
    """Estimate the chance that a positive scores above a negative, a tie counting one half; 0.5 is no separation.

    Raises:
        ValueError: one of the two kinds is absent, a score is NaN, or the lengths differ.

    Examples:
        >>> bootstrap_auroc([3.0, 2.0, 2.0, 1.0], [True, True, False, False]).value
        0.875
    """
    data, labels = np.asarray(scores, np.float64), np.asarray(positive, bool)
    if len(labels) != len(data) or labels.all() or not labels.any():
        raise ValueError("an area needs both kinds, and one label for each score")
    if np.isnan(data).any():
        raise ValueError("a score is NaN and has no order")
    order = np.argsort(data, kind="stable")
    starts = np.unique(data[order], return_index=True)[1]

    def measure(weights: Floats) -> Floats:
        sides = ((weights * side)[:, order] for side in (labels, ~labels))
        hits, misses = (np.add.reduceat(side, starts, axis=1) for side in sides)
        below = np.cumsum(misses, axis=1) - misses / 2
        with np.errstate(invalid="ignore", divide="ignore"):  # a resample without one of the kinds has no area
            won: Floats = (hits * below).sum(axis=1) / (hits.sum(axis=1) * misses.sum(axis=1))
        return won

    drawn = np.concatenate([measure(weights) for weights in draw_weights(clusters, len(data), seed, resamples)])
    area, kept = float(measure(np.ones((1, len(data))))[0]), drawn[np.isfinite(drawn)]
    return take_percentiles(area, kept) if len(kept) else Interval(area, 0.0, 1.0)


def draw_weights(clusters: Clusters, count: int, seed: int, resamples: int) -> Iterator[Floats]:
    """Draw how often each of `count` values counts, in blocks of (resamples, count) of bounded size."""
    places, generator = _number_clusters(clusters, count), np.random.default_rng(seed)
    members = np.split(np.argsort(places, kind="stable"), np.cumsum(np.bincount(places))[:-1])
    step = max(1, BLOCK // max(1, count))
    for start in range(0, resamples, step):
        rows = min(step, resamples - start)
        drawn = generator.multinomial(len(members), np.full(len(members), 1 / len(members)), size=rows)
        weights = np.zeros((rows, count))
        for times, own in zip(drawn.T, members, strict=True):
            weights[:, own] = generator.multinomial(times * len(own), np.full(len(own), 1 / len(own)))
        yield weights


def take_percentiles(value: float, samples: Floats) -> Interval:
    """Put the percentile interval of resampled estimates around the estimate itself."""
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(samples, [tail, 1 - tail])
    return Interval(value, float(low), float(high))


def subtract(first: Values, second: Values) -> Floats:
    """Subtract pair by pair.

    Raises:
        ValueError: if the two differ in length, are empty, or hold a value that is not finite.
    """
    left, right = _as_finite(first), _as_finite(second)
    if len(left) != len(right):
        raise ValueError(f"{len(left)} and {len(right)} values are not pairs")
    return left - right


def _number_clusters(clusters: Clusters, count: int) -> npt.NDArray[np.int64]:
    """Number each value's cluster, from 0."""
    if clusters is None:
        return np.arange(count)
    if len(clusters) != count:
        raise ValueError(f"{len(clusters)} clusters for {count} values")
    return np.asarray(np.unique(np.asarray(clusters), return_inverse=True)[1], np.int64)


def _as_finite(values: Values) -> Floats:
    data = np.asarray(values, dtype=np.float64)
    if data.ndim != 1 or data.size == 0 or not np.isfinite(data).all():
        raise ValueError("expected one finite value or more in one dimension")
    return data
