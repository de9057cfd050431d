"""How sure a number is: bootstrap intervals and a permutation test over documents and the questions within them.

Questions of one document succeed and fail together, so questions drawn by themselves promise more than they know. A
resample draws documents, and within each drawn document its questions (a two-stage cluster bootstrap: Davison and
Hinkley 1997, section 3.8). scipy's bootstrap knows no clusters.
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
_BLOCK = 1_000_000


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate and its 95 % interval, all three in the unit of what was estimated."""

    value: float
    low: float
    high: float


def bootstrap_mean(values: Values, clusters: Clusters = None, seed: int = 0, resamples: int = RESAMPLES) -> Interval:
    """The mean of one value per question and its percentile interval over resampled documents and questions.

    Raises:
        ValueError: there is no value, one is not finite, or there is not one cluster for each.

    Example:
        >>> bootstrap_mean([0.5, 0.5, 0.5], ["a", "a", "b"])
        Interval(value=0.5, low=0.5, high=0.5)
    """
    return bootstrap_means([values], clusters, seed, resamples)[0]


def bootstrap_difference(first: Values, second: Values, clusters: Clusters = None, seed: int = 0) -> Interval:
    """The mean of `first - second`, paired question by question, and its interval; see `bootstrap_mean`.

    Raises:
        ValueError: as `bootstrap_mean`, or if the two differ in length.

    Example:
        >>> bootstrap_difference([1.0, 0.75], [0.5, 0.25])
        Interval(value=0.5, low=0.5, high=0.5)
    """
    return bootstrap_mean(subtract(first, second), clusters, seed)


def bootstrap_means(
    columns: Sequence[Values], clusters: Clusters = None, seed: int = 0, resamples: int = RESAMPLES
) -> list[Interval]:
    """As `bootstrap_mean`, for many columns over the same questions: all see the same resamples."""
    if not columns:
        return []
    data = np.stack([_as_finite(column) for column in columns], axis=1)
    blocks = draw_weights(clusters, len(data), seed, resamples)
    drawn = np.concatenate([weights @ data / weights.sum(axis=1, keepdims=True) for weights in blocks])
    return [take_percentiles(float(data[:, place].mean()), drawn[:, place]) for place in range(data.shape[1])]


def compute_p_value(
    first: Values, second: Values, clusters: Clusters = None, seed: int = 0, permutations: int = PERMUTATIONS
) -> float:
    """Two-sided p-value of the paired test that both have the same mean, whole documents exchanged.

    Exact where there are few documents: with n of them it cannot fall below 2 / 2^n. The questions of a single
    document are exchanged one by one; a single question shows nothing (p is 1).

    Raises:
        ValueError: as `bootstrap_difference`.

    Example:
        >>> compute_p_value([0.5, 0.25], [0.5, 0.25])
        1.0
    """
    differences = subtract(first, second)
    places = number_clusters(clusters, len(differences))
    sums = np.bincount(places, differences) if places.max() else differences
    if len(sums) == 1:
        return 1.0
    stats = require("scipy.stats", extra="evaluate")

    def add(left: Floats, right: Floats, axis: int) -> Floats:
        return np.asarray((left - right).sum(axis=axis), np.float64)

    found: Any = stats.permutation_test(
        (sums, np.zeros(len(sums))),
        add,
        permutation_type="samples",
        vectorized=True,
        n_resamples=permutations,
        batch=max(1, _BLOCK // (2 * len(sums))),
        rng=np.random.default_rng(seed),
    )
    return float(found.pvalue)


def draw_weights(clusters: Clusters, count: int, seed: int, resamples: int) -> Iterator[Floats]:
    """How often each of `count` values is drawn, in blocks of (resamples, count) of bounded size."""
    places, generator = number_clusters(clusters, count), np.random.default_rng(seed)
    members = np.split(np.argsort(places, kind="stable"), np.cumsum(np.bincount(places))[:-1])
    for rows in split_rows(resamples, count):
        drawn = generator.multinomial(len(members), np.full(len(members), 1 / len(members)), size=rows)
        weights = np.zeros((rows, count))
        for times, own in zip(drawn.T, members, strict=True):
            weights[:, own] = generator.multinomial(times * len(own), np.full(len(own), 1 / len(own)))
        yield weights


def number_clusters(clusters: Clusters, count: int) -> npt.NDArray[np.int64]:
    """The number, from 0, of each value's cluster.

    Raises:
        ValueError: unless there is one cluster for each value.
    """
    if clusters is None:
        return np.arange(count)
    if len(clusters) != count:
        raise ValueError(f"{len(clusters)} clusters for {count} values")
    return np.asarray(np.unique(np.asarray(clusters), return_inverse=True)[1], np.int64)


def split_rows(rows: int, width: int) -> Iterator[int]:
    """Split `rows` into blocks whose number of elements, at `width` each, stays bounded."""
    step = max(1, _BLOCK // max(1, width))
    for start in range(0, rows, step):
        yield min(step, rows - start)


def take_percentiles(value: float, samples: Floats) -> Interval:
    """The percentile interval of the resampled estimates around the estimate itself."""
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(samples, [tail, 1 - tail])
    return Interval(value, float(low), float(high))


def subtract(first: Values, second: Values) -> Floats:
    """Paired differences.

    Raises:
        ValueError: if the two differ in length, are empty, or hold a value that is not finite.
    """
    left, right = _as_finite(first), _as_finite(second)
    if len(left) != len(right):
        raise ValueError(f"{len(left)} and {len(right)} values are not pairs")
    return left - right


def _as_finite(values: Values) -> Floats:
    data = np.asarray(values, dtype=np.float64)
    if data.ndim != 1 or data.size == 0 or not np.isfinite(data).all():
        raise ValueError("expected one finite value or more in one dimension")
    return data
