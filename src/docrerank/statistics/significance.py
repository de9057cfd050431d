"""How sure a number is: seeded bootstrap intervals, a paired permutation test, and Wilson's interval of a share.

Queries are taken as independent draws; where many are asked of one document the true uncertainty is somewhat larger.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Values = Sequence[float] | Floats

CONFIDENCE = 0.95
RESAMPLES = 2000
#: Numbers drawn at a time: bounds the memory of a resampling, whatever its size.
_BLOCK = 1_000_000


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate and its 95 % interval, all three in the unit of what was estimated."""

    value: float
    low: float
    high: float


def bootstrap_mean(values: Values, seed: int = 0, resamples: int = RESAMPLES) -> Interval:
    """The mean of one value per query and its percentile bootstrap interval.

    Raises:
        ValueError: if there is no value, or one is not finite.

    Example:
        >>> bootstrap_mean([0.5, 0.5, 0.5])
        Interval(value=0.5, low=0.5, high=0.5)
    """
    data = as_finite(values)
    generator = np.random.default_rng(seed)
    means = [
        data[generator.integers(0, len(data), size=(rows, len(data)))].mean(axis=1)
        for rows in split_rows(resamples, len(data))
    ]
    return take_percentiles(float(data.mean()), np.concatenate(means))


def bootstrap_difference(first: Values, second: Values, seed: int = 0, resamples: int = RESAMPLES) -> Interval:
    """The mean of `first - second`, paired query by query, and its percentile bootstrap interval.

    Raises:
        ValueError: if the two differ in length, are empty, or hold a value that is not finite.

    Example:
        >>> bootstrap_difference([1.0, 0.75], [0.5, 0.25])
        Interval(value=0.5, low=0.5, high=0.5)
    """
    return bootstrap_mean(_subtract(first, second), seed, resamples)


def compute_p_value(first: Values, second: Values, seed: int = 0, permutations: int = 10_000) -> float:
    """Two-sided p-value of the paired sign-flip test that both have the same mean.

    The observed signs count as one of the permutations, so p is never 0 and the test never too lenient.

    Raises:
        ValueError: as `bootstrap_difference`.

    Example:
        >>> compute_p_value([0.5, 0.25], [0.5, 0.25])
        1.0
    """
    differences = _subtract(first, second)
    generator = np.random.default_rng(seed)
    # Sums that are equal on paper may differ in their last bits.
    observed = abs(float(differences.sum())) - 1e-12 * float(np.abs(differences).sum())
    as_far = 0
    for rows in split_rows(permutations, len(differences)):
        signs = generator.integers(0, 2, size=(rows, len(differences))) * 2.0 - 1.0
        as_far += int(np.count_nonzero(np.abs(signs @ differences) >= observed))
    return (as_far + 1) / (permutations + 1)


def estimate_share(successes: int, trials: int) -> Interval:
    """A share and its 95 % interval by Wilson's score method, which holds for few trials and shares near 0 or 1.

    Raises:
        ValueError: unless `0 <= successes <= trials` and `trials > 0`.

    Example:
        >>> interval = estimate_share(0, 10)
        >>> interval.value, round(interval.low, 3), round(interval.high, 3)
        (0.0, 0.0, 0.278)
    """
    if not 0 <= successes <= trials or trials == 0:
        raise ValueError(f"{successes} of {trials} is no share")
    z = NormalDist().inv_cdf((1 + CONFIDENCE) / 2)
    share = successes / trials
    scale = 1 + z * z / trials
    centre = (share + z * z / (2 * trials)) / scale
    half = z / scale * math.sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials))
    return Interval(share, min(share, max(0.0, centre - half)), max(share, min(1.0, centre + half)))


def as_finite(values: Values) -> Floats:
    """The values as float64 of shape (n,), n > 0, all finite.

    Raises:
        ValueError: if they are not.
    """
    data = np.asarray(values, dtype=np.float64)
    if data.ndim != 1 or data.size == 0 or not np.isfinite(data).all():
        raise ValueError("expected one finite value or more in one dimension")
    return data


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


def _subtract(first: Values, second: Values) -> Floats:
    left, right = as_finite(first), as_finite(second)
    if len(left) != len(right):
        raise ValueError(f"{len(left)} and {len(right)} values are not pairs")
    return left - right
