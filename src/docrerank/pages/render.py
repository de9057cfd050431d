"""Pages as bitmaps, made when they are asked for and never larger than a pixel budget."""

from __future__ import annotations

import contextlib
import math
import warnings
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pypdfium2
import pypdfium2.raw as pdfium
from PIL import Image, ImageOps

from docrerank.pages.document_cache import find_file
from docrerank.pages.sources import IMAGE_SUFFIXES
from docrerank.pages.title_strip import STRIP_SHARE, add_title_strip
from docrerank.records import Page, UserError

MAX_SIDE = 8_192
#: No page is enlarged beyond this many pixels per point (432 dpi): nothing more is on it.
MAX_SCALE = 6.0
FORMATS = ("PNG", "JPEG", "TIFF", "WEBP")


def render(page: Page, pixels: int = 1_200_000, max_image_pixels: int = 80_000_000, square: int = 1) -> Image.Image:
    """Draw a page from its source file, under its title strip if it has one.

    Args:
        page: its `source` must still be the file that it was read from.
        pixels: width times height of the result at most; neither side exceeds 8,192.
        max_image_pixels: an image file with more pixels is not decoded.
        square: both sides are multiples of it, for a reader that would resize the image to such sides once more.

    Returns:
        an RGB image, at least one pixel on each side.

    Raises:
        UserError: the file is gone, is no longer what it was, or the page cannot be drawn.

    Examples:
        >>> render(page, pixels=500_000).size  # doctest: +SKIP
        (621, 804)
    """
    if page.strip:
        room = round(pixels / (1 + 2 * STRIP_SHARE * page.width / max(page.height, 1)))
        image = render(replace(page, strip=""), room, max_image_pixels, square)
        return add_title_strip(image, page.strip, square)
    file = find_source(page.source, page.sha256)
    try:
        if Path(page.source).suffix.lower() in IMAGE_SUFFIXES:
            with open_image(file, max_image_pixels) as image:
                if image.format == "TIFF":  # of another image the first frame is the page, whatever its number
                    image.seek(page.number - 1)
                return shrink(image, pixels, square)
        with contextlib.closing(pypdfium2.PdfDocument(file)) as pdf, closing_page(pdf, page.number) as opened:
            return draw(opened, pixels, square)
    except (pypdfium2.PdfiumError, OSError, EOFError, IndexError, SyntaxError, ValueError) as error:
        raise UserError(f"page {page.id} cannot be drawn from '{page.source}' ({error}): ingest again") from error


def find_source(source: str, sha256: str) -> str:
    """The file that a page was read from, of a document in a store a copy of it; both as the page has them.

    Raises:
        UserError: it is gone, or has changed in the store.
    """
    try:
        file = find_file(source, sha256)
        if Path(file).is_file():
            return file
    except FileNotFoundError:
        pass
    raise UserError(f"'{source}' is gone: put it back, or ingest again without it")


def draw(page: pypdfium2.PdfPage, pixels: int, square: int = 1) -> Image.Image:
    """Draw an open PDF page as RGB within a pixel budget."""
    width, height = page.get_size()
    scale = fit(width, height, pixels)
    if square == 1:
        bitmap = page.render(scale=scale, maybe_alpha=False, rev_byteorder=True)
    else:
        bitmap = _draw_exactly(page, fit_squares(width * scale, height * scale, pixels, square))
    try:
        image: Image.Image = bitmap.to_pil()
        return image.convert("RGB").copy()
    finally:
        bitmap.close()


def _draw_exactly(page: pypdfium2.PdfPage, size: tuple[int, int]) -> pypdfium2.PdfBitmap:
    """A page stretched to just this width and height."""
    bitmap = pypdfium2.PdfBitmap.new_native(*size, pdfium.FPDFBitmap_BGR, rev_byteorder=True)
    bitmap.fill_rect((255, 255, 255, 255), 0, 0, *size)
    pdfium.FPDF_RenderPageBitmap(bitmap, page, 0, 0, *size, 0, pdfium.FPDF_ANNOT | pdfium.FPDF_REVERSE_BYTE_ORDER)
    return bitmap


def fit_squares(width: float, height: float, pixels: int, square: int) -> tuple[int, int]:
    """The nearest sides that are multiples of `square`; the next smaller ones where these pass the pixel budget.

    Examples:
        >>> fit_squares(621, 804, 500_000, 28), fit_squares(10, 100, 500_000, 28)
        ((616, 784), (28, 112))
    """
    near, below = (
        [max(square, whole(side / square) * square) for side in (width, height)] for whole in (round, math.floor)
    )
    chosen = near if near[0] * near[1] <= pixels else below
    return chosen[0], chosen[1]


def shrink(image: Image.Image, pixels: int, square: int = 1) -> Image.Image:
    """An open image as RGB, upright and on white, scaled down to a pixel budget."""
    scale = min(1.0, fit(*image.size, pixels))
    size = [max(1, int(side * scale)) for side in image.size]
    image.draft("RGB", (size[0], size[1]))
    upright = ImageOps.exif_transpose(image)
    if square > 1:
        scale = min(1.0, fit(*upright.size, pixels))
        sides = fit_squares(upright.width * scale, upright.height * scale, pixels, square)
        return _on_white(upright).resize(sides, Image.Resampling.BICUBIC)
    upright.thumbnail((max(size), max(size)) if upright.size != image.size else (size[0], size[1]))
    return _on_white(upright)


def fit(width: float, height: float, pixels: int) -> float:
    """The scale at which a page of this size, its sides rounded up, fits a pixel budget and `MAX_SIDE`."""
    width, height = max(width, 1e-3), max(height, 1e-3)
    budget = max(1, pixels)
    scale = min(math.sqrt(budget / width / height), MAX_SIDE / max(width, height), MAX_SCALE)
    for _ in range(64):
        if math.ceil(width * scale) * math.ceil(height * scale) <= budget:
            break
        scale *= 0.99
    return scale


@contextlib.contextmanager
def open_image(path: str, max_pixels: int) -> Iterator[Image.Image]:
    """Open an image file without decoding it.

    Raises:
        ValueError: it has too many pixels.
        OSError: it is damaged or of another format.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            image = Image.open(path, formats=FORMATS)
    except Image.DecompressionBombError as error:
        raise ValueError(str(error)) from error
    with image:
        check_pixels(image, max_pixels)
        yield image


def check_pixels(image: Image.Image, max_pixels: int) -> None:
    """Refuse a frame that would decode to too many pixels."""
    width, height = image.size
    if width * height > max_pixels:
        raise ValueError(f"{width} x {height} pixels, more than {max_pixels}")


@contextlib.contextmanager
def closing_page(pdf: pypdfium2.PdfDocument, number: int) -> Iterator[pypdfium2.PdfPage]:
    """Open a page by its number from 1, and close it."""
    page = pdf[number - 1]
    try:
        yield page
    finally:
        page.close()


def _on_white(image: Image.Image) -> Image.Image:
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        layered = image.convert("RGBA")
        white = Image.new("RGBA", layered.size, "white")
        return Image.alpha_composite(white, layered).convert("RGB")
    if image.mode.startswith(("I", "F")):
        image = _to_grey(image)
    return image.convert("RGB")


def _to_grey(image: Image.Image) -> Image.Image:
    """16-bit and floating point greys to 8 bits, from their darkest to their brightest."""
    values = np.nan_to_num(np.asarray(image, dtype=np.float32))
    low, high = float(values.min()), float(values.max())
    return Image.fromarray(((values - low) * (255 / max(high - low, 1e-9))).astype(np.uint8))
