"""A share of a number of trials, with Wilson's interval."""

from __future__ import annotations

import math
from statistics import NormalDist

from docrerank.evaluation.statistics.resampling import CONFIDENCE, Interval


def estimate_share(successes: int, trials: int) -> Interval:
    """A share and its 95 % interval by Wilson's score method (1927), which holds for few trials and extreme shares.

    Own code, equal to scipy's `binomtest(...).proportion_ci(method="wilson")`: an audit needs it without scipy.

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
    share, spread = successes / trials, z * z / trials
    centre = (share + spread / 2) / (1 + spread)
    half = z * math.sqrt(share * (1 - share) / trials + spread / (4 * trials)) / (1 + spread)
    return Interval(share, min(share, max(0.0, centre - half)), max(share, min(1.0, centre + half)))
