"""The flowables documents are built of: headings, paragraphs, lists, tables, boxes."""

from __future__ import annotations

from collections.abc import Sequence

from reportlab.lib.colors import HexColor, white
from reportlab.lib.styles import ParagraphStyle
from reportlab.platypus import Flowable, Paragraph, Spacer, Table, TableStyle

from maker.theme import RULE, Theme, body_style, heading_style, small_style

Command = tuple[object, ...]


def heading(theme: Theme, text: str, level: int = 1) -> Flowable:
    return Paragraph(text, heading_style(theme, level))


def body(theme: Theme, text: str, justify: bool = False) -> Flowable:
    return Paragraph(text, body_style(theme, justify))


def note(theme: Theme, text: str) -> Flowable:
    """A caption, a source line or a footnote."""
    return Paragraph(text, small_style(theme))


def gap(points: float) -> Flowable:
    return Spacer(1, points)


def bullets(theme: Theme, items: Sequence[str], mark: str = "\u2022") -> list[Flowable]:
    base = body_style(theme)
    style = ParagraphStyle("item", parent=base, leftIndent=14, bulletIndent=3, spaceAfter=3.5)
    return [Paragraph(item, style, bulletText=mark) for item in items]


def steps(theme: Theme, items: Sequence[str], first: int = 1) -> list[Flowable]:
    base = body_style(theme)
    style = ParagraphStyle("step", parent=base, leftIndent=20, bulletIndent=2, spaceAfter=4.5)
    return [Paragraph(item, style, bulletText=f"{n}.") for n, item in enumerate(items, first)]


def box(theme: Theme, flowables: list[Flowable], width: float, colour: str | None = None) -> Flowable:
    """A shaded box with a coloured edge on its left."""
    edge = HexColor(colour or theme.accent)
    commands: list[Command] = [
        ("BACKGROUND", (0, 0), (-1, -1), HexColor(theme.pale)),
        ("LINEBEFORE", (0, 0), (0, -1), 3, edge),
        ("LEFTPADDING", (0, 0), (-1, -1), 11),
        ("TOPPADDING", (0, 0), (-1, -1), 7),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 4),
    ]
    return Table([[flowables]], colWidths=[width], style=TableStyle(commands), spaceBefore=5, spaceAfter=9)


def grid(
    theme: Theme,
    rows: Sequence[Sequence[str]],
    widths: Sequence[float],
    totals: Sequence[int] = (),
    text_columns: int = 1,
    solid: bool = False,
) -> Flowable:
    """A table: row 0 is its head, the first `text_columns` columns text, the others right-aligned numbers.

    `totals` are the rows set in bold under a rule; `solid` fills the head with the accent colour.
    """
    cells = [
        rows[0],
        *(
            [_cell(theme, c, i < text_columns, n in totals) for i, c in enumerate(row)]
            for n, row in enumerate(rows)
            if n
        ),
    ]
    commands = [*_common(theme, text_columns), *_head(theme, solid)]
    for row in totals:
        commands += [("FONTNAME", (0, row), (-1, row), theme.bold), ("LINEABOVE", (0, row), (-1, row), 0.7, RULE)]
    return Table(
        [list(r) for r in cells], colWidths=list(widths), style=TableStyle(commands), spaceBefore=3, spaceAfter=8
    )


def _cell(theme: Theme, text: str, is_text: bool, bold: bool) -> str | Flowable:
    if not is_text or len(text) < 12:
        return text
    size = theme.size * 0.92
    font = theme.bold if bold else theme.regular
    return Paragraph(text, ParagraphStyle("cell", fontName=font, fontSize=size, leading=size * 1.22))


def _common(theme: Theme, text_columns: int) -> list[Command]:
    return [
        ("FONT", (0, 0), (-1, -1), theme.regular, theme.size * 0.92, theme.size * 1.12),
        ("ALIGN", (text_columns, 0), (-1, -1), "RIGHT"),
        ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
        ("TOPPADDING", (0, 0), (-1, -1), theme.size * 0.26),
        ("BOTTOMPADDING", (0, 0), (-1, -1), theme.size * 0.34),
        ("LEFTPADDING", (0, 0), (0, -1), 4),
        ("LINEBELOW", (0, 1), (-1, -1), 0.35, RULE),
        ("LINEBELOW", (0, -1), (-1, -1), 0.9, HexColor(theme.accent)),
    ]


def _head(theme: Theme, solid: bool) -> list[Command]:
    accent = HexColor(theme.accent)
    commands: list[Command] = [("FONTNAME", (0, 0), (-1, 0), theme.bold), ("VALIGN", (0, 0), (-1, 0), "BOTTOM")]
    if solid:
        return [*commands, ("BACKGROUND", (0, 0), (-1, 0), accent), ("TEXTCOLOR", (0, 0), (-1, 0), white)]
    return [*commands, ("LINEBELOW", (0, 0), (-1, 0), 1.1, accent), ("TEXTCOLOR", (0, 0), (-1, 0), accent)]
