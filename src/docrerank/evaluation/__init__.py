"""How systems compare on the same questions: a run's own floors and models, or any models on any benchmark.

From a question to a table: `evaluate_run` or `evaluate_models` (the story), `systems` (scores), `measured` (rankings),
`results_table` (intervals and gains).
"""

from __future__ import annotations

from docrerank.evaluation.evaluate_models import Settings, build_summary, evaluate_models, open_collections
from docrerank.evaluation.evaluate_run import build_evaluation, evaluate, read_evaluation
from docrerank.evaluation.find_candidates import slug
from docrerank.evaluation.find_model import find_model, load_scorer
from docrerank.evaluation.results_table import ResultsTable, build_table
from docrerank.evaluation.table_forms import build_dict, render, render_summary

__all__ = [
    "ResultsTable",
    "Settings",
    "build_dict",
    "build_evaluation",
    "build_summary",
    "build_table",
    "evaluate",
    "evaluate_models",
    "find_model",
    "load_scorer",
    "open_collections",
    "read_evaluation",
    "render",
    "render_summary",
    "slug",
]
