"""Reads a document page by page: the text layer where there is one, OCR where there is not."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pypdfium2
import pypdfium2.raw as pdfium
from PIL import Image, ImageSequence

from docrerank.pages.characters import is_garbled
from docrerank.pages.ocr import has_ocr, is_blank, read_bitmap
from docrerank.pages.page_pictures import add_pictures, hides_text
from docrerank.pages.render import check_pixels, closing_page, draw, open_image, shrink
from docrerank.pages.sources import IMAGE_SUFFIXES, Document
from docrerank.pages.text import NO_BOXES, Layer, read_layer
from docrerank.recipe import Ingest
from docrerank.records import Page, Rejected, one_line
from docrerank.records.page import TextSource

PAGES_PER_OPENING = 256

Draw = Callable[[], Image.Image]


def read_document(document: Document, ingest: Ingest) -> Iterator[Page | Rejected]:
    """Yield a document's pages in order, and a row for each thing in it that could not be read.

    One page is held at a time; every handle is closed when the iterator ends or is closed. A fault of the file or of
    a page is a `Rejected`, never an exception.

    Raises:
        MissingExtra: a page needs OCR, `ingest.ocr` is `always`, and RapidOCR is not installed.

    Examples:
        >>> from docrerank.recipe import Ingest
        >>> for page in read_document(document, Ingest()):  # doctest: +SKIP
        ...     print(page.text)
    """
    read = _read_images if Path(document.path).suffix.lower() in IMAGE_SUFFIXES else _read_pdf
    try:
        yield from read(document, ingest)
    except OSError as error:
        yield _reject(document, "cannot be read", f"{error.strerror or error}")


def count_pages(document: Document) -> int:
    """How many pages a document has, without reading them; 1 for an image, 0 for a file that cannot be opened."""
    if Path(document.path).suffix.lower() in IMAGE_SUFFIXES:
        return 1
    try:
        with contextlib.closing(pypdfium2.PdfDocument(document.file)) as pdf:
            return len(pdf)
    except (pypdfium2.PdfiumError, OSError):
        return 0


def _read_pdf(document: Document, ingest: Ingest) -> Iterator[Page | Rejected]:
    """Opened anew every `PAGES_PER_OPENING` pages: pdfium keeps what it parsed until a file is closed."""
    try:
        with contextlib.closing(pypdfium2.PdfDocument(document.file)) as pdf:
            count = len(pdf)
        if not 0 < count <= ingest.max_pages:
            yield _miscounted(document, count)
            return
        for start in range(1, count + 1, PAGES_PER_OPENING):
            with contextlib.closing(pypdfium2.PdfDocument(document.file)) as pdf:
                for number in range(start, min(start + PAGES_PER_OPENING, count + 1)):
                    yield from _read_pdf_page(pdf, number, document, ingest)
    except pypdfium2.PdfiumError:
        yield _explain(document)


def _read_pdf_page(
    pdf: pypdfium2.PdfDocument, number: int, document: Document, ingest: Ingest
) -> Iterator[Page | Rejected]:
    try:
        with closing_page(pdf, number) as page:
            layer = read_layer(page, ingest.max_page_words)
            if ingest.ocr == "auto" and has_ocr() and not _needs_ocr(layer, ingest):
                layer = add_pictures(page, layer, ingest)
                layer = replace(layer, partial=ingest.picture_share > 0 and hides_text(page, layer))
            size = page.get_size()
            yield from _settle(document, number, size, layer, lambda: draw(page, ingest.ocr_pixels), ingest)
    except (pypdfium2.PdfiumError, MemoryError, ValueError) as error:
        yield _reject(document, "page cannot be read", f"page {number}: {one_line(error)}", number)


def _read_images(document: Document, ingest: Ingest) -> Iterator[Page | Rejected]:
    """Each frame of a TIFF is a page; of another image the first."""
    number = 0
    try:
        with open_image(document.file, ingest.max_image_pixels) as image:
            for frame in ImageSequence.Iterator(image) if image.format == "TIFF" else [image]:
                number += 1
                if number > ingest.max_pages:
                    yield _reject(document, "too many pages", f"read the first {ingest.max_pages} frames only")
                    return
                check_pixels(frame, ingest.max_image_pixels)
                shrunk = shrink(frame, ingest.ocr_pixels)
                yield from _settle(document, number, frame.size, Layer("", NO_BOXES), lambda: shrunk, ingest)  # noqa: B023
    except (OSError, SyntaxError, EOFError) as error:
        yield _reject(document, "damaged", f"{one_line(error)}: get the file again", number or 0)
    except (ValueError, MemoryError) as error:
        detail = f"{one_line(error)}: scale it down or raise --set ingest.max_image_pixels"
        yield _reject(document, "too many pixels", detail, number or 0)


def _settle(
    document: Document, number: int, size: tuple[float, float], layer: Layer, draw: Draw, ingest: Ingest
) -> Iterator[Page | Rejected]:
    """The page with the better of its text layer and OCR, after what had to be left out of it."""
    source: TextSource = "layer" if layer.text else "none"
    if _needs_ocr(layer, ingest):
        if ingest.ocr == "auto" and not has_ocr():
            detail = "kept without text: pip install 'docrerank[ocr]' and ingest again"
            yield _reject(document, "no text layer, OCR not installed", detail, number)
        else:
            layer, source = _read_by_ocr(layer, draw, ingest)
    if layer.cut:
        detail = f"words beyond {ingest.max_page_words} were cut off: raise --set ingest.max_page_words"
        yield _reject(document, "too many words", detail, number)
    name = f"{document.stem}/{number}"
    yield Page(name, document.stem, number, document.path, document.sha256, *size, layer.text, source, layer.boxes)


def _needs_ocr(layer: Layer, ingest: Ingest) -> bool:
    if ingest.ocr == "auto":
        return layer.partial or len(layer.boxes) < ingest.ocr_below_words or is_garbled(layer.text)
    return ingest.ocr == "always"


def _read_by_ocr(layer: Layer, draw: Draw, ingest: Ingest) -> tuple[Layer, TextSource]:
    """What OCR reads, unless the text layer is sound and holds as much (half, if partial); nothing of a blank page."""
    image = draw()
    found = Layer("", NO_BOXES) if is_blank(image) else read_bitmap(image, ingest.ocr_pixels)
    if is_garbled(layer.text):
        layer = Layer("", NO_BOXES)
    if len(found.boxes) < len(layer.boxes) * (1 + layer.partial) and ingest.ocr == "auto":
        return layer, "layer"
    return found, "ocr" if found.text else "none"


def _explain(document: Document) -> Rejected:
    code = _error_code(document)
    if code in (pdfium.FPDF_ERR_PASSWORD, pdfium.FPDF_ERR_SECURITY):
        return _reject(document, "encrypted", "it needs a password: give a copy saved without one")
    if code == pdfium.FPDF_ERR_FILE:
        return _miscounted(document, 0)
    with Path(document.path).open("rb") as handle:
        if b"%PDF-" in handle.read(1024):
            return _reject(document, "damaged", "not a whole PDF: get the file again, or print it to a new PDF")
    return _reject(document, "not a PDF", "its name ends in .pdf but its content does not begin like one")


def _error_code(document: Document) -> int:
    """Why pdfium cannot open a file that is there; `FPDF_ERR_FILE` if it gives no reason, as for one without pages.

    pdfium keeps the reason of an earlier file where it gives none, so a known one is put there first.
    """
    pdfium.FPDF_LoadDocument(b"", None)
    try:
        pypdfium2.PdfDocument(document.file).close()
    except pypdfium2.PdfiumError as error:
        return int(error.err_code or 0)
    return int(pdfium.FPDF_ERR_FORMAT)


def _miscounted(document: Document, count: int) -> Rejected:
    if count <= 0:
        return _reject(document, "no pages", "the file is a PDF without a page: get the file again")
    return _reject(document, "too many pages", f"{count} pages: split it or --set ingest.max_pages={count}")


def _reject(document: Document, reason: str, detail: str, number: int = 0) -> Rejected:
    page = f"{document.stem}/{number}" if number else ""
    return Rejected("ingest", document.path, reason, detail, page)
