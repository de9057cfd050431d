"""Ranking metrics, intervals and tests."""

from __future__ import annotations

from docrerank.evaluation.statistics.ranking_metrics import (
    HEADLINE,
    MAX_RELEVANCE,
    METRICS,
    PerQuery,
    Rankings,
    check_rankings,
    is_plain_id,
    measure_ceiling,
    score_rankings,
)
from docrerank.evaluation.statistics.resampling import (
    CONFIDENCE,
    RESAMPLES,
    Floats,
    Interval,
    bootstrap_auprc,
    bootstrap_auroc,
    bootstrap_difference,
    bootstrap_mean,
    bootstrap_means,
    compute_p_value,
    estimate_share,
)

__all__ = [
    "CONFIDENCE",
    "HEADLINE",
    "MAX_RELEVANCE",
    "METRICS",
    "RESAMPLES",
    "Floats",
    "Interval",
    "PerQuery",
    "Rankings",
    "bootstrap_auprc",
    "bootstrap_auroc",
    "bootstrap_difference",
    "bootstrap_mean",
    "bootstrap_means",
    "check_rankings",
    "compute_p_value",
    "estimate_share",
    "is_plain_id",
    "measure_ceiling",
    "score_rankings",
]
