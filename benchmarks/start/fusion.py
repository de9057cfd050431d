"""Chooses which views to add up, and their weights, on the sources that are held out whole."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product

import numpy as np

from benchmarks.start.measure import Part, measure_ndcg
from docrerank.retrieval import FusionWeights, Vectors, fuse

#: Tried against each other; BM25 is always 1.
WINDOWS, TOKENS = (0.0, 0.25, 0.5, 1.0), (0.5, 1.0, 1.5, 2.0, 3.0, 4.0)
#: A part's views: BM25, windows, tokens.
Views = tuple[Vectors, Vectors, Vectors]


def fuse_part(views: Views, weights: FusionWeights) -> Vectors:
    """Fused scores of shape (questions, contexts)."""
    return np.stack([fuse(*rows, weights) for rows in zip(*views, strict=True)])


def try_weights(parts: Sequence[Part], views: Sequence[Views]) -> Iterator[tuple[float, FusionWeights, list[float]]]:
    """NDCG@5 of each choice of weights, the best first: mean over the parts, the weights, each part's own."""
    tried = [FusionWeights(1.0, windows, tokens) for windows, tokens in product(WINDOWS, TOKENS)]
    found = []
    for weights in tried:
        own = [
            float(measure_ndcg(fuse_part(one, weights), part).mean()) for part, one in zip(parts, views, strict=True)
        ]
        found.append((float(np.mean(own)), weights, own))
    yield from sorted(found, key=lambda row: -row[0])
