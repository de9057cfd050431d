"""Several boards at a glance: each task's headline for each system, and the mean over tasks."""

from __future__ import annotations

import io
from collections.abc import Sequence
from statistics import fmean
from typing import Any

from rich.console import Console

from docrerank.evaluation.suite.board import Board
from docrerank.evaluation.table import Cell, Grid, build_table, write_markdown


def render_summary(boards: Sequence[Board], markdown: bool = False, width: int = 140) -> str:
    """One row a task, one column a system, the mean in the last row; a system that a task lacks counts in no mean."""
    content = build_summary(boards)
    names = list(content["means"])
    rows: list[list[Cell]] = []
    for board, scores in zip(boards, content["tasks"].values(), strict=True):
        cells = [(f"{scores[name]:.3f}", "") if name in scores else ("-", "") for name in names]
        rows.append([(board.name, ""), (board.headline, ""), *cells])
    means: list[Cell] = [(f"{content['means'][name]:.3f}", "") for name in names]
    rows.append([(f"mean of {len(boards)}", ""), ("", ""), *means])
    grid = Grid("all tasks", ["task", "metric", *names], rows)
    if markdown:
        return write_markdown(grid) + "\n"
    out = io.StringIO()
    Console(file=out, width=width, color_system=None).print(build_table(grid))
    return out.getvalue()


def build_summary(boards: Sequence[Board]) -> dict[str, Any]:
    """Each task's headline values by system, and the unweighted mean over the tasks that a system was measured on."""
    tasks = {
        board.name: {_shorten(system.name): system.means[board.headline].value for system in board.systems}
        for board in boards
    }
    names = dict.fromkeys(name for scores in tasks.values() for name in scores)
    return {
        "tasks": tasks,
        "means": {name: fmean(scores[name] for scores in tasks.values() if name in scores) for name in names},
    }


def _shorten(name: str) -> str:
    """Candidates come from several first stages: their own order is one column."""
    return "first stage" if name.startswith("first stage: ") else name
