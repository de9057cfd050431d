"""How systems compare on the same questions: the run's own floors and models, or any models on any benchmark."""

from __future__ import annotations

from docrerank.evaluation.answerability import Answerability, measure_answerability
from docrerank.evaluation.comparison import (
    Breakdown,
    Comparison,
    Difference,
    SystemResult,
    choose_baseline,
    compare,
    summarise_system,
)
from docrerank.evaluation.stage import evaluate, read_evaluation
from docrerank.evaluation.table import build_dict, render_markdown, render_text

__all__ = [
    "Answerability",
    "Breakdown",
    "Comparison",
    "Difference",
    "SystemResult",
    "build_dict",
    "choose_baseline",
    "compare",
    "evaluate",
    "measure_answerability",
    "read_evaluation",
    "render_markdown",
    "render_text",
    "summarise_system",
]
