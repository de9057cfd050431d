"""How systems compare on the same questions: the run's own floors and models, or any models on any benchmark."""

from __future__ import annotations

from docrerank.evaluation.answerability import Answerability, measure_answerability
from docrerank.evaluation.candidates import Candidates, find_candidates, slug
from docrerank.evaluation.evaluate_models import (
    Settings,
    compare_models,
    evaluate_models,
    open_collections,
    write_summary,
)
from docrerank.evaluation.evaluate_run import build_evaluation, evaluate, read_evaluation
from docrerank.evaluation.interval_plot import Whisker, draw_plot, draw_whisker
from docrerank.evaluation.layout import build_dict, draw_table, render
from docrerank.evaluation.models import Model, find_model, load_scorer
from docrerank.evaluation.names import BASELINES
from docrerank.evaluation.peer_scorers import EmbedderScorer, OwnCodeScorer
from docrerank.evaluation.results_table import Breakdown, Difference, ResultsTable, SystemResult, build_table
from docrerank.evaluation.scorers import Scorer, TextScorer, VisionScorer
from docrerank.evaluation.summary import build_summary, render_summary
from docrerank.evaluation.system_result import Measured, measure, name_file, read_measured, write_measured
from docrerank.evaluation.systems import open_model, open_system

__all__ = [
    "BASELINES",
    "Answerability",
    "Breakdown",
    "Candidates",
    "Difference",
    "EmbedderScorer",
    "Measured",
    "Model",
    "OwnCodeScorer",
    "ResultsTable",
    "Scorer",
    "Settings",
    "SystemResult",
    "TextScorer",
    "VisionScorer",
    "Whisker",
    "build_dict",
    "build_evaluation",
    "build_summary",
    "build_table",
    "compare_models",
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
    "name_file",
    "open_collections",
    "open_model",
    "open_system",
    "read_evaluation",
    "read_measured",
    "render",
    "render_summary",
    "slug",
    "write_measured",
    "write_summary",
]
