"""Pages as requests name them and as models take them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from docrerank.records import Page
from docrerank.retrieval import LargePages
from docrerank.serving.errors import ApiError


@dataclass(frozen=True, slots=True)
class PageContent:
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

    @property
    def size(self) -> int:
        """Characters that a model reads; of an image about what a page has."""
        return len(self.text) + (3_000 if isinstance(self.page, dict) else 0)


@dataclass(frozen=True, slots=True)
class PageName:
    """A page of a large run, read when its turn comes: a request that names thousands holds no more than this.

    Attributes:
        key: the page's id.
        pages: those of the run.
    """

    key: str
    pages: LargePages
    stored = True
    size = 0

    @property
    def text(self) -> str:
        """What there is to read."""
        return self.pages.text(self.key)


Content: TypeAlias = PageContent | PageName


class Pages:
    """All pages by id: the run's and the uploaded ones."""

    def __init__(self, run: Mapping[str, Page] | LargePages, uploads: Mapping[str, Any]) -> None:
        self._run, self._uploads = run, uploads

    def get(self, page_id: str) -> Page | None:
        """A page, read from disk if the run is large; None if there is none of this id."""
        if page_id in self._run:
            return self._run.get(page_id)
        upload = self._uploads.get(page_id.rpartition("/")[0])
        page: Page | None = upload.collection.pages.get(page_id) if upload else None
        return page

    def find(self, page_id: str, field: str = "page_id") -> Content:
        """As `get`, but a page of a large run is only named: nothing is read."""
        if isinstance(self._run, LargePages) and page_id in self._run:
            return PageName(page_id, self._run)
        page = self.get(page_id)
        if page is None:
            raise ApiError(404, "unknown_page", "no page of this id is loaded", field, "see /v1/documents")
        return to_content(page, stored=page_id in self._run)


def to_content(page: Page, stored: bool = False) -> PageContent:
    """A page as a model takes it."""
    return PageContent(f"{page.sha256}/{page.number}", page, page.text, stored)


def load(contents: Sequence[Content]) -> list[PageContent]:
    """Documents whose pages are all here; those that were only named are read together."""
    names = [content for content in contents if isinstance(content, PageName)]
    read = names[0].pages.read([name.key for name in names]) if names else {}
    if any(name.key not in read for name in names):
        message = "the run has changed: a page is no longer as it was indexed"
        raise ApiError(404, "unknown_page", message, "documents", "leave out pages of changed documents")
    return [to_content(read[content.key]) if isinstance(content, PageName) else content for content in contents]
