"""Several tables of results at a glance: each task's headline for each system, and the mean over tasks."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean
from typing import Any

from docrerank.evaluation.rendering import NOTHING, Cell, Grid, write_markdown, write_text_grids
from docrerank.evaluation.results_table import ResultsTable


def render_summary(tables: Sequence[ResultsTable], markdown: bool = False) -> str:
    """One row a task, one column a system, the mean in the last row; a system that a task lacks counts in no mean."""
    content = build_summary(tables)
    names = list(content["means"])
    rows: list[list[Cell]] = []
    for table, scores in zip(tables, content["tasks"].values(), strict=True):
        cells = [(f"{scores[name]:.3f}", "") if name in scores else NOTHING for name in names]
        rows.append([(table.name, ""), (table.headline, ""), *cells])
    means: list[Cell] = [(f"{content['means'][name]:.3f}", "") for name in names]
    rows.append([(f"mean of {len(tables)}", ""), ("", ""), *means])
    write = write_markdown if markdown else write_text_grids
    return write([Grid("all tasks", ["task", "metric", *names], rows)])


def build_summary(tables: Sequence[ResultsTable]) -> dict[str, Any]:
    """Each task's headline values by system, and the unweighted mean over the tasks that a system was measured on."""
    tasks = {
        table.name: {_shorten(system.name): system.means[table.headline].value for system in table.systems}
        for table in tables
    }
    names = dict.fromkeys(name for scores in tasks.values() for name in scores)
    return {
        "tasks": tasks,
        "means": {name: fmean(scores[name] for scores in tasks.values() if name in scores) for name in names},
    }


def _shorten(name: str) -> str:
    """Candidates come from several first stages: their own order is one column."""
    return "first stage" if name.startswith("first stage: ") else name
