"""Views of the same candidates added up: BM25, the best window, late interaction, what the query names."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from pydantic import FiniteFloat

from docrerank.retrieval.encoder import Vectors


@dataclass(frozen=True, slots=True)
class FusionWeights:
    """How much each view counts; kept in the model's folder.

    Chosen on people's questions of mixed documents and of annual reports together, by folds over documents
    (`benchmarks/people.py --search`): weights between a half and twice these cost at most .02 on either.

    Attributes:
        bm25: of its z-scores.
        windows: of untrained MiniLM's best window's.
        tokens: of late interaction's.
        named: added for a page that the query names by its number (see `NamedPages`). Pages' z-scores seldom differ
            by more than this, so that such a page comes first: the asker has seen it.
    """

    bm25: FiniteFloat = 0.5
    windows: FiniteFloat = 1.0
    tokens: FiniteFloat = 2.0
    named: FiniteFloat = 3.0


def standardise(scores: Vectors, usual: tuple[float, float] | None = None) -> Vectors:
    """Scores of one query's candidates to mean 0 and deviation 1; all 0 where they differ by float noise at most.

    Args:
        scores: of shape (n,).
        usual: mean and deviation that are taken instead of these scores' own, such as those of all pages.

    Examples:
        >>> standardise(np.array([1, 3], np.float32)).tolist(), standardise(np.array([2, 2], np.float32)).tolist()
        ([-1.0, 1.0], [0.0, 0.0])
    """
    mean, spread = usual or measure_usual(scores)
    if spread <= 1e-6 * max(1.0, float(np.abs(scores).max(initial=0.0))):
        return np.zeros_like(scores, dtype=np.float32)
    return np.asarray((scores - np.float32(mean)) / np.float32(spread), np.float32)


def measure_usual(scores: Vectors) -> tuple[float, float]:
    """Mean and deviation of scores; 0 and 0 of none."""
    return (float(scores.mean()), float(scores.std())) if scores.size else (0.0, 0.0)


def fuse(
    bm25: Vectors,
    windows: Vectors,
    tokens: Vectors,
    weights: FusionWeights | None = None,
    named: Vectors | None = None,
) -> Vectors:
    """The weighted mean of the views' z-scores within one query's candidates, and what the query names on top.

    Args:
        bm25: of shape (candidates,), as `windows` and `tokens`.
        weights: `FusionWeights()` if None.
        named: `NamedPages.score` of the candidates; None if nothing can be named.
    """
    weights = weights or FusionWeights()
    shares = np.array([weights.bm25, weights.windows, weights.tokens], np.float32)
    views = np.stack([standardise(view) for view in (bm25, windows, tokens)])
    mean = np.asarray(shares @ views / max(float(shares.sum()), 1e-9), np.float32)
    return mean if named is None else np.asarray(mean + weights.named * named, np.float32)


def order(scores: Vectors, count: int | None = None) -> list[int]:
    """Indices from the highest score down; equal scores stay in their order.

    Args:
        scores: of shape (n,).
        count: how many are wanted, if not all.

    Examples:
        >>> order(np.array([0.5, 0.7, 0.5], np.float32)), order(np.array([0.5, 0.7, 0.5], np.float32), 2)
        ([1, 0, 2], [1, 0])
    """
    if count is None or count >= len(scores):
        return [int(index) for index in np.argsort(-scores, kind="stable")]
    high = np.flatnonzero(scores >= np.partition(scores, -count)[-count])
    return [int(index) for index in high[np.argsort(-scores[high], kind="stable")][:count]]
