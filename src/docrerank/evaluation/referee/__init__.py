"""mteb as the referee: its tasks, its files, its metadata of a docrerank model."""

from __future__ import annotations

from docrerank.evaluation.referee.adapter import MtebReranker
from docrerank.evaluation.referee.evaluate_tasks import evaluate_tasks, read_task
from docrerank.evaluation.referee.tasks import find_tasks, load_task

__all__ = ["MtebReranker", "evaluate_tasks", "find_tasks", "load_task", "read_task"]
