"""Charts as inline SVG: their lines stretch with the page, their letters do not."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

#: Points of a line at most: a long training is thinned to this many.
MAX_POINTS = 400
#: Where the plot begins and ends, in percent of the chart.
LEFT, RIGHT, TOP, BOTTOM = 14.0, 97.0, 6.0, 84.0


@dataclass(frozen=True, slots=True)
class Line:
    """One curve: its name, its points (x, y), and its place in the colours of the style sheet, from 1."""

    name: str
    points: Sequence[tuple[float, float]]
    colour: int = 1


def draw_lines(title: str, lines: Sequence[Line], x_label: str) -> Markup:
    """A line chart 220 pixels high and as wide as its place; points that are not finite are left out."""
    kept = [Line(line.name, _thin(line.points), line.colour) for line in lines]
    points = [point for line in kept for point in line.points]
    if not points:
        return Markup("")
    xs, ys = spread([x for x, _ in points]), spread([y for _, y in points])
    parts = [_draw_axes(xs, ys, x_label)]
    parts += [_draw_curve(line, xs, ys) for line in kept if line.points]
    body = Markup("").join(parts)
    return Markup('<svg class="chart" role="img" aria-label="{}">{}</svg>').format(_tell(title, kept), body)


def spread(values: Sequence[float]) -> tuple[float, float]:
    """The lowest and the highest value, apart even if they are equal.

    Example:
        >>> spread([1.0, 3.0]), spread([2.0])
        ((1.0, 3.0), (1.5, 2.5))
    """
    low, high = min(values), max(values)
    return (low, high) if high > low else (low - 0.5, high + 0.5)


def _thin(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    finite = [(x, y) for x, y in points if math.isfinite(x) and math.isfinite(y)]
    step = max(1, math.ceil(len(finite) / MAX_POINTS))
    return finite[::step] + (finite[-1:] if (len(finite) - 1) % step else [])


def _draw_curve(line: Line, xs: tuple[float, float], ys: tuple[float, float]) -> Markup:
    """The curve is in a box that may stretch in one direction alone; its stroke keeps its width."""
    places = " ".join(f"{_across(x, xs):.2f},{_down(y, ys):.2f}" for x, y in line.points)
    curve = Markup(
        '<svg viewBox="0 0 100 100" preserveAspectRatio="none" width="100%" height="100%">'
        '<polyline class="c{}" points="{}"/></svg>'
    ).format(line.colour, places)
    x, y = line.points[-1]
    return curve + Markup('<circle class="c{}" cx="{:.2f}%" cy="{:.2f}%" r="3.5"/>').format(
        line.colour, _across(x, xs), _down(y, ys)
    )


def _draw_axes(xs: tuple[float, float], ys: tuple[float, float], x_label: str) -> Markup:
    ticks = [ys[0] + (ys[1] - ys[0]) * part / 3 for part in range(4)]
    rules = Markup("").join(
        Markup('<line class="grid" x1="{}%" x2="{}%" y1="{:.2f}%" y2="{:.2f}%"/>').format(
            LEFT, RIGHT, _down(tick, ys), _down(tick, ys)
        )
        + Markup('<text x="{}%" y="{:.2f}%" dx="-6" dy="4" text-anchor="end">{}</text>').format(
            LEFT, _down(tick, ys), _short(tick)
        )
        for tick in ticks
    )
    ends = Markup(
        '<text x="{}%" y="97%">{}</text><text x="{}%" y="97%" text-anchor="end">{}</text>'
        '<text x="50%" y="97%" text-anchor="middle">{}</text>'
    ).format(LEFT, _short(xs[0]), RIGHT, _short(xs[1]), x_label)
    return rules + ends


def _tell(title: str, lines: Sequence[Line]) -> str:
    """The chart in words, for those who do not see it."""
    told = [
        f"{line.name} from {_short(line.points[0][1])} to {_short(line.points[-1][1])}"
        for line in lines
        if line.points
    ]
    return f"{title}: {'; '.join(told)}"


def _across(x: float, xs: tuple[float, float]) -> float:
    return LEFT + (RIGHT - LEFT) * (x - xs[0]) / (xs[1] - xs[0])


def _down(y: float, ys: tuple[float, float]) -> float:
    return BOTTOM - (BOTTOM - TOP) * (y - ys[0]) / (ys[1] - ys[0])


def _short(value: float) -> str:
    return f"{value:.3g}" if abs(value) < 1000 else f"{value:,.0f}"
