"""Charts as inline SVG: their lines stretch with the page, their letters do not, and dark mode turns them dark."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from docrerank.evaluation.statistics import Interval
from docrerank.runs import Run

#: Points of a line at most: a long training is thinned to this many.
MAX_POINTS = 400
#: Steps whose mean is one point of the loss.
SMOOTH = 10
#: Where the plot begins and ends, in percent of the chart.
LEFT, RIGHT, TOP, BOTTOM = 11.0, 98.0, 12.0, 84.0

Span = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Line:
    """One curve: its name, which stands beside it, and its points (x, y)."""

    name: str
    points: Sequence[tuple[float, float]]


def draw_whisker(interval: Interval, axis: tuple[float, float], colour: int = 1) -> Markup:
    """One interval, 22 pixels high and as wide as its place, on a scale from `axis[0]` to `axis[1]`.

    Args:
        interval: beyond the scale it is cut off.
        axis: zero is marked where it lies inside.
        colour: class `c1` to `c3` of the style sheet.
    """
    low, value, high = (_percent(number, axis) for number in (interval.low, interval.value, interval.high))
    zero = Markup('<line class="zero" x1="{0}%" x2="{0}%" y1="0" y2="22"/>').format(_percent(0.0, axis))
    return Markup(
        '<svg class="whisker c{}" aria-hidden="true">{}<line class="track" x1="0" x2="100%" y1="11" y2="11"/>'
        '<line x1="{}%" x2="{}%" y1="11" y2="11"/><circle cx="{}%" cy="11" r="5"/></svg>'
    ).format(colour, zero if axis[0] < 0.0 < axis[1] else "", low, high, value)


def draw_lines(
    title: str, lines: Sequence[Line], x_label: str, xs: Span | None = None, ys: Span | None = None
) -> Markup:
    """Draw one or two curves; the second is dashed, and each is named at its line.

    Args:
        title: for those who do not see it.
        lines: points that are not finite are left out.
        x_label: under the chart.
        xs: ends of the level axis; without them those of the points.
        ys: ends of the upright axis; without them it begins at 0.
    """
    kept = [line for line in (Line(line.name, _thin(line.points)) for line in lines) if line.points]
    if not kept:
        return Markup("")
    points = [point for line in kept for point in line.points]
    xs = xs or (min(x for x, _ in points), max(x for x, _ in points))
    ys = ys or (min(0.0, *(y for _, y in points)), max(y for _, y in points) or 1.0)
    parts = [_draw_axes(xs, ys, x_label), *(_draw_curve(line, at, xs, ys) for at, line in enumerate(kept, 1))]
    told = "; ".join(f"{line.name} from {line.points[0][1]:.3g} to {line.points[-1][1]:.3g}" for line in kept)
    svg = '<svg class="chart" role="img" aria-label="{}: {}">{}</svg>'
    return Markup(svg).format(title, told, Markup("").join([*parts, _draw_names(kept, xs, ys)]))


def draw_training(run: Run) -> list[tuple[str, Markup]]:
    """Draw what training recorded, each chart with its caption; none if there is no record that can be read."""
    try:
        content = json.loads((run.path / "training" / "curves.json").read_text("utf-8"))
        losses = [float(loss) for loss in content["loss"]]
        dev = [(float(step), float(ndcg), float(accuracy)) for step, ndcg, accuracy, *_ in content["dev"]]
    except (OSError, ValueError, KeyError, TypeError):
        return []
    width = SMOOTH if len(losses) > 5 * SMOOTH else 1
    blocks = [losses[start : start + width] for start in range(0, len(losses), width)]
    loss = [(float(min(len(losses), (at + 1) * width)), sum(each) / len(each)) for at, each in enumerate(blocks)]
    lines = [
        Line("NDCG@5", [(step, ndcg) for step, ndcg, _ in dev]),
        Line("hard negatives ranked lower", [(step, accuracy) for step, _, accuracy in dev]),
    ]
    charts = [
        ("Held-out documents", draw_lines("Held-out documents", lines, "training step", ys=(0.0, 1.0))),
        ("Loss", draw_lines("Loss", [Line("loss", loss)], "training step")),
    ]
    return [(caption, chart) for caption, chart in charts if chart]


def draw_thresholds(relevance: Mapping[str, Any]) -> Markup:
    """Draw which questions pass, by the relevance asked for."""
    lines = [
        Line("answerable", [(bar, kept) for bar, kept, _ in relevance["curve"]]),
        Line("unanswerable", [(bar, false) for bar, _, false in relevance["curve"]]),
    ]
    return draw_lines("Questions that pass", lines, "relevance asked for", (0.0, 1.0), (0.0, 1.0))


def _thin(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    finite = [(x, y) for x, y in points if math.isfinite(x) and math.isfinite(y)]
    step = max(1, math.ceil(len(finite) / MAX_POINTS))
    return finite[::step] + (finite[-1:] if (len(finite) - 1) % step else [])


def _draw_curve(line: Line, colour: int, xs: Span, ys: Span) -> Markup:
    """The curve is in a box that may stretch in one direction alone; its stroke keeps its width."""
    places = " ".join(f"{_across(x, xs):.2f},{_down(y, ys):.2f}" for x, y in line.points)
    x, y = line.points[-1]
    return Markup(
        '<svg viewBox="0 0 100 100" preserveAspectRatio="none" width="100%" height="100%">'
        '<polyline class="c{0}" points="{1}"/></svg><circle class="c{0}" cx="{2:.2f}%" cy="{3:.2f}%" r="3.5"/>'
    ).format(colour, places, _across(x, xs), _down(y, ys))


def _draw_names(lines: Sequence[Line], xs: Span, ys: Span) -> Markup:
    """Put the first name over its line, at the left, and the second under its line, at the right."""
    text = '<text class="name c{}" x="{}%" y="{:.2f}%" dy="{}" text-anchor="{}">{}</text>'
    places = ((LEFT + 3, -9, "start"), (RIGHT - 3, 19, "end"))
    return Markup("").join(
        Markup(text).format(number, x, _down(line.points[at][1], ys), dy, anchor, line.name)
        for number, (line, (x, dy, anchor)) in enumerate(zip(lines, places, strict=False), 1)
        for at in [len(line.points) // 8 if number == 1 else -1 - len(line.points) // 8]
    )


def _draw_axes(xs: Span, ys: Span, x_label: str) -> Markup:
    ticks = [ys[0] + (ys[1] - ys[0]) * part / 4 for part in range(5)]
    rule = (
        '<line class="grid" x1="{0}%" x2="{1}%" y1="{2:.2f}%" y2="{2:.2f}%"/>'
        '<text x="{0}%" y="{2:.2f}%" dx="-6" dy="4" text-anchor="end">{3:.3g}</text>'
    )
    ends = (
        '<text x="{}%" y="97%">{:,.3g}</text><text x="{}%" y="97%" text-anchor="end">{:,.3g}</text>'
        '<text x="53%" y="97%" text-anchor="middle">{}</text>'
    )
    rules = [Markup(rule).format(LEFT, RIGHT, _down(tick, ys), tick) for tick in ticks]
    return Markup("").join([*rules, Markup(ends).format(LEFT, xs[0], RIGHT, xs[1], x_label)])


def _across(x: float, xs: Span) -> float:
    return LEFT + (RIGHT - LEFT) * ((x - xs[0]) / (xs[1] - xs[0]) if xs[1] > xs[0] else 0.5)


def _down(y: float, ys: Span) -> float:
    return BOTTOM - (BOTTOM - TOP) * (y - ys[0]) / (ys[1] - ys[0])


def _percent(value: float, axis: tuple[float, float]) -> str:
    return f"{100 * min(1.0, max(0.0, (value - axis[0]) / (axis[1] - axis[0]))):.2f}"
