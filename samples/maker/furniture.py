"""What is painted on a page around its text: covers, running heads, page numbers."""

from __future__ import annotations

from collections.abc import Sequence

from reportlab.lib.colors import HexColor, white
from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas

from maker.sheets import MARGIN, Paint
from maker.theme import GREY, Theme

WIDE, TALL = A4


def running(theme: Theme, left: str, right: str) -> Paint:
    """A running head with a rule under it, and the page number at the foot."""

    def paint(canvas: Canvas, number: int) -> None:
        canvas.setFont(theme.regular, 8)
        canvas.setFillColor(GREY)
        canvas.drawString(MARGIN, TALL - 42, left)
        canvas.drawRightString(WIDE - MARGIN, TALL - 42, right)
        canvas.setStrokeColor(HexColor(theme.accent))
        canvas.setLineWidth(0.8)
        canvas.line(MARGIN, TALL - 48, WIDE - MARGIN, TALL - 48)
        canvas.drawRightString(WIDE - MARGIN, 30, str(number))

    return paint


def cover(theme: Theme, small: str, lines: Sequence[str], foot: Sequence[str]) -> Paint:
    """A full page in the accent colour with a title of up to three lines."""

    def paint(canvas: Canvas, number: int) -> None:
        canvas.setFillColor(HexColor(theme.accent))
        canvas.rect(0, 0, WIDE, TALL, stroke=0, fill=1)
        _paint_bands(canvas, theme)
        canvas.setFillColor(white)
        canvas.setFont(theme.regular, 14)
        canvas.drawString(MARGIN, TALL - 120, small)
        canvas.setFont(theme.bold, 34)
        for i, line in enumerate(lines):
            canvas.drawString(MARGIN, TALL - 176 - 42 * i, line)
        canvas.setFont(theme.regular, 11)
        for i, line in enumerate(foot):
            canvas.drawString(MARGIN, 110 - 17 * i, line)

    return paint


def banner(theme: Theme, small: str, lines: Sequence[str]) -> Paint:
    """The top of a first page that has no cover of its own: a coloured band of 150 points with the title."""

    def paint(canvas: Canvas, number: int) -> None:
        canvas.setFillColor(HexColor(theme.accent))
        canvas.rect(0, TALL - 150, WIDE, 150, stroke=0, fill=1)
        canvas.setFillColor(white)
        canvas.setFont(theme.regular, 12)
        canvas.drawString(MARGIN, TALL - 48, small)
        canvas.setFont(theme.bold, 27)
        for i, line in enumerate(lines):
            canvas.drawString(MARGIN, TALL - 86 - 34 * i, line)

    return paint


def _paint_bands(canvas: Canvas, theme: Theme) -> None:
    canvas.saveState()
    canvas.setFillColor(HexColor(theme.second))
    for i, height in enumerate((90, 150, 130, 210, 260, 240, 330)):
        canvas.setFillAlpha(0.25 + 0.09 * i)
        canvas.rect(MARGIN + 70 * i, 170, 54, height, stroke=0, fill=1)
    canvas.restoreState()
