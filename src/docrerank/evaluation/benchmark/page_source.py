"""What gives a benchmark's pages, one at a time: `pdf_pages` for a folder of PDFs, `row_pages` for a data set."""

from __future__ import annotations

from dataclasses import replace
from typing import Protocol

import numpy as np

from docrerank.records import Page

NO_BOXES = np.zeros((0, 4), np.float32)
#: Pages held in memory by each source.
HELD = 4_096


class PageSource(Protocol):
    """Gives pages when they are asked for."""

    def page(self, page_id: str) -> Page:
        """A page that can be drawn, with the text it came with."""

    def text(self, page_id: str) -> str:
        """A page's text: the data set's own, else its text layer, else OCR."""

    def has_images(self) -> bool:
        """Whether pages can be drawn."""


def read_page(source: PageSource, page_id: str, with_text: bool) -> Page:
    """A page, with its text (by OCR if need be) for a model that reads text."""
    page = source.page(page_id)
    if not with_text or page.text:
        return page
    text = source.text(page_id)
    return replace(page, text=text, text_source="layer" if text else "none", boxes=NO_BOXES)
