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
class Look:
    """Colours as "#rrggbb"; `serif` sets text in Times, else Helvetica; `size` is the text size in points."""

    accent: str
    pale: str
    second: str
    serif: bool = False
    size: float = 9.6
    justify: bool = False

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
        """List the colours of chart series, the strongest first."""
        return [HexColor(c) for c in (self.accent, self.second, "#9aa5ad", "#d8a23a")]

    def colour(self, name: str) -> Color:
        """Find a colour of this look by name ("accent", "pale", "second", "ink", "grey") or by its "#rrggbb"."""
        fixed = {"ink": INK, "grey": GREY}
        return fixed[name] if name in fixed else HexColor(getattr(self, name, name))


def body_style(look: Look, **changes: float) -> ParagraphStyle:
    """Make the style of running text; `changes` are reportlab's (leftIndent, spaceAfter, ...)."""
    basis = {"fontName": look.regular, "fontSize": look.size, "leading": look.size * 1.42, "spaceAfter": 6}
    align = TA_JUSTIFY if look.justify else TA_LEFT
    return ParagraphStyle("body", textColor=INK, alignment=align, **{**basis, **changes})


def heading_style(look: Look, level: int) -> ParagraphStyle:
    size = look.size * {1: 2.0, 2: 1.28, 3: 1.06}[level]
    before, after = {1: (0, 11), 2: (9, 5), 3: (5, 3)}[level]
    return ParagraphStyle(
        f"h{level}", fontName=look.bold, fontSize=size, leading=size * 1.22, spaceBefore=before, spaceAfter=after,
        textColor=HexColor(look.accent) if level < 3 else INK,
    )  # fmt: skip


def small_style(look: Look) -> ParagraphStyle:
    size = look.size * 0.84
    return ParagraphStyle(
        "small", fontName=look.italic, fontSize=size, leading=size * 1.35, spaceAfter=7, textColor=GREY
    )
