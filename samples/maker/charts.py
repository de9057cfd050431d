"""Bar and line charts with a label at each value, drawn as vectors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from reportlab.graphics.shapes import Circle, Drawing, Line, PolyLine, Rect, String

from maker.theme import GREY, INK, RULE, Theme


@dataclass(frozen=True)
class Series:
    """One row of values over a chart's categories; `shown` are the value labels as printed."""

    name: str
    values: Sequence[float]
    shown: Sequence[str]


def percent(name: str, values: Sequence[float]) -> Series:
    return Series(name, values, [f"{v:g}%" for v in values])


def draw_bars(theme: Theme, names: Sequence[str], series: Sequence[Series], width: float, height: float) -> Drawing:
    """Upright bars, grouped by category."""
    drawing, base, top = _start(theme, series, width, height)
    high = max(max(s.values) for s in series)
    slot = width / len(names)
    bar = min(slot * 0.78 / len(series), 46)
    for i, name in enumerate(names):
        left = slot * i + (slot - bar * len(series)) / 2
        for j, row in enumerate(series):
            tall = row.values[i] / high * (top - base)
            drawing.add(Rect(left + bar * j + 1, base, bar - 2, tall, fillColor=theme.colours[j], strokeColor=None))
            drawing.add(_text(theme, left + bar * (j + 0.5), base + tall + 3, row.shown[i], 7.4))
        drawing.add(_text(theme, slot * (i + 0.5), base - 12, name, 8))
    drawing.add(Line(0, base, width, base, strokeColor=GREY, strokeWidth=0.7))
    return drawing


def draw_lines(theme: Theme, names: Sequence[str], series: Sequence[Series], width: float, height: float) -> Drawing:
    """Lines over the categories, from a little under the lowest value."""
    drawing, base, top = _start(theme, series, width, height)
    high, low = max(max(s.values) for s in series), min(min(s.values) for s in series)
    low -= (high - low) * 0.25
    slot = width / len(names)
    for quarter in range(5):
        y = base + (top - base) * quarter / 4
        drawing.add(Line(0, y, width, y, strokeColor=RULE, strokeWidth=0.4))
    for j, row in enumerate(series):
        points = [(slot * (i + 0.5), base + (v - low) / (high - low) * (top - base)) for i, v in enumerate(row.values)]
        below = [any(other.values[i] > v for other in series) for i, v in enumerate(row.values)]
        _add_line(theme, drawing, points, row, j, below)
    for i, name in enumerate(names):
        drawing.add(_text(theme, slot * (i + 0.5), base - 12, name, 8))
    return drawing


def draw_rows(theme: Theme, names: Sequence[str], row: Series, width: float, thick: float = 15) -> Drawing:
    """Lying bars, a category a row, its name on the left."""
    drawing = Drawing(width, (thick + 6) * len(names) + 4)
    left, high = width * 0.34, max(row.values)
    for i, name in enumerate(names):
        y = (thick + 6) * (len(names) - 1 - i) + 3
        long = row.values[i] / high * (width - left - 44)
        drawing.add(Rect(left, y, long, thick, fillColor=theme.colours[0], strokeColor=None))
        drawing.add(_text(theme, left - 6, y + thick / 2 - 3, name, 8.4, "end"))
        drawing.add(_text(theme, left + long + 5, y + thick / 2 - 3, row.shown[i], 8.4, "start"))
    return drawing


def _start(theme: Theme, series: Sequence[Series], width: float, height: float) -> tuple[Drawing, float, float]:
    drawing = Drawing(width, height)
    if len(series) == 1:
        return drawing, 18, height - 14
    x = 0.0
    for j, row in enumerate(series):
        drawing.add(Rect(x, height - 9, 8, 8, fillColor=theme.colours[j], strokeColor=None))
        drawing.add(_text(theme, x + 12, height - 8, row.name, 8, "start"))
        x += 30 + 4.4 * len(row.name)
    return drawing, 18, height - 32


def _add_line(
    theme: Theme, drawing: Drawing, points: list[tuple[float, float]], row: Series, index: int, below: list[bool]
) -> None:
    colour = theme.colours[index]
    flat = [number for point in points for number in point]
    drawing.add(PolyLine(flat, strokeColor=colour, strokeWidth=1.8))
    for (x, y), shown, under in zip(points, row.shown, below, strict=True):
        drawing.add(Circle(x, y, 2.6, fillColor=colour, strokeColor=None))
        drawing.add(_text(theme, x, y - theme.size if under else y + 6, shown, 7.4))


def _text(theme: Theme, x: float, y: float, text: str, size: float, anchor: str = "middle") -> String:
    return String(
        x, y, text, fontName=theme.regular, fontSize=size * max(1, theme.size / 11), fillColor=INK, textAnchor=anchor
    )
