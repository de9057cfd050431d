"""Estimates with their intervals as drawings: a line from low to high with a dot at the value, alone or as a plot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from docrerank.evaluation.statistics import Interval

#: Pixels of a plot: of a row, and where names end, the scale is as wide as, and values begin.
ROW, LEFT, SCALE, RIGHT, TOP = 30, 280, 460, 190, 62
MAX_NAME = 38
STYLE = (
    "text{font:13px system-ui,sans-serif;fill:#222}.soft{fill:#666}.axis{stroke:#bbb}.track{stroke:none}"
    ".zero{stroke:#666;stroke-dasharray:3}line{stroke:#666;stroke-width:2}.axis,.zero{stroke-width:1}"
    ".c1 circle{fill:#1f5fa8}.c2 circle{fill:#c2410c}"
    "@media(prefers-color-scheme:dark){text{fill:#eee}.soft{fill:#aaa}line{stroke:#aaa}.axis{stroke:#555}"
    ".c1 circle{fill:#7fb2ea}.c2 circle{fill:#fb923c}}"
)


@dataclass(frozen=True, slots=True)
class Whisker:
    """One row of a plot; its colour is 1 or 2."""

    name: str
    interval: Interval
    colour: int = 1


def draw_whisker(interval: Interval, axis: tuple[float, float], colour: int = 1, place: str = "") -> Markup:
    """One interval, 22 pixels high and as wide as its place, on a scale from `axis[0]` to `axis[1]`.

    Args:
        interval: beyond the scale it is cut off.
        axis: zero is marked where it lies inside.
        colour: class `c1` to `c3` of the style sheet.
        place: attributes of the `svg` element, for a drawing inside a drawing.
    """
    low, value, high = (_percent(number, axis) for number in (interval.low, interval.value, interval.high))
    zero = Markup('<line class="zero" x1="{0}%" x2="{0}%" y1="0" y2="22"/>').format(_percent(0.0, axis))
    return Markup(
        '<svg class="whisker c{}" aria-hidden="true"{}>{}<line class="track" x1="0" x2="100%" y1="11" y2="11"/>'
        '<line x1="{}%" x2="{}%" y1="11" y2="11"/><circle cx="{}%" cy="11" r="5"/></svg>'
    ).format(colour, Markup(place), zero if axis[0] < 0.0 < axis[1] else "", low, high, value)


def draw_plot(
    title: str,
    subtitle: str,
    rows: Sequence[Whisker],
    axis: tuple[float, float],
    mark: tuple[float, str] | None = None,
) -> str:
    """Whiskers under each other as an SVG document, which follows a browser's light or dark mode.

    Args:
        title: over the plot, and for those who do not see it.
        subtitle: under the title.
        rows: from the top.
        axis: ends of the scale; differences have a negative one.
        mark: a value with its label, marked by a line through all rows.
    """
    bottom, width = TOP + ROW * len(rows) + 4, LEFT + SCALE + RIGHT
    sign = "+" if axis[0] < 0 else ""
    parts = [
        Markup(
            '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {0} {1}" width="{0}" height="{1}" role="img" '
            'aria-label="{2}"><style>{3}</style><text x="12" y="22" font-weight="600">{2}</text>'
            '<text x="12" y="42" class="soft">{4}</text>'
        ).format(width, bottom + 42, title, Markup(STYLE), subtitle)
    ]
    ticks = [axis[0] + (axis[1] - axis[0]) * part / 4 for part in range(5)]
    parts += [_draw_line(tick, f"{tick:{sign}.3g}", axis, bottom, bottom + 18, "axis") for tick in ticks]
    parts += [_draw_line(*mark, axis, bottom, bottom + 34, "zero")] if mark else []
    parts += [_draw_row(row, number, axis, sign) for number, row in enumerate(rows)]
    return "\n".join([*parts, "</svg>", ""])


def _draw_line(value: float, label: str, axis: tuple[float, float], bottom: int, below: int, kind: str) -> Markup:
    across = LEFT + SCALE * float(_percent(value, axis)) / 100
    return Markup(
        '<line class="{0}" x1="{1:.1f}" y1="{2}" x2="{1:.1f}" y2="{3}"/>'
        '<text class="soft" x="{1:.1f}" y="{4}" text-anchor="middle">{5}</text>'
    ).format(kind, across, TOP - 8, bottom, below, label)


def _draw_row(row: Whisker, number: int, axis: tuple[float, float], sign: str) -> Markup:
    middle = TOP + ROW * number + ROW // 2
    short = row.name if len(row.name) <= MAX_NAME else f"{row.name[: MAX_NAME - 1]}…"
    value, low, high = (f"{edge:{sign}.3f}" for edge in (row.interval.value, row.interval.low, row.interval.high))
    place = f' x="{LEFT}" y="{middle - 11}" width="{SCALE}" height="22" overflow="visible"'
    name = Markup('<text x="{}" y="{}" text-anchor="end">{}</text>').format(LEFT - 14, middle + 4, short)
    figures = Markup('<text x="{}" y="{}">{} [{}, {}]</text>').format(LEFT + SCALE + 16, middle + 4, value, low, high)
    return name + draw_whisker(row.interval, axis, row.colour, place) + figures


def _percent(value: float, axis: tuple[float, float]) -> str:
    return f"{100 * min(1.0, max(0.0, (value - axis[0]) / (axis[1] - axis[0]))):.2f}"
