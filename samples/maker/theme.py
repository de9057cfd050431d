"""How a document looks: its colours, fonts and paragraph styles."""

from __future__ import annotations

from dataclasses import dataclass

from reportlab.lib.colors import Color, HexColor
from reportlab.lib.enums import TA_JUSTIFY, TA_LEFT
from reportlab.lib.styles import ParagraphStyle

INK = HexColor("#222222")
GREY = HexColor("#6b6b6b")
RULE = HexColor("#c4c4c4")


@dataclass(frozen=True)
class Theme:
    """Colours as "#rrggbb"; `serif` sets text in Times, else Helvetica; `size` is the text size in points."""

    accent: str
    pale: str
    second: str
    serif: bool = False
    size: float = 9.6

    @property
    def regular(self) -> str:
        return "Times-Roman" if self.serif else "Helvetica"

    @property
    def bold(self) -> str:
        return "Times-Bold" if self.serif else "Helvetica-Bold"

    @property
    def italic(self) -> str:
        return "Times-Italic" if self.serif else "Helvetica-Oblique"

    @property
    def colours(self) -> list[Color]:
        """Colours of chart series, the first the strongest."""
        return [HexColor(c) for c in (self.accent, self.second, "#9aa5ad", "#d8a23a")]


def body_style(theme: Theme, justify: bool = False) -> ParagraphStyle:
    size = theme.size
    align = TA_JUSTIFY if justify else TA_LEFT
    return ParagraphStyle(
        "body",
        fontName=theme.regular,
        fontSize=size,
        leading=size * 1.42,
        spaceAfter=6,
        textColor=INK,
        alignment=align,
    )


def heading_style(theme: Theme, level: int) -> ParagraphStyle:
    size = {1: theme.size * 2.0, 2: theme.size * 1.28, 3: theme.size * 1.06}[level]
    return ParagraphStyle(
        f"h{level}",
        fontName=theme.bold,
        fontSize=size,
        leading=size * 1.22,
        spaceBefore={1: 0, 2: 9, 3: 5}[level],
        spaceAfter={1: 11, 2: 5, 3: 3}[level],
        textColor=HexColor(theme.accent) if level < 3 else INK,
    )


def small_style(theme: Theme) -> ParagraphStyle:
    size = theme.size * 0.84
    return ParagraphStyle(
        "small", fontName=theme.italic, fontSize=size, leading=size * 1.35, spaceAfter=7, textColor=GREY
    )
