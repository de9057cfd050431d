"""Images of a published set as files of a run, and the pages that they show."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from docrerank.datasets.imported_rows import Fault
from docrerank.datasets.page_tables import SINGLE, name_image
from docrerank.pages import Document, find_image_suffix, read_document, render
from docrerank.recipe import Ingest
from docrerank.records import Page, UserError
from docrerank.runs import replacing

_SOURCES = ("layer", "ocr", "none")


def store_image(image: Any, folder: Path, pixels: int, ingest: Ingest) -> Page | Fault:
    """Put an image into a folder under the hash of its bytes, and read it as a page.

    An image within the pixel budget keeps its bytes; a larger one, and a TIFF, is kept as PNG. What cannot be read
    leaves no file. The file may not be on the disk itself yet: `os.sync` before anything says that it is there.

    Args:
        image: as `datasets.Image` is stored, a mapping with `bytes`; or bytes.
        folder: of images.
        pixels: the budget.
        ingest: bounds, and whether OCR reads it.
    """
    content = image.get("bytes") if isinstance(image, Mapping) else image
    if not isinstance(content, bytes) or not content:
        return Fault("no image", "the row holds no image bytes: save the set with its images embedded")
    if len(content) > ingest.max_file_bytes:
        return Fault("file too large", f"{len(content)} bytes")
    suffix = find_image_suffix(content)
    if not suffix:
        return Fault("not an image", "docrerank reads PNG, JPEG, WebP and TIFF")
    with tempfile.NamedTemporaryFile(suffix=suffix) as file:
        file.write(content)
        file.flush()
        page = _read(Path(file.name), len(content), ingest)
        if isinstance(page, Fault):
            return page
        if page.width * page.height <= pixels and suffix in SINGLE:
            return _keep(page, name_image(content, suffix), folder)
        return _shrink(page, folder, pixels)


def build_page(
    stored: Page, document: str, number: int, row: Mapping[str, Any], max_words: int
) -> tuple[Page, Fault | None]:
    """The stored image as a page of the run, with the text that the set brings, if it brings one."""
    page = replace(stored, id=f"{document}/{number}", document=document, number=number)
    text = row.get("page_text")
    if not isinstance(text, str):
        return page, None
    words = text.split()
    source: Any = row.get("text_source")
    source = source if source in _SOURCES else ("layer" if words else "none")
    boxes = np.zeros((len(words), 4), np.float32)
    given = np.asarray(row.get("word_boxes") or [], np.float32)
    fault = None
    if given.size == boxes.size:
        boxes = np.clip(np.nan_to_num(given), 0, 1).reshape(-1, 4).astype(np.float32)
    elif given.size:
        fault = Fault("word boxes do not match the text", f"{len(words)} words, {given.size / 4:g} boxes: left out")
    if len(words) > max_words:
        text, boxes = " ".join(words[:max_words]), boxes[:max_words]
        fault = Fault("too many words", f"words beyond {max_words} were cut off")
    return replace(page, text=text, text_source=source, boxes=boxes), fault


def _read(path: Path, size: int, ingest: Ingest) -> Page | Fault:
    """The first page of an image file; its text is read by OCR if `ingest` says so."""
    fault = Fault("not an image", "nothing could be read from it")
    for row in read_document(Document("page", str(path), "", size), ingest):
        if isinstance(row, Page):
            return row
        fault = Fault(row.reason, row.detail)
    return fault


def _shrink(page: Page, folder: Path, pixels: int) -> Page | Fault:
    try:
        image = render(page, pixels)
    except UserError as error:
        return Fault("damaged", str(error).replace(page.source, "the image"))
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return _keep(replace(page, width=image.width, height=image.height), name_image(buffer.getvalue(), ".png"), folder)


def _keep(page: Page, image: dict[str, Any], folder: Path) -> Page:
    """Put the file where its content says, if it is not there whole yet."""
    path = folder.resolve() / image["path"][:2] / image["path"]
    if not path.is_file() or path.stat().st_size != len(image["bytes"]):
        with replacing(path, flush=False) as temporary:
            temporary.write_bytes(image["bytes"])
    return replace(page, source=str(path), sha256=path.stem)
