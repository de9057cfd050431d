"""How well scores tell two kinds apart: areas under the ROC and the precision-recall curve, with their intervals.

Values equal scikit-learn's `roc_auc_score` and `average_precision_score`, which take 20 ms for each weighted resample
of 200 scores: 40 s for an interval that takes half a second here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from docrerank.evaluation.statistics.resampling import (
    RESAMPLES,
    Clusters,
    Floats,
    Interval,
    Values,
    draw_weights,
    take_percentiles,
)

#: From weights of positives and of negatives at each distinct score, ascending, of shape (rows, scores), to (rows,).
Area = Callable[[Floats, Floats], Floats]


def bootstrap_auroc(
    scores: Values, positive: Sequence[bool], clusters: Clusters = None, seed: int = 0, resamples: int = RESAMPLES
) -> Interval:
    """Estimate the chance that a positive scores above a negative, a tie counting one half; 0.5 is no separation.

    Raises:
        ValueError: one of the two kinds is absent, a score is NaN, or the lengths differ.

    Example:
        >>> bootstrap_auroc([3.0, 2.0, 2.0, 1.0], [True, True, False, False]).value
        0.875
    """
    return _bootstrap(_auroc, scores, positive, clusters, seed, resamples)


def bootstrap_auprc(
    scores: Values, positive: Sequence[bool], clusters: Clusters = None, seed: int = 0, resamples: int = RESAMPLES
) -> Interval:
    """Estimate the average precision; the share of positives is no separation. Errors: as `bootstrap_auroc`.

    Example:
        >>> bootstrap_auprc([3.0, 1.0, 2.0], [True, True, False]).value
        0.8333333333333333
    """
    return _bootstrap(_average_precision, scores, positive, clusters, seed, resamples)


def _bootstrap(
    area: Area, scores: Values, positive: Sequence[bool], clusters: Clusters, seed: int, resamples: int
) -> Interval:
    """Leave out resamples without one of the kinds: they have no area."""
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
        with np.errstate(invalid="ignore", divide="ignore"):
            return area(hits, misses)

    drawn = np.concatenate([measure(weights) for weights in draw_weights(clusters, len(data), seed, resamples)])
    return take_percentiles(float(measure(np.ones((1, len(data))))[0]), drawn[np.isfinite(drawn)])


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
