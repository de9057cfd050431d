"""A data set's rows as pages: images become files named by the hash of their bytes, read by OCR if text is wanted."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from docrerank.evaluation.benchmark.benchmark import HELD, NO_BOXES
from docrerank.pages import Document, find_image_suffix, read_document
from docrerank.recipe import Ingest
from docrerank.records import Page, UserError
from docrerank.runs import read_json, replacing, write_text

#: Columns that hold a page's text; the first with text counts. "title" goes in front of "text".
TEXT_COLUMNS = ("text", "markdown", "ocr", "text_description")


class RowPages:
    """The `PageSource` of a data set: a row is read when its page is asked for, its image never before.

    Args:
        rows: page id to (data set, row number); each row has `image`, a column of `TEXT_COLUMNS`, or both.
        folder: keeps `images/` and `ocr/`.

    Raises:
        UserError: the corpus has neither images nor text.
    """

    def __init__(self, rows: Mapping[str, tuple[Any, int]], folder: Path) -> None:
        self._rows, self._folder, self._ingest = rows, folder, Ingest()
        self._held = lru_cache(HELD)(self._read)
        first = next(iter(rows.values()), None)
        columns = set() if first is None else set(first[0].column_names)
        self._image = "image" in columns
        self._texts = [name for name in TEXT_COLUMNS if name in columns]
        if rows and not self._image and not self._texts:
            raise UserError(f"the corpus has the columns {sorted(columns)}: it needs 'image' or 'text'")

    def page(self, page_id: str) -> Page:
        """The page as the data set has it: its image, stored as a file, and its own text."""
        return self._held(page_id)

    def text(self, page_id: str) -> str:
        """The data set's text of a page, else what OCR reads on its image."""
        page = self.page(page_id)
        return page.text if page.text or not page.source else self._read_text(page_id, Path(page.source))

    def has_images(self) -> bool:
        """Whether the corpus has an image column."""
        return self._image

    def _read(self, page_id: str) -> Page:
        data, number = self._rows[page_id]
        row = data[number]
        text = next((value for name in self._texts if isinstance(value := row.get(name), str) and value.strip()), "")
        if text and isinstance(title := row.get("title"), str) and title.strip():
            text = f"{title}\n{text}"
        image = self._store(row["image"], page_id) if self._image and row.get("image") is not None else None
        source, digest = (str(image), image.stem) if image else ("", "")
        return Page(page_id, page_id, 1, source, digest, 1, 1, text, "layer" if text else "none", NO_BOXES)

    def _store(self, image: Any, page_id: str) -> Path:
        """Write an image's bytes to a file, if they are not too many and of a known kind."""
        content = _read_bytes(image, page_id)
        if len(content) > self._ingest.max_file_bytes:
            raise UserError(f"the image of {page_id!r} has {len(content):,} bytes: too large")
        suffix = find_image_suffix(content)
        if not suffix:
            raise UserError(f"the image of {page_id!r} is not PNG, JPEG, WebP or TIFF")
        digest = hashlib.sha256(content).hexdigest()
        path = (self._folder / "images" / digest[:2] / f"{digest}{suffix}").resolve()
        if not path.is_file():
            with replacing(path) as temporary:
                temporary.write_bytes(content)
        return path

    def _read_text(self, page_id: str, path: Path) -> str:
        """Read an image by OCR once and keep the text; an unreadable image has none."""
        kept = self._folder / "ocr" / path.stem[:2] / f"{path.stem}.json"
        if isinstance(known := read_json(kept).get("text"), str):
            return known
        ingest = self._ingest.model_copy(update={"ocr": "always"})
        document = Document("page", str(path), path.stem, path.stat().st_size)
        pages = [row for row in read_document(document, ingest) if isinstance(row, Page)]
        text = pages[0].text if pages else ""
        write_text(kept, json.dumps({"page": page_id, "text": text}, ensure_ascii=False) + "\n")
        return text


def _read_bytes(image: Any, page_id: str) -> bytes:
    """The bytes of an image column's cell, which `datasets` leaves undecoded."""
    if isinstance(image, Mapping):
        if isinstance(content := image.get("bytes"), bytes) and content:
            return content
        path = image.get("path")
        if isinstance(path, str) and Path(path).is_file():
            return Path(path).read_bytes()
    raise UserError(f"page {page_id!r} has no image: save the data set with its images embedded")
