"""Shelves of pages: of PDFs that were read, and of a data set's rows."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from docrerank.benchmark.pictures import NO_BOXES, Pictures
from docrerank.records import Page, UserError

#: Columns that hold a page's text, the first one with text counts; "title" goes in front of "text".
TEXT_COLUMNS = ("text", "markdown", "ocr", "text_description")
#: Pages of a data set that are held in memory, texts and paths only.
HELD = 4_096


class PageShelf:
    """Pages that are in memory.

    Args:
        pages: as they were read.
    """

    def __init__(self, pages: Sequence[Page]) -> None:
        self._pages = {page.id: page for page in pages}

    def page(self, page_id: str) -> Page:
        """The page."""
        return self._pages[page_id]

    def text(self, page_id: str) -> str:
        """Its text."""
        return self._pages[page_id].text

    def has_images(self) -> bool:
        """Pages of PDFs and images can be drawn."""
        return True


class RowShelf:
    """Pages of a data set: a row is read when its page is asked for, its image never before.

    Args:
        rows: page id to (data set, row number); a data set gives a mapping for a number and has `column_names`.
        pictures: where images go.

    A row has `image` or a column of `TEXT_COLUMNS`, or both.
    """

    def __init__(self, rows: Mapping[str, tuple[Any, int]], pictures: Pictures) -> None:
        self.rows = rows
        self._pictures = pictures
        self._held: OrderedDict[str, Page] = OrderedDict()
        first = next(iter(rows.values()), None)
        columns = set() if first is None else set(first[0].column_names)
        self._image = "image" in columns
        self._texts = [name for name in TEXT_COLUMNS if name in columns]
        if rows and not self._image and not self._texts:
            raise UserError(f"the corpus has the columns {sorted(columns)}: it needs 'image' or 'text'")

    def page(self, page_id: str) -> Page:
        """The page as the data set has it: its image, stored as a file, and its own text."""
        if page_id not in self._held:
            self._held[page_id] = self._read(page_id)
            while len(self._held) > HELD:
                self._held.popitem(last=False)
        self._held.move_to_end(page_id)
        return self._held[page_id]

    def text(self, page_id: str) -> str:
        """The data set's text of a page, else what OCR reads on its image."""
        page = self.page(page_id)
        if page.text or not page.source:
            return page.text
        return self._pictures.read_text(page_id, Path(page.source))

    def has_images(self) -> bool:
        """Whether the corpus has an image column."""
        return self._image

    def _read(self, page_id: str) -> Page:
        data, number = self.rows[page_id]
        row = data[number]
        text = next((value for name in self._texts if isinstance(value := row.get(name), str) and value.strip()), "")
        if text and isinstance(title := row.get("title"), str) and title.strip():
            text = f"{title}\n{text}"
        if self._image and row.get("image") is not None:
            return self._pictures.build_page(page_id, self._pictures.store(row["image"], page_id), text)
        return Page(page_id, page_id, 1, "", "", 1, 1, text, "layer" if text else "none", NO_BOXES)
