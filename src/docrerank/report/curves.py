"""The training curves, as the training stage left them in the run."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from docrerank.report.charts import Line, draw_lines
from docrerank.runs import Run

#: Steps whose mean is one point of the smooth loss curve.
SMOOTH = 10


@dataclass(frozen=True, slots=True)
class Curves:
    """Charts of a training.

    Attributes:
        loss: mean of each `SMOOTH` steps.
        dev: NDCG@5 and the share of hard negatives that score below their positive, on the dev part.
        steps: of the training.
        start: the dev part's NDCG@5 and share before the first step; None if it was not measured.
        end: as `start`, at the last measurement.
    """

    loss: Markup
    dev: Markup
    steps: int
    start: tuple[float, float] | None = None
    end: tuple[float, float] | None = None


def read_curves(run: Run) -> Curves | None:
    """The curves of the run's training; None if it has none, or none that can be read."""
    try:
        content = json.loads((run.path / "training" / "curves.json").read_text("utf-8"))
        losses = [float(loss) for loss in content["loss"]]
        dev = [(float(step), float(ndcg), float(accuracy)) for step, ndcg, accuracy, *_ in content["dev"]]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return Curves(_draw_loss(losses), _draw_dev(dev), len(losses), *_take_ends(dev))


def _draw_loss(losses: list[float]) -> Markup:
    width = SMOOTH if len(losses) > 5 * SMOOTH else 1
    blocks = [losses[start : start + width] for start in range(0, len(losses), width)]
    points = [(float(min(len(losses), (at + 1) * width)), sum(b) / len(b)) for at, b in enumerate(blocks)]
    return draw_lines("Training loss", [Line("loss", points)], "step")


def _draw_dev(dev: list[tuple[float, float, float]]) -> Markup:
    lines = [
        Line("NDCG@5", [(step, ndcg) for step, ndcg, _ in dev], 1),
        Line("hard negatives below their positive", [(step, accuracy) for step, _, accuracy in dev], 2),
    ]
    return draw_lines("Dev part", lines, "step")


def _take_ends(dev: list[tuple[float, float, float]]) -> tuple[Any, Any]:
    return (dev[0][1:], dev[-1][1:]) if dev else (None, None)
