"""How well scores tell two kinds apart: areas under the ROC and the precision-recall curve, with their intervals."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from docrerank.statistics.significance import (
    RESAMPLES,
    Floats,
    Interval,
    Values,
    split_rows,
    take_percentiles,
)

#: From counts of positives and of negatives at each distinct score, ascending, of shape (rows, scores), to (rows,).
Area = Callable[[Floats, Floats], Floats]


def measure_auroc(positives: Values, negatives: Values) -> float:
    """The chance that a positive scores above a negative, a tie counting one half; 0.5 is no separation.

    Linear in the number of scores but for their sorting. Infinite scores are ordered as such.

    Raises:
        ValueError: if one of the two is empty or holds NaN.

    Example:
        >>> measure_auroc([3.0, 2.0], [2.0, 1.0])
        0.875
    """
    return float(_auroc(*_count_scores(positives, negatives))[0])


def measure_auprc(positives: Values, negatives: Values) -> float:
    """Average precision: the mean over positives of the precision at their score; their share is no separation.

    Equal scores enter together, so the order of ties does not matter.

    Raises:
        ValueError: as `measure_auroc`.

    Example:
        >>> measure_auprc([3.0, 1.0], [2.0])
        0.8333333333333333
    """
    return float(_average_precision(*_count_scores(positives, negatives))[0])


def bootstrap_auroc(positives: Values, negatives: Values, seed: int = 0, resamples: int = RESAMPLES) -> Interval:
    """`measure_auroc` and its percentile bootstrap interval; positives and negatives are resampled apart.

    Example:
        >>> bootstrap_auroc([2.0, 3.0], [0.0, 1.0])
        Interval(value=1.0, low=1.0, high=1.0)
    """
    return _bootstrap(_auroc, positives, negatives, seed, resamples)


def bootstrap_auprc(positives: Values, negatives: Values, seed: int = 0, resamples: int = RESAMPLES) -> Interval:
    """`measure_auprc` and its percentile bootstrap interval; positives and negatives are resampled apart.

    Example:
        >>> bootstrap_auprc([2.0, 3.0], [0.0, 1.0])
        Interval(value=1.0, low=1.0, high=1.0)
    """
    return _bootstrap(_average_precision, positives, negatives, seed, resamples)


def _bootstrap(area: Area, positives: Values, negatives: Values, seed: int, resamples: int) -> Interval:
    """Drawing n of n values with replacement is a multinomial draw of how often each distinct score occurs."""
    hits, misses = _count_scores(positives, negatives)
    generator = np.random.default_rng(seed)
    areas = [
        area(_draw_counts(generator, hits[0], rows), _draw_counts(generator, misses[0], rows))
        for rows in split_rows(resamples, hits.shape[1])
    ]
    return take_percentiles(float(area(hits, misses)[0]), np.concatenate(areas))


def _draw_counts(generator: np.random.Generator, counts: Floats, rows: int) -> Floats:
    total = int(counts.sum())
    return generator.multinomial(total, counts / total, size=rows).astype(np.float64)


def _count_scores(positives: Values, negatives: Values) -> tuple[Floats, Floats]:
    """How many positives and how many negatives have each distinct score, ascending: two of shape (1, scores)."""
    first, second = np.asarray(positives, dtype=np.float64), np.asarray(negatives, dtype=np.float64)
    if first.size == 0 or second.size == 0:
        raise ValueError("both kinds need at least one score")
    scores, places = np.unique(np.concatenate([first, second]), return_inverse=True)
    if np.isnan(scores).any():
        raise ValueError("a score is NaN and has no order")
    kinds = (places[: first.size], places[first.size :])
    hits, misses = (np.bincount(kind, minlength=scores.size).astype(np.float64)[None] for kind in kinds)
    return hits, misses


def _auroc(hits: Floats, misses: Floats) -> Floats:
    below = np.cumsum(misses, axis=1) - misses / 2
    won: Floats = (hits * below).sum(axis=1) / (hits.sum(axis=1) * misses.sum(axis=1))
    return won


def _average_precision(hits: Floats, misses: Floats) -> Floats:
    descending = hits[:, ::-1]
    found = np.cumsum(descending, axis=1)
    shown = found + np.cumsum(misses[:, ::-1], axis=1)
    mean: Floats = (descending * found / np.maximum(shown, 1)).sum(axis=1) / hits.sum(axis=1)
    return mean
