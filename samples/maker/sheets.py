"""Lays out pages one by one, so that the page of every fact is known, and makes a PDF of them.

A document is a mapping: stem, title, author, look, pages, and optionally `running` (texts of the running head),
`first` (its first page number), `slides` (pages of that shape) and `scan` (pages become pictures). A page has a name,
and optionally blocks, boxes that they flow into, `size` (of its text), and `cover`, `banner` or `title` painted under
them.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pypdfium2 as pdfium
from PIL import Image
from reportlab.lib.colors import HexColor, white
from reportlab.lib.pagesizes import A4
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Frame

from maker.blocks import BoxBreak, make_flowables
from maker.looks import GREY, Look

Document = Mapping[str, Any]
Box = tuple[float, float, float, float]
MARGIN = 56.0
WIDE, TALL = A4
BODY: Box = (MARGIN, 54.0, WIDE - 2 * MARGIN, TALL - 128.0)
UNDER_BANNER: Box = (MARGIN, 54.0, BODY[2], TALL - 232.0)
SLIDE = (800.0, 450.0)
SLIDE_BODY: Box = (48.0, 36.0, 704.0, 326.0)
DPI = 130


def write_document(document: Document, folder: Path) -> list[str]:
    """Write `<folder>/<stem>.pdf`, the same bytes each time; return the text of each page.

    Raises ValueError where a page does not hold its blocks.
    """
    path = folder / f"{document['stem']}.pdf"
    if not document.get("scan"):
        _write_pages(document, path)
        return read_pages(path)
    clean = io.BytesIO()
    _write_pages(document, clean)
    canvas = Canvas(str(path), pagesize=A4, invariant=1, pageCompression=0)
    for picture in _scan_pages(clean.getvalue()):
        canvas.drawImage(ImageReader(picture), 0, 0, *A4)
        canvas.showPage()
    canvas.save()
    return read_pages(clean.getvalue())


def read_pages(pdf: Path | bytes) -> list[str]:
    """Read the text layer of each page, on one line."""
    document = pdfium.PdfDocument(pdf)
    texts = [page.get_textpage().get_text_range() for page in document]
    document.close()
    return [" ".join(text.replace("\ufffe", "-").split()) for text in texts]


def _write_pages(document: Document, target: Path | io.BytesIO) -> None:
    """Leave pages uncompressed: bytes must not depend on the installed zlib."""
    size = SLIDE if document.get("slides") else A4
    file = str(target) if isinstance(target, Path) else target
    canvas = Canvas(file, pagesize=size, invariant=1, pageCompression=0)
    canvas.setTitle(document["title"])
    canvas.setAuthor(document["author"])
    for number, page in enumerate(document["pages"], document.get("first", 1)):
        _draw_page(canvas, document, page, number)
        canvas.showPage()
    canvas.save()


def _draw_page(canvas: Canvas, document: Document, page: Mapping[str, Any], number: int) -> None:
    look = Look(**{**document["look"], "size": page.get("size", document["look"]["size"])})
    _paint(canvas, document, page, look, number)
    own = SLIDE_BODY if document.get("slides") else UNDER_BANNER if "banner" in page else BODY
    boxes: Sequence[Box] = page.get("boxes", [own])
    rest = make_flowables(page.get("blocks", ()), look, boxes[-1][2])
    for x, y, width, height in boxes:
        stop = next((i for i, flowable in enumerate(rest) if isinstance(flowable, BoxBreak)), len(rest))
        now = rest[:stop]
        Frame(x, y, width, height, 0, 0, 0, 0).addFromList(now, canvas)
        rest = now + rest[stop:] if now else rest[stop + 1 :]
    if rest:
        raise ValueError(f"{document['stem']}: the page {page['name']!r} is too full; left: {rest[0]!r:.200}")


def _paint(canvas: Canvas, document: Document, page: Mapping[str, Any], look: Look, number: int) -> None:
    for kind, paint in {"cover": _paint_cover, "banner": _paint_banner, "title": _paint_title}.items():
        if kind in page:
            paint(canvas, look, page[kind])
            break
    else:
        if "running" in document:
            _paint_running(canvas, look, *document["running"], number)
    if "title" in page:
        _paint_foot(canvas, look, document["title"], number)


def _paint_running(canvas: Canvas, look: Look, left: str, right: str, number: int) -> None:
    """Draw a running head with a rule under it, and the page number at the foot."""
    canvas.setFont(look.regular, 8)
    canvas.setFillColor(GREY)
    canvas.drawString(MARGIN, TALL - 42, left)
    canvas.drawRightString(WIDE - MARGIN, TALL - 42, right)
    canvas.setStrokeColor(HexColor(look.accent))
    canvas.setLineWidth(0.8)
    canvas.line(MARGIN, TALL - 48, WIDE - MARGIN, TALL - 48)
    canvas.drawRightString(WIDE - MARGIN, 30, str(number))


def _paint_cover(canvas: Canvas, look: Look, cover: Mapping[str, Any]) -> None:
    """Paint a page in the accent colour: a small line, a title, lines at the foot, bars if it is upright."""
    wide, tall = canvas._pagesize
    _fill(canvas, look.accent, 0, 0, wide, tall)
    if tall > wide:
        _paint_bars(canvas, look)
    else:
        _fill(canvas, look.second, 0, 118, 360, 7)
    canvas.setFillColor(white)
    _write_lines(canvas, look.regular, 14, [cover["small"]], tall * 0.857, 0)
    _write_lines(canvas, look.bold, 34, cover["lines"], tall * 0.857 - 56, 42)
    _write_lines(canvas, look.regular, 11, cover["foot"], 110 if tall > wide else 82, 17)


def _paint_bars(canvas: Canvas, look: Look) -> None:
    canvas.saveState()
    for i, height in enumerate((90, 150, 130, 210, 260, 240, 330)):
        canvas.setFillColor(HexColor(look.second))
        canvas.setFillAlpha(0.25 + 0.09 * i)
        canvas.rect(MARGIN + 70 * i, 170, 54, height, stroke=0, fill=1)
    canvas.restoreState()


def _paint_banner(canvas: Canvas, look: Look, banner: Mapping[str, Any]) -> None:
    """Paint the top of a first page without a cover: a coloured band of 150 points with the title."""
    _fill(canvas, look.accent, 0, TALL - 150, WIDE, 150)
    canvas.setFillColor(white)
    _write_lines(canvas, look.regular, 12, [banner["small"]], TALL - 48, 0)
    _write_lines(canvas, look.bold, 27, banner["lines"], TALL - 86, 34)


def _paint_title(canvas: Canvas, look: Look, title: str) -> None:
    canvas.setFillColor(HexColor(look.accent))
    canvas.setFont(look.bold, 27)
    canvas.drawString(48, 390, title)
    _fill(canvas, look.second, 48, 376, 90, 4)


def _paint_foot(canvas: Canvas, look: Look, text: str, number: int) -> None:
    canvas.setFillColor(GREY)
    canvas.setFont(look.regular, 10)
    canvas.drawString(48, 18, text)
    canvas.drawRightString(752, 18, str(number))


def _fill(canvas: Canvas, colour: str, x: float, y: float, width: float, height: float) -> None:
    canvas.setFillColor(HexColor(colour))
    canvas.rect(x, y, width, height, stroke=0, fill=1)


def _write_lines(canvas: Canvas, font: str, size: float, lines: Sequence[str], y: float, leading: float) -> None:
    canvas.setFont(font, size)
    for i, line in enumerate(lines):
        canvas.drawString(MARGIN, y - leading * i, line)


def _scan_pages(pdf: bytes) -> list[io.BytesIO]:
    document = pdfium.PdfDocument(pdf)
    pictures = [_scan(page.render(scale=DPI / 72).to_pil()) for page in document]
    document.close()
    return pictures


def _scan(image: Image.Image) -> io.BytesIO:
    """Turn a page by half a degree, add grain, and save it as a grey JPEG."""
    image = image.convert("L").rotate(0.6, Image.Resampling.BICUBIC, fillcolor=250)
    grain = np.random.default_rng(7).normal(0, 5, (image.height, image.width))
    pixels = np.clip(np.asarray(image) * 0.96 + grain, 0, 255).astype(np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=62)
    buffer.seek(0)
    return buffer
