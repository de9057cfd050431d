"""In a worker: files to pages, pages to pictures."""

from __future__ import annotations

import io
import tempfile
from pathlib import Path

from docrerank.pages import read_files, render
from docrerank.recipe import Ingest
from docrerank.records import Page, Rejected, UserError

QUALITY = 84


def read_image(data: bytes, suffix: str, max_pixels: int) -> tuple[Page | None, str]:
    """An image's page by OCR, and why there is none."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"image{suffix}"
        path.write_bytes(data)
        try:
            pages, rejected = read_files([path], Ingest(max_image_pixels=max_pixels))
        except UserError:
            return None, "the image is damaged"
    if any(row.reason.endswith("OCR not installed") for row in rejected):
        return None, "this server has no OCR, and the model reads text alone"
    return pages[0], ""


def read_upload(path: Path, max_pages: int, max_pixels: int) -> tuple[list[Page], list[Rejected]]:
    """The pages of an uploaded file; none if it cannot be read at all."""
    ingest = Ingest(max_pages=max_pages, max_image_pixels=max_pixels)
    try:
        return read_files([path], ingest)
    except UserError as error:
        reason = str(error).partition(f"{path}: ")[2].partition(")")[0]  # without the path
        return [], [Rejected("ingest", path.name, reason or "it cannot be read")]


def draw(page: Page, pixels: int, max_image_pixels: int) -> bytes | None:
    """A page as WebP; None if its file is gone or cannot be drawn."""
    buffer = io.BytesIO()
    try:
        render(page, pixels, max_image_pixels).save(buffer, "WEBP", quality=QUALITY, method=3)
    except UserError:
        return None
    return buffer.getvalue()
