"""Pages that are laid out one by one, so that the page of every fact is known, and the PDF they make."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, Frame

from maker.facts import Fact

Box = tuple[float, float, float, float]
Paint = Callable[[Canvas, int], None]
MARGIN = 56.0
BODY: Box = (MARGIN, 54.0, A4[0] - 2 * MARGIN, A4[1] - 128.0)
UNDER_BANNER: Box = (MARGIN, 54.0, BODY[2], A4[1] - 232.0)
WIDTH = BODY[2]


class BoxBreak(Flowable):
    """What comes after it flows into the next box."""


@dataclass(frozen=True)
class Sheet:
    """One page: its name in the document, what flows into its boxes, what is painted under them, its facts."""

    name: str
    flowables: Sequence[Flowable] = ()
    paint: Paint | None = None
    boxes: Sequence[Box] = (BODY,)
    facts: tuple[Fact, ...] = ()


@dataclass(frozen=True)
class Made:
    """A written PDF: its stem, the page number (from 1) of each sheet's name, and the facts of each page."""

    stem: str
    pages: dict[str, int]
    facts: dict[int, tuple[Fact, ...]]


def write_pdf(
    path: Path, title: str, author: str, sheets: Sequence[Sheet], size: tuple[float, float] = A4, compress: int = 0
) -> Made:
    """Write the sheets as a PDF, the same bytes each time. A sheet that does not hold its flowables is a ValueError.

    Pages are not compressed: bytes must not depend on the zlib at hand.
    """
    canvas = Canvas(str(path), pagesize=size, invariant=1, pageCompression=compress)
    canvas.setTitle(title)
    canvas.setAuthor(author)
    for number, sheet in enumerate(sheets, 1):
        _draw(canvas, sheet, number)
    canvas.save()
    pages = {sheet.name: number for number, sheet in enumerate(sheets, 1)}
    return Made(path.stem, pages, {n: s.facts for n, s in enumerate(sheets, 1)})


def _draw(canvas: Canvas, sheet: Sheet, number: int) -> None:
    if sheet.paint:
        sheet.paint(canvas, number)
    rest = list(sheet.flowables)
    for x, y, width, height in sheet.boxes:
        stop = next((i for i, flowable in enumerate(rest) if isinstance(flowable, BoxBreak)), len(rest))
        now = rest[:stop]
        Frame(x, y, width, height, 0, 0, 0, 0).addFromList(now, canvas)
        rest = now + rest[stop:] if now else rest[stop + 1 :]
    if rest:
        raise ValueError(f"the sheet {sheet.name!r} is too full; {len(rest)} flowables left, from {rest[0]!r:.300}")
    canvas.showPage()


def seed_for(name: str) -> random.Random:
    """A random generator that depends on the name alone."""
    return random.Random(name)  # a str seeds through sha512: the same everywhere
