"""Turns a page's blocks, as the files in `content` write them, into flowables.

The first key of a block's mapping is its type: h1, h2, h3, p, note, list, steps, gap, box (of blocks; edge),
table (rows, the first is the head; widths, 0 takes what is left; text, how many columns are text; totals, numbers of
rows set in bold), bars and lines (series; over, height), rows (category to value), drawing (shapes; size), break.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from reportlab.lib.colors import HexColor, white
from reportlab.platypus import Flowable, Paragraph, Spacer, Table, TableStyle

from maker.charts import draw_bars, draw_lines, draw_rows, draw_shapes
from maker.looks import RULE, Look, body_style, heading_style, small_style

Block = Mapping[str, Any]
Command = tuple[object, ...]


class BoxBreak(Flowable):
    """Lets what follows flow into the page's next box."""


def make_flowables(blocks: Sequence[Block], look: Look, width: float) -> list[Flowable]:
    """Turn blocks into flowables for a column of `width` points."""
    return [flowable for block in blocks for flowable in _MAKERS[next(iter(block))](block, look, width)]


def _make_heading(block: Block, look: Look, width: float) -> list[Flowable]:
    ((name, text),) = block.items()
    return [Paragraph(_escape(text), heading_style(look, int(name[1])))]


def _make_items(block: Block, look: Look, width: float) -> list[Flowable]:
    numbered = "steps" in block
    style = body_style(look, leftIndent=20 if numbered else 14, bulletIndent=3, spaceAfter=look.size * 0.38)
    items = enumerate(block["steps" if numbered else "list"], 1)
    return [Paragraph(_escape(item), style, bulletText=f"{n}." if numbered else "\u2022") for n, item in items]


def _make_box(block: Block, look: Look, width: float) -> list[Flowable]:
    """Draw a shaded box with a coloured left edge."""
    commands: list[Command] = [
        ("BACKGROUND", (0, 0), (-1, -1), HexColor(look.pale)),
        ("LINEBEFORE", (0, 0), (0, -1), 3, look.colour(block.get("edge", "accent"))),
        ("LEFTPADDING", (0, 0), (-1, -1), 11),
        ("TOPPADDING", (0, 0), (-1, -1), 7),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 4),
    ]
    inside = make_flowables(block["box"], look, width - 14)
    return [Table([[inside]], colWidths=[width], style=TableStyle(commands), spaceBefore=5, spaceAfter=9)]


def _make_table(block: Block, look: Look, width: float) -> list[Flowable]:
    head, *rows = block["table"]
    text, totals = block.get("text", 1), block.get("totals", ())
    cells = [
        head,
        *([_cell(look, c, i < text, n in totals) for i, c in enumerate(row)] for n, row in enumerate(rows, 1)),
    ]
    widths = [each or width - sum(block["widths"]) for each in block["widths"]]
    commands = [*_common(look, text), *_head(look)]
    for row in totals:
        commands += [("FONTNAME", (0, row), (-1, row), look.bold), ("LINEABOVE", (0, row), (-1, row), 0.7, RULE)]
    return [Table(cells, colWidths=widths, style=TableStyle(commands), spaceBefore=3, spaceAfter=8)]


def _cell(look: Look, text: str, is_text: bool, bold: bool) -> str | Flowable:
    if not is_text or len(text) < 12:
        return text
    size = look.size * 0.92
    font = look.bold if bold else look.regular
    return Paragraph(_escape(text), body_style(look, fontName=font, fontSize=size, leading=size * 1.22, spaceAfter=0))


def _common(look: Look, text: int) -> list[Command]:
    return [
        ("FONT", (0, 0), (-1, -1), look.regular, look.size * 0.92, look.size * 1.12),
        ("ALIGN", (text, 0), (-1, -1), "RIGHT"),
        ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
        ("TOPPADDING", (0, 0), (-1, -1), look.size * 0.26),
        ("BOTTOMPADDING", (0, 0), (-1, -1), look.size * 0.34),
        ("LEFTPADDING", (0, 0), (0, -1), 4),
        ("LINEBELOW", (0, 1), (-1, -1), 0.35, RULE),
        ("LINEBELOW", (0, -1), (-1, -1), 0.9, HexColor(look.accent)),
    ]


def _head(look: Look) -> list[Command]:
    """Style a table's head: white on the accent colour or, for serif text, in that colour over a rule."""
    accent = HexColor(look.accent)
    commands: list[Command] = [("FONTNAME", (0, 0), (-1, 0), look.bold), ("VALIGN", (0, 0), (-1, 0), "BOTTOM")]
    if look.serif:
        return [*commands, ("LINEBELOW", (0, 0), (-1, 0), 1.1, accent), ("TEXTCOLOR", (0, 0), (-1, 0), accent)]
    return [*commands, ("BACKGROUND", (0, 0), (-1, 0), accent), ("TEXTCOLOR", (0, 0), (-1, 0), white)]


def _escape(text: str) -> str:
    return text.replace("&", "&amp;")


_MAKERS: dict[str, Callable[[Block, Look, float], list[Flowable]]] = {
    **dict.fromkeys(("h1", "h2", "h3"), _make_heading),
    "p": lambda block, look, width: [Paragraph(_escape(block["p"]), body_style(look))],
    "note": lambda block, look, width: [Paragraph(_escape(block["note"]), small_style(look))],
    "gap": lambda block, look, width: [Spacer(1, block["gap"])],
    "break": lambda block, look, width: [BoxBreak()],
    "list": _make_items,
    "steps": _make_items,
    "box": _make_box,
    "table": _make_table,
    "bars": lambda block, look, width: [draw_bars(look, block["over"], block["bars"], width, block["height"])],
    "lines": lambda block, look, width: [draw_lines(look, block["over"], block["lines"], width, block["height"])],
    "rows": lambda block, look, width: [draw_rows(look, block["rows"], width)],
    "drawing": lambda block, look, width: [draw_shapes(look, block["drawing"], *block["size"])],
}
