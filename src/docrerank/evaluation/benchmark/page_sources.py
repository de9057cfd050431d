"""Where a benchmark's pages come from, one at a time: PDFs that were read, or a data set's rows."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

from docrerank.evaluation.benchmark.corpus import Corpus
from docrerank.evaluation.benchmark.pictures import NO_BOXES, Pictures
from docrerank.records import Page, UserError

#: Columns that hold a page's text, the first one with text counts; "title" goes in front of "text".
TEXT_COLUMNS = ("text", "markdown", "ocr", "text_description")
#: Pages that are held in memory, with their boxes or of a data set; texts of PDFs are held whatever their number.
HELD = 4_096


class PageSource(Protocol):
    """Gives pages when they are asked for."""

    def page(self, page_id: str) -> Page:
        """A page that can be drawn, with whatever text is at hand."""

    def text(self, page_id: str) -> str:
        """A page's text: the data set's own, else its text layer, else OCR."""

    def has_images(self) -> bool:
        """Whether pages can be drawn."""


class PdfPages:
    """Pages of PDFs.

    Args:
        corpus: the documents; each is read once for its texts.

    Attributes:
        light: page id to the page without its boxes, which only some models need.
    """

    def __init__(self, corpus: Corpus) -> None:
        self.light = {
            page.id: replace(page, boxes=NO_BOXES) for document in corpus.parts for page in corpus.read(document)
        }
        self._corpus = corpus
        self._held: OrderedDict[str, Page] = OrderedDict()

    def page(self, page_id: str) -> Page:
        """The page with its boxes; its document's other pages are read with it."""
        if page_id not in self._held:
            self._held |= {page.id: page for page in self._corpus.read(self.light[page_id].document)}
            while len(self._held) > HELD and next(iter(self._held)) != page_id:
                self._held.popitem(last=False)
        return self._held[page_id]

    def text(self, page_id: str) -> str:
        """Its text."""
        return self.light[page_id].text

    def has_images(self) -> bool:
        """Pages of PDFs and images can be drawn."""
        return True


class RowPages:
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
