"""The comparison as a drawing: a dot and its interval for every arm's difference to the untrained model."""

from __future__ import annotations

from docrerank.evaluation import Whisker, draw_plot
from docrerank.evaluation.ablation.summary import Ablation

COLOURS = {"alone": 1, "fused": 2}


def draw(found: Ablation) -> str:
    """One SVG that needs nothing else."""
    rows = [
        Whisker(f"{arm.name}, {system}", row.to_untrained, COLOURS[system])
        for arm in found.arms
        for system, row in arm.systems.items()
        if row.to_untrained is not None
    ]
    reach = max((abs(edge) for row in rows for edge in (row.interval.low, row.interval.high)), default=0.0) or 0.01
    return draw_plot(
        f"NDCG@5 on {found.benchmark}, difference to untrained",
        f"{found.questions} questions, {found.groups} groups an arm; alone: the reranker by itself, fused: with the "
        "first stage",
        rows,
        (-reach, reach),
        (0.0, ""),
    )
