"""How systems compare on the same questions: a run's own floors and models, or any models on any benchmark.

From a question to a table: `evaluate_run` or `evaluate_models` (the story), `systems` (scores), `measured` (rankings),
`results_table` (intervals and gains).
"""

from __future__ import annotations

from docrerank.evaluation.answerability import measure_answerability
from docrerank.evaluation.evaluate_models import Settings, build_summary, evaluate_models, open_collections
from docrerank.evaluation.evaluate_run import build_evaluation, evaluate, read_evaluation
from docrerank.evaluation.find_candidates import Candidates, find_candidates, slug
from docrerank.evaluation.find_model import find_model, load_scorer
from docrerank.evaluation.interval_plot import Whisker, draw_plot, draw_whisker
from docrerank.evaluation.measured import Measured, measure
from docrerank.evaluation.page_by_page import ByPage
from docrerank.evaluation.results_table import ResultsTable, build_table
from docrerank.evaluation.run_systems import RunResults
from docrerank.evaluation.scorers import VisionScorer
from docrerank.evaluation.table_forms import build_dict, draw_table, render, render_summary, sum_up

__all__ = [
    "ByPage",
    "Candidates",
    "Measured",
    "ResultsTable",
    "RunResults",
    "Settings",
    "VisionScorer",
    "Whisker",
    "build_dict",
    "build_evaluation",
    "build_summary",
    "build_table",
    "draw_plot",
    "draw_table",
    "draw_whisker",
    "evaluate",
    "evaluate_models",
    "find_candidates",
    "find_model",
    "load_scorer",
    "measure",
    "measure_answerability",
    "open_collections",
    "read_evaluation",
    "render",
    "render_summary",
    "slug",
    "sum_up",
]
