"""A board as a picture: each system's headline metric with its interval, and the ceiling; SVG, no library."""

from __future__ import annotations

from html import escape

from docrerank.evaluation.suite.board import Board

ROW, LEFT, RIGHT, TOP, SCALE = 30, 280, 150, 62, 460
MAX_NAME = 38


def draw_board(board: Board) -> str:
    """The plot as an SVG document that opens in a browser and follows its light or dark mode."""
    height = TOP + ROW * len(board.systems) + 46
    width = LEFT + SCALE + RIGHT
    ceiling = board.ceiling.means[board.headline].value
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'role="img" aria-label="{escape(board.headline)} of each system on {escape(board.name)}">',
        "<style>text{font:13px system-ui,sans-serif;fill:#222}.quiet{fill:#666}.axis{stroke:#bbb}.bar{stroke:#666;"
        "stroke-width:2}.dot{fill:#1f5fa8}.own{fill:#c2410c}@media(prefers-color-scheme:dark){text{fill:#eee}"
        ".quiet{fill:#aaa}.axis{stroke:#555}.bar{stroke:#aaa}.dot{fill:#7fb2ea}.own{fill:#fb923c}}</style>",
        f'<text x="12" y="22" font-weight="600">{escape(board.name[:80])}: {escape(board.headline)}, '
        f"{board.queries} queries</text>",
        f'<text x="12" y="42" class="quiet">95 % bootstrap intervals; at most {board.candidates} candidates from '
        f"{escape(board.first_stage[-40:])}</text>",
    ]
    bottom = TOP + ROW * len(board.systems) + 4
    for tenth in range(0, 11, 2):
        x = _place(tenth / 10)
        parts.append(f'<line class="axis" x1="{x:.1f}" y1="{TOP - 8}" x2="{x:.1f}" y2="{bottom}"/>')
        parts.append(f'<text class="quiet" x="{x:.1f}" y="{bottom + 18}" text-anchor="middle">{tenth / 10:.1f}</text>')
    x = _place(ceiling)
    parts.append(f'<line class="bar" x1="{x:.1f}" y1="{TOP - 8}" x2="{x:.1f}" y2="{bottom}" stroke-dasharray="4 4"/>')
    told = f'x="{x:.1f}" y="{bottom + 34}" text-anchor="middle"'
    parts.append(f'<text class="quiet" {told}>ceiling {ceiling:.3f}</text>')
    for number, system in enumerate(board.systems):
        parts += _draw_row(system.name, system.trained, number, *_ends(board, number))
    return "\n".join([*parts, "</svg>", ""])


def _ends(board: Board, number: int) -> tuple[float, float, float]:
    interval = board.systems[number].means[board.headline]
    return interval.value, interval.low, interval.high


def _draw_row(name: str, trained: bool, number: int, value: float, low: float, high: float) -> list[str]:
    y = TOP + ROW * number + ROW / 2
    short = name if len(name) <= MAX_NAME else f"{name[: MAX_NAME - 1]}…"
    kind = "own" if trained else "dot"
    return [
        f'<text x="{LEFT - 14}" y="{y + 4:.1f}" text-anchor="end">{escape(short)}</text>',
        f'<line class="bar" x1="{_place(low):.1f}" y1="{y:.1f}" x2="{_place(high):.1f}" y2="{y:.1f}"/>',
        f'<circle class="{kind}" cx="{_place(value):.1f}" cy="{y:.1f}" r="5"/>',
        f'<text x="{LEFT + SCALE + 16}" y="{y + 4:.1f}">{value:.3f} [{low:.3f}, {high:.3f}]</text>',
    ]


def _place(value: float) -> float:
    return LEFT + SCALE * min(1.0, max(0.0, value))
