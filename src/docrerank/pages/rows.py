"""Words to rows of one baseline, and rows to cells where the gap between two words is wide."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

#: A gap of this many line heights parts two cells; between two numbers a smaller one does.
CELL_GAP, NUMBER_GAP = 1.0, 0.5
#: A word joins a row if their middles are nearer than this share of the smaller one's height.
ROW_SHARE = 0.5
OPENERS, CLOSERS = frozenset("$€£¥("), frozenset([")", "%", ")%", "%)"])

Cells = list[list[int]]


@dataclass(frozen=True, slots=True)
class Shape:
    """Boxes and texts of n pieces of a page, in one unit along both axes.

    Attributes:
        texts: n texts.
        x0, y0, x1, y1: n edges each, from the top left.
    """

    texts: Sequence[str]
    x0: list[float]
    y0: list[float]
    x1: list[float]
    y1: list[float]

    @classmethod
    def of(cls, boxes: npt.NDArray[np.float32], texts: Sequence[str], width: float, height: float) -> Shape:
        """Scale boxes of shape (n, 4), in fractions, by the page's size."""
        scaled = boxes.astype(np.float64) * np.array([width or 1, height or 1] * 2)
        return cls(texts, *scaled.T.tolist()) if len(texts) else cls(texts, [], [], [], [])

    def is_upright(self, at: int) -> bool:
        """Whether a piece's letters stand one above another, as on a chart's axis."""
        width, height = self.x1[at] - self.x0[at], self.y1[at] - self.y0[at]
        return height > 1.8 * width and len(self.texts[at]) > 2


def group_rows(shape: Shape) -> list[list[int]]:
    """Indices of the pieces on each baseline, rows from top to bottom, each from left to right.

    A row's middle is the mean of its pieces so far, so that lines that overlap a little are not chained into one.
    """
    middles = [(top + bottom) / 2 for top, bottom in zip(shape.y0, shape.y1, strict=True)]
    rows: list[list[int]] = []
    upright: list[list[int]] = []
    middle = height = 0.0
    for at in sorted(range(len(middles)), key=lambda at: (middles[at], shape.x0[at])):
        own = shape.y1[at] - shape.y0[at]
        if shape.is_upright(at):
            upright.append([at])
        elif rows and middles[at] - middle <= ROW_SHARE * min(own, height):
            rows[-1].append(at)
            middle += (middles[at] - middle) / len(rows[-1])
            height += (own - height) / len(rows[-1])
        else:
            rows.append([at])
            middle, height = middles[at], own
    return [sorted(row, key=lambda at: shape.x0[at]) for row in rows] + upright


def group_cells(shape: Shape, rows: Sequence[list[int]]) -> list[Cells]:
    """Each row as its cells; a lone currency sign joins the amount after it, a lone `)` or `%` the one before."""
    return [cells for row in rows if (cells := _join_signs(shape, _split_row(shape, row)))]


def is_number(text: str) -> bool:
    """Whether a word has digits and no letters.

    Examples:
        >>> is_number("(1,234)"), is_number("Q3"), is_number("12.5%")
        (True, False, True)
    """
    return any(map(str.isdigit, text)) and not any(map(str.isalpha, text))


def _split_row(shape: Shape, row: list[int]) -> Cells:
    cells: Cells = []
    right = 0.0
    for at in _without_leaders(shape, row):
        if cells and shape.x0[at] - right <= _allowed_gap(shape, cells[-1][-1], at):
            cells[-1].append(at)
            right = max(right, shape.x1[at])
        else:
            cells.append([at])
            right = shape.x1[at]
    return cells


def _allowed_gap(shape: Shape, left: int, right: int) -> float:
    height = min(shape.y1[left] - shape.y0[left], shape.y1[right] - shape.y0[right])
    both = is_number(shape.texts[left]) and is_number(shape.texts[right])
    return height * (NUMBER_GAP if both else CELL_GAP)


def _without_leaders(shape: Shape, row: list[int]) -> list[int]:
    """A row without the dots that lead from a table's label to its number; a row of nothing else stays."""
    dots = [False, *(not shape.texts[at].strip("._·…") for at in row), False]
    long = [len(shape.texts[at]) > 3 for at in row]
    leads = [dots[n] and (long[n - 1] or dots[n - 1] or dots[n + 1]) for n in range(1, len(row) + 1)]
    return [at for at, lead in zip(row, leads, strict=True) if not lead] or row


def _join_signs(shape: Shape, cells: Cells) -> Cells:
    joined: Cells = []
    opened: list[int] = []
    for cell in cells:
        if joined and len(cell) == 1 and shape.texts[cell[0]] in CLOSERS:
            joined[-1] += cell
            continue
        cell, opened = opened + cell, []
        while cell and set(shape.texts[cell[-1]]) <= OPENERS:
            opened.insert(0, cell.pop())
        if cell:
            joined.append(cell)
    return [*joined, opened] if opened else joined
