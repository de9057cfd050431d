"""Any model on any benchmark: collections, candidates, systems, and one table of them all."""

from __future__ import annotations

from docrerank.benchmark import Collection
from docrerank.evaluation.suite.board import Board, Pair, build_board
from docrerank.evaluation.suite.candidates import Candidates, find_candidates
from docrerank.evaluation.suite.measure import Measured, measure
from docrerank.evaluation.suite.plot import draw_board
from docrerank.evaluation.suite.rendering import Format, build_dict, render
from docrerank.evaluation.suite.stage import Settings, evaluate_models, open_collections, write_board
from docrerank.evaluation.suite.summary import build_summary, render_summary

__all__ = [
    "Board",
    "Candidates",
    "Collection",
    "Format",
    "Measured",
    "Pair",
    "Settings",
    "build_board",
    "build_dict",
    "build_summary",
    "draw_board",
    "evaluate_models",
    "find_candidates",
    "measure",
    "open_collections",
    "render",
    "render_summary",
    "write_board",
]
