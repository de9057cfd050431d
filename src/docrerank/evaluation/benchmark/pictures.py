"""Images of a data set as pages: stored as files under the hash of their bytes, read by OCR if text is wanted."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from docrerank.pages import Document, find_image_suffix, read_document
from docrerank.recipe import Ingest
from docrerank.records import Page, UserError
from docrerank.runs import replacing, write_text

NO_BOXES = np.zeros((0, 4), np.float32)


class Pictures:
    """A folder of images, each under its hash, and what OCR read on them.

    Args:
        folder: made when it is needed; `images/` and `ocr/` stand in it.
        ingest: bounds on bytes and pixels, and how OCR reads.
    """

    def __init__(self, folder: Path, ingest: Ingest | None = None) -> None:
        self.folder = folder
        self.ingest = ingest or Ingest()

    def store(self, image: Any, page_id: str) -> Path:
        """Keep an image's bytes as a file.

        Args:
            image: bytes, a mapping with `bytes` or `path` (as `datasets` keeps images), or a PIL image.
            page_id: for messages.

        Raises:
            UserError: there is no image, it is too large, or of an unknown kind.
        """
        content = _read_bytes(image, page_id)
        if len(content) > self.ingest.max_file_bytes:
            raise UserError(f"the image of {page_id!r} has {len(content):,} bytes: too large")
        suffix = find_image_suffix(content)
        if not suffix:
            raise UserError(f"the image of {page_id!r} is not PNG, JPEG, WebP or TIFF")
        digest = hashlib.sha256(content).hexdigest()
        path = (self.folder / "images" / digest[:2] / f"{digest}{suffix}").resolve()
        if not path.is_file():
            with replacing(path) as temporary:
                temporary.write_bytes(content)
        return path

    def build_page(self, page_id: str, path: Path, text: str = "") -> Page:
        """The page that an image file shows, drawn later and only within a pixel budget; its id may be any text."""
        source: Any = "layer" if text else "none"
        return Page(page_id, page_id, 1, str(path), path.stem, 1, 1, text, source, NO_BOXES)

    def read_text(self, page_id: str, path: Path) -> str:
        """What OCR reads on an image; read once and kept. An image that cannot be read has no text."""
        kept = self.folder / "ocr" / path.stem[:2] / f"{path.stem}.json"
        if kept.is_file():
            try:
                return str(json.loads(kept.read_text("utf-8"))["text"])
            except (OSError, ValueError, KeyError, TypeError):
                kept.unlink(missing_ok=True)
        ingest = self.ingest.model_copy(update={"ocr": "always"})
        document = Document("page", str(path), path.stem, path.stat().st_size)
        pages = [row for row in read_document(document, ingest) if isinstance(row, Page)]
        text = pages[0].text if pages else ""
        write_text(kept, json.dumps({"page": page_id, "text": text}, ensure_ascii=False) + "\n")
        return text


def add_text(page: Page, text: str) -> Page:
    """A page with this text and no word boxes."""
    return replace(page, text=text, text_source="layer" if text else "none", boxes=NO_BOXES)


def _read_bytes(image: Any, page_id: str) -> bytes:
    if isinstance(image, bytes):
        return image
    if isinstance(image, Mapping):
        if isinstance(content := image.get("bytes"), bytes) and content:
            return content
        path = image.get("path")
        if isinstance(path, str) and Path(path).is_file():
            return Path(path).read_bytes()
    if hasattr(image, "save"):
        buffer = io.BytesIO()
        image.convert("RGB").save(buffer, "PNG")
        return buffer.getvalue()
    raise UserError(f"page {page_id!r} has no image: save the data set with its images embedded")
