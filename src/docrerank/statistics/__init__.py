"""How good a ranking is, and how sure a number is: metrics, intervals, tests."""

from __future__ import annotations

from docrerank.statistics.clusters import bootstrap_auroc_clusters, bootstrap_clusters
from docrerank.statistics.metrics import (
    HEADLINE,
    MAX_RELEVANCE,
    METRICS,
    PerQuery,
    Qrels,
    Run,
    average,
    check_run,
    is_plain_id,
    measure_ceiling,
    rank_pages,
    score_run,
)
from docrerank.statistics.separation import bootstrap_auprc, bootstrap_auroc, measure_auprc, measure_auroc
from docrerank.statistics.significance import (
    CONFIDENCE,
    RESAMPLES,
    Floats,
    Interval,
    bootstrap_difference,
    bootstrap_mean,
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
    "Qrels",
    "Run",
    "average",
    "bootstrap_auprc",
    "bootstrap_auroc",
    "bootstrap_auroc_clusters",
    "bootstrap_clusters",
    "bootstrap_difference",
    "bootstrap_mean",
    "check_run",
    "compute_p_value",
    "estimate_share",
    "is_plain_id",
    "measure_auprc",
    "measure_auroc",
    "measure_ceiling",
    "rank_pages",
    "score_run",
]
