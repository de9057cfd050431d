"""Holds two rerankers, or two ways of storing pages, against each other on the same pairs."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from docrerank.vision.disk_tier import DiskTier
from docrerank.vision.page_cache import PageCache
from docrerank.vision.scoring import VisionReranker
from docrerank.vision.storage import Form

#: Logit differences nearer than this are a tie: kernels, batches and thread counts differ by 1e-5 in float32.
TIE = 1e-4


@dataclass(frozen=True, slots=True)
class Comparison:
    """How two sets of scores differ.

    Attributes:
        pairs: pairs that both could score.
        largest: largest absolute difference of the logit differences.
        agreement: share of page pairs of a query that both put in the same order, of those that the first holds more
            than `TIE` apart: nearer ones change places by rounding alone. 1 if there are none.
    """

    pairs: int
    largest: float
    agreement: float


def compare_rerankers(
    first: VisionReranker, second: VisionReranker, queries: Sequence[str], pages: Sequence[Any]
) -> Comparison:
    """Score every query against every page with both, for example a saved model and its export.

    Example:
        >>> compare_rerankers(trained, exported, ["net sales"], ["page-1.png"]).largest  # doctest: +SKIP
        4.8e-07
    """
    pairs = [(query, page) for query in queries for page in pages]
    shape = (len(queries), len(pages))
    return compare_scores(first.score(pairs).values.reshape(shape), second.score(pairs).values.reshape(shape))


def measure_storage_error(
    reranker: VisionReranker, queries: Sequence[str], pages: Sequence[Any], form: Form
) -> Comparison:
    """How far scores move when pages come back from disk in a form, against pages just encoded.

    Real keys have outliers that random weights do not: measure this on the model that serves.
    """
    pairs = [(query, page) for query in queries for page in pages]
    shape, kept = (len(queries), len(pages)), reranker.cache
    try:
        with tempfile.TemporaryDirectory() as folder:
            reranker.cache = PageCache((), DiskTier(folder, form=form))
            fresh = reranker.score(pairs).values.reshape(shape)
            return compare_scores(fresh, reranker.score(pairs).values.reshape(shape))
    finally:
        reranker.cache = kept


def compare_scores(first: npt.NDArray[np.float32], second: npt.NDArray[np.float32]) -> Comparison:
    """Compare scores of shape (queries, pages); pages without a score in either are left out."""
    both = np.isfinite(first) & np.isfinite(second)
    largest = float(np.abs(first - second)[both].max(initial=0.0))
    agreed, total = 0, 0
    for row in range(len(first)):
        one, other = first[row, both[row]], second[row, both[row]]
        above = one[:, None] - one > TIE
        agreed += int((above & (other[:, None] > other)).sum())
        total += int(above.sum())
    return Comparison(int(both.sum()), largest, agreed / total if total else 1.0)
