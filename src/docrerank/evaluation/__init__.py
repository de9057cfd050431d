"""How good a ranking is, how sure that is, and how systems compare on the same questions."""

from __future__ import annotations

from docrerank.evaluation.answerability import Answerability, measure_answerability
from docrerank.evaluation.benchmark import Benchmark, BenchmarkQuery
from docrerank.evaluation.calibrate import calibrate
from docrerank.evaluation.comparison import (
    HEADLINE,
    Breakdown,
    Comparison,
    Difference,
    SystemResult,
    choose_baseline,
    compare,
    summarise_system,
)
from docrerank.evaluation.corpus import Corpus, find_pages, open_corpus
from docrerank.evaluation.metrics import METRICS, PerQuery, Qrels, Run, average, measure_ceiling, rank_pages, score_run
from docrerank.evaluation.missing import leave_out_missing
from docrerank.evaluation.probe import (
    Case,
    Probed,
    ProbeSet,
    compare_probed,
    find_cases,
    find_worst,
    pair_queries,
    probe,
)
from docrerank.evaluation.reading import read_benchmark
from docrerank.evaluation.separation import bootstrap_auprc, bootstrap_auroc, measure_auprc, measure_auroc
from docrerank.evaluation.shortcut import Shortcut, check_shortcuts
from docrerank.evaluation.significance import (
    Interval,
    bootstrap_difference,
    bootstrap_mean,
    compute_p_value,
    estimate_share,
)
from docrerank.evaluation.stage import evaluate, read_evaluation
from docrerank.evaluation.table import build_dict, render_markdown, render_text

__all__ = [
    "HEADLINE",
    "METRICS",
    "Answerability",
    "Benchmark",
    "BenchmarkQuery",
    "Breakdown",
    "Case",
    "Comparison",
    "Corpus",
    "Difference",
    "Interval",
    "PerQuery",
    "ProbeSet",
    "Probed",
    "Qrels",
    "Run",
    "Shortcut",
    "SystemResult",
    "average",
    "bootstrap_auprc",
    "bootstrap_auroc",
    "bootstrap_difference",
    "bootstrap_mean",
    "build_dict",
    "calibrate",
    "check_shortcuts",
    "choose_baseline",
    "compare",
    "compare_probed",
    "compute_p_value",
    "estimate_share",
    "evaluate",
    "find_cases",
    "find_pages",
    "find_worst",
    "leave_out_missing",
    "measure_answerability",
    "measure_auprc",
    "measure_auroc",
    "measure_ceiling",
    "open_corpus",
    "pair_queries",
    "probe",
    "rank_pages",
    "read_benchmark",
    "read_evaluation",
    "render_markdown",
    "render_text",
    "score_run",
    "summarise_system",
]
