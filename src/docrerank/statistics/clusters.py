"""Intervals where several numbers come from one page: whole pages are drawn again, never single numbers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from docrerank.statistics.significance import (
    RESAMPLES,
    Floats,
    Interval,
    Values,
    as_finite,
    split_rows,
    take_percentiles,
)

Places = npt.NDArray[np.int64]
#: Weights of resampled clusters that are held at once while an area is computed.
_AREA_RESAMPLES = 500


def bootstrap_clusters(values: Values, clusters: Sequence[str], seed: int = 0, resamples: int = RESAMPLES) -> Interval:
    """The mean of the values and its percentile interval over resampled clusters.

    Args:
        values: any numbers, such as 1 and 0, or differences between two models.
        clusters: the cluster (a page's id) of each.

    Raises:
        ValueError: there is no value, one is not finite, or the lengths differ.

    Example:
        >>> bootstrap_clusters([1.0, 1.0, 1.0], ["a/1", "a/1", "a/2"])
        Interval(value=1.0, low=1.0, high=1.0)
    """
    data = as_finite(values)
    places = _number(clusters, len(data))
    sums, counts = np.bincount(places, data), np.bincount(places).astype(np.float64)
    generator, means = np.random.default_rng(seed), []
    for rows in split_rows(resamples, len(sums)):
        drawn = _draw(generator, len(sums), rows)
        means.append((drawn @ sums) / (drawn @ counts))
    return take_percentiles(float(data.mean()), np.concatenate(means))


def bootstrap_auroc_clusters(
    scores: Values, positive: Sequence[bool], clusters: Sequence[str], seed: int = 0, resamples: int = _AREA_RESAMPLES
) -> Interval:
    """AUROC of scores and its percentile interval over resampled clusters; ties count one half.

    Raises:
        ValueError: one of the two kinds is absent, or the lengths differ.

    Example:
        >>> bootstrap_auroc_clusters([2.0, 1.0, 2.0, 1.0], [True, False, True, False], ["a", "a", "b", "b"])
        Interval(value=1.0, low=1.0, high=1.0)
    """
    data, labels = as_finite(scores), np.asarray(positive, bool)
    if len(labels) != len(data) or labels.all() or not labels.any():
        raise ValueError("an area needs both kinds, and one label for each score")
    places = _number(clusters, len(data))
    order = np.argsort(data, kind="stable")
    _, ends = np.unique(data[order], return_index=True)
    generator = np.random.default_rng(seed)
    whole = _area(np.ones(len(data)), labels, order, ends)
    drawn = _draw(generator, int(places.max()) + 1, resamples)
    areas = np.array([_area(row[places], labels, order, ends) for row in drawn])
    return take_percentiles(whole, areas[np.isfinite(areas)])


def _area(weights: Floats, labels: npt.NDArray[np.bool_], order: Places, starts: Places) -> float:
    """AUROC of weighted rows; `order` sorts them by score and `starts` says where each distinct score begins."""
    hits = np.add.reduceat((weights * labels)[order], starts)
    misses = np.add.reduceat((weights * ~labels)[order], starts)
    pairs = hits.sum() * misses.sum()
    return float(hits @ (np.cumsum(misses) - misses / 2) / pairs) if pairs else float("nan")


def _number(clusters: Sequence[str], count: int) -> Places:
    if len(clusters) != count:
        raise ValueError(f"{len(clusters)} clusters for {count} values")
    return np.asarray(np.unique(np.asarray(clusters), return_inverse=True)[1], np.int64)


def _draw(generator: np.random.Generator, clusters: int, rows: int) -> Floats:
    """How often each cluster is drawn: (rows, clusters)."""
    return generator.multinomial(clusters, np.full(clusters, 1 / clusters), size=rows).astype(np.float64)
