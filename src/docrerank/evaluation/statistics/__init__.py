"""Ranking metrics, intervals and tests."""

from __future__ import annotations

from docrerank.evaluation.statistics.ranking_metrics import HEADLINE, METRICS, score_rankings
from docrerank.evaluation.statistics.resampling import (
    RESAMPLES,
    Interval,
    bootstrap_auroc,
    bootstrap_difference,
    bootstrap_mean,
    estimate_share,
)

__all__ = [
    "HEADLINE",
    "METRICS",
    "RESAMPLES",
    "Interval",
    "bootstrap_auroc",
    "bootstrap_difference",
    "bootstrap_mean",
    "estimate_share",
    "score_rankings",
]
