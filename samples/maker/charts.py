"""Draws charts with a label at each value, and simple shapes, as vectors."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from reportlab.graphics.shapes import Circle, Drawing, Line, PolyLine, Rect, String

from maker.looks import GREY, INK, RULE, Look

#: From a series' name to its printed values ("€344.1", "12%"), one for each category.
Series = Mapping[str, Sequence[str]]
Shape = Sequence[str | float]


def draw_bars(look: Look, names: Sequence[str], series: Series, width: float, height: float) -> Drawing:
    """Draw upright bars, grouped by category."""
    drawing, base, top = _start(look, series, width, height)
    rows = [read_values(row) for row in series.values()]
    high, slot = max(map(max, rows)), width / len(names)
    bar = min(slot * 0.78 / len(rows), 46)
    for i, name in enumerate(names):
        left = slot * i + (slot - bar * len(rows)) / 2
        for j, (values, shown) in enumerate(zip(rows, series.values(), strict=True)):
            tall = values[i] / high * (top - base)
            drawing.add(Rect(left + bar * j + 1, base, bar - 2, tall, fillColor=look.colours[j], strokeColor=None))
            drawing.add(_text(look, left + bar * (j + 0.5), base + tall + 3, shown[i], 7.4))
        drawing.add(_text(look, slot * (i + 0.5), base - 12, name, 8))
    drawing.add(Line(0, base, width, base, strokeColor=GREY, strokeWidth=0.7))
    return drawing


def draw_lines(look: Look, names: Sequence[str], series: Series, width: float, height: float) -> Drawing:
    """Draw lines over the categories, from a little under the lowest value."""
    drawing, base, top = _start(look, series, width, height)
    rows = [read_values(row) for row in series.values()]
    high, low = max(map(max, rows)), min(map(min, rows))
    low -= (high - low) * 0.25
    slot = width / len(names)
    for quarter in range(5):
        y = base + (top - base) * quarter / 4
        drawing.add(Line(0, y, width, y, strokeColor=RULE, strokeWidth=0.4))
    for j, (values, shown) in enumerate(zip(rows, series.values(), strict=True)):
        points = [(slot * (i + 0.5), base + (v - low) / (high - low) * (top - base)) for i, v in enumerate(values)]
        drawing.add(PolyLine([n for point in points for n in point], strokeColor=look.colours[j], strokeWidth=1.8))
        for i, (x, y) in enumerate(points):
            under = any(other[i] > values[i] for other in rows)
            drawing.add(Circle(x, y, 2.6, fillColor=look.colours[j], strokeColor=None))
            drawing.add(_text(look, x, y - look.size if under else y + 6, shown[i], 7.4))
    for i, name in enumerate(names):
        drawing.add(_text(look, slot * (i + 0.5), base - 12, name, 8))
    return drawing


def draw_rows(look: Look, row: Mapping[str, str], width: float, thick: float = 15) -> Drawing:
    """Draw lying bars: one row per category, its name on the left."""
    drawing = Drawing(width, (thick + 6) * len(row) + 4)
    values = read_values(list(row.values()))
    left, high = width * 0.34, max(values)
    for i, (name, shown) in enumerate(row.items()):
        y = (thick + 6) * (len(row) - 1 - i) + 3
        long = values[i] / high * (width - left - 44)
        drawing.add(Rect(left, y, long, thick, fillColor=look.colours[0], strokeColor=None))
        drawing.add(_text(look, left - 6, y + thick / 2 - 3, name, 8.4, "end"))
        drawing.add(_text(look, left + long + 5, y + thick / 2 - 3, shown, 8.4, "start"))
    return drawing


def draw_shapes(look: Look, shapes: Sequence[Shape], width: float, height: float) -> Drawing:
    """Make a drawing from lists: [rect, x, y, width, height, fill, radius], [circle, x, y, radius, fill],
    [line, colour, x, y, x, y, ...] or [text, x, y, text, size, colour]; colours are names of `Look.colour`."""
    drawing = Drawing(width, height)
    for kind, *given in shapes:
        if kind == "rect":
            x, y, wide, tall, fill, radius = given
            drawing.add(Rect(x, y, wide, tall, rx=radius, ry=radius, fillColor=look.colour(fill), strokeColor=INK))
        elif kind == "circle":
            drawing.add(Circle(*given[:3], fillColor=look.colour(given[3]), strokeColor=None))
        elif kind == "line":
            drawing.add(PolyLine(given[1:], strokeColor=look.colour(given[0]), strokeWidth=1.2))
        else:
            x, y, text, size, colour = given
            font = {"fontName": look.bold if colour == "#ffffff" else look.regular, "fontSize": size}
            drawing.add(String(x, y, str(text), textAnchor="middle", fillColor=look.colour(colour), **font))
    return drawing


def read_values(shown: Sequence[str]) -> list[float]:
    """Read the numbers in printed values."""
    return [float(re.sub(r"[^\d.-]", "", text)) for text in shown]


def _start(look: Look, series: Series, width: float, height: float) -> tuple[Drawing, float, float]:
    drawing = Drawing(width, height)
    if len(series) == 1:
        return drawing, 18, height - 14
    x = 0.0
    for j, name in enumerate(series):
        drawing.add(Rect(x, height - 9, 8, 8, fillColor=look.colours[j], strokeColor=None))
        drawing.add(_text(look, x + 12, height - 8, name, 8, "start"))
        x += 30 + 4.4 * len(name)
    return drawing, 18, height - 32


def _text(look: Look, x: float, y: float, text: str, size: float, anchor: str = "middle") -> String:
    size *= max(1, look.size / 11)
    return String(x, y, text, fontName=look.regular, fontSize=size, fillColor=INK, textAnchor=anchor)
