"""Pages as requests name them and as models take them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from docrerank.records import Page, document_of
from docrerank.retrieval import FirstStage, LargePages
from docrerank.serving.errors import ApiError


@dataclass(frozen=True, slots=True)
class Content:
    """A document as a model takes it.

    Attributes:
        key: equal for equal documents.
        page: a `Page`, a text, or `{"image", "text"}` for a vision-language model.
        text: what there is to read.
        stored: whether it is a page of the run, whose encoding is on disk.
    """

    key: str
    page: Any
    text: str
    stored: bool = False

    @classmethod
    def of(cls, page: Page, stored: bool = False) -> Content:
        """A page."""
        return cls(f"{page.sha256}/{page.number}", page, page.text, stored)

    @classmethod
    def write(cls, text: str) -> Content:
        """A text."""
        return cls(text, text, text)

    @property
    def size(self) -> int:
        """Characters that a model reads; of an image about what a page has."""
        return len(self.text) + (3_000 if isinstance(self.page, dict) else 0)


class Pages:
    """All pages by id: the run's, read from disk if it is large, and the uploaded ones."""

    def __init__(self, run: FirstStage | LargePages, uploads: Mapping[str, Any]) -> None:
        self._run, self._uploads = run, uploads

    def get(self, page_id: str, field: str = "page_id") -> Content:
        """A page; an unknown one is refused."""
        return self.read([(page_id, field)])[0]

    def read(self, named: Sequence[tuple[str, str]]) -> list[Content]:
        """Pages by id, each with the field that names it; an unknown one is refused, and pages before it unread."""
        uploaded = {page_id: self._find_upload(page_id) for page_id, _ in named if page_id not in self._run}
        for page_id, field in named:
            if uploaded.get(page_id, True) is None:
                raise ApiError(404, "unknown_page", "no page of this id is loaded", field, "see /v1/documents")
        own = [page_id for page_id, _ in named if page_id not in uploaded]
        known = self._run.read(own)
        if any(page_id not in known for page_id in own):
            message = "the run has changed: a page is no longer as it was indexed"
            raise ApiError(404, "unknown_page", message, "documents", "leave out pages of changed documents")
        return [Content.of(uploaded.get(one) or known[one], stored=one in known) for one, _ in named]

    def _find_upload(self, page_id: str) -> Page | None:
        upload = self._uploads.get(document_of(page_id))
        page: Page | None = upload.search.pages.get(page_id) if upload else None
        return page
