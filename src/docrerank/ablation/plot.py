"""The comparison as a drawing: a dot and its interval for every arm's difference to the untrained model."""

from __future__ import annotations

from html import escape

from docrerank.ablation.summary import Ablation
from docrerank.statistics import Interval

WIDTH, ROW, LEFT, RIGHT, TOP = 720, 26, 190, 30, 54
COLOURS = {"alone": "#2563eb", "fused": "#b45309"}


def draw(found: Ablation) -> str:
    """One SVG that needs nothing else."""
    rows = [
        (arm.name, system, row.to_untrained)
        for arm in found.arms
        for system, row in arm.systems.items()
        if row.to_untrained is not None
    ]
    reach = max((abs(edge) for _, _, one in rows for edge in (one.low, one.high)), default=0.0) or 0.01
    height = TOP + ROW * len(rows) + 34
    zero = _across(0.0, reach)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
        'font-family="sans-serif" font-size="12">',
        f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>',
        f'<text x="12" y="20" font-size="14">NDCG@5 on {escape(found.benchmark)}, difference to untrained '
        f"({found.questions} questions, {found.groups} groups an arm)</text>",
        f'<text x="12" y="38" fill="{COLOURS["alone"]}">reranker by itself</text>'
        f'<text x="140" y="38" fill="{COLOURS["fused"]}">fused with the first stage</text>',
        f'<line x1="{zero:.1f}" x2="{zero:.1f}" y1="{TOP}" y2="{height - 26}" stroke="#999" stroke-dasharray="3"/>',
        *(_draw_row(place, *row, reach) for place, row in enumerate(rows)),
        *(_draw_tick(value, reach, height) for value in (-reach, 0.0, reach)),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _draw_row(place: int, name: str, system: str, one: Interval, reach: float) -> str:
    y, colour = TOP + ROW * place + ROW / 2, COLOURS[system]
    low, middle, high = (_across(value, reach) for value in (one.low, one.value, one.high))
    return (
        f'<text x="{LEFT - 12}" y="{y + 4}" text-anchor="end">{escape(name)}</text>'
        f'<line x1="{low:.1f}" x2="{high:.1f}" y1="{y}" y2="{y}" stroke="{colour}" stroke-width="2"/>'
        f'<circle cx="{middle:.1f}" cy="{y}" r="4.5" fill="{colour}"/>'
    )


def _draw_tick(value: float, reach: float, height: int) -> str:
    return f'<text x="{_across(value, reach):.1f}" y="{height - 10}" text-anchor="middle">{value:+.3f}</text>'


def _across(value: float, reach: float) -> float:
    return LEFT + (value + reach) / (2 * reach) * (WIDTH - LEFT - RIGHT)
