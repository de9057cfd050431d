"""The pages that can be asked: a run's, and those of uploaded documents, each with a first stage over them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from docrerank.encoding import Vectors
from docrerank.mining import FirstStage, order
from docrerank.records import Page, UserError
from docrerank.reranker import Reranker
from docrerank.runs import Run
from docrerank.serving.errors import ApiError

#: Pages encoded at once; an upload lets the queue in between.
STEP = 8


@dataclass(frozen=True, slots=True)
class Candidate:
    """A page that the first stage found, its rank from 1 and its score there."""

    page: Page
    rank: int
    score: float


class Collection:
    """Pages with an index; for the models' thread.

    Args:
        pages: at least one.
        windows: the window vectors of each, as `encode_windows` gives them.
        encoder: the one they are of.
    """

    def __init__(self, pages: Sequence[Page], windows: Sequence[Vectors], encoder: Reranker) -> None:
        self.pages = {page.id: page for page in pages}
        self._encoder = encoder
        self._first = FirstStage(pages, windows)

    def find(self, query: str, count: int, document: str | None = None) -> list[Candidate]:
        """The first stage's best pages, of one document if it is named.

        Raises:
            ApiError: there is no such document.
        """
        rows = self._first.rows(document)
        if not len(rows):
            raise ApiError(
                404, "unknown_document", "no document of this name is loaded", "document", "see /v1/documents"
            )
        scores = self._first.score(query, self._encoder.encode_queries([query])[0], document)
        return [
            Candidate(self._first.pages[rows[index]], rank, float(scores[index]))
            for rank, index in enumerate(order(scores)[:count], 1)
        ]

    def documents(self) -> dict[str, int]:
        """Documents and how many pages each has."""
        counts: dict[str, int] = {}
        for page in self.pages.values():
            counts[page.document] = counts.get(page.document, 0) + 1
        return counts


class Pages(Mapping[str, Page]):
    """All pages by id: the run's and the uploaded ones."""

    def __init__(self, run: Mapping[str, Page], uploads: Mapping[str, Any]) -> None:
        self._run, self._uploads = run, uploads

    def __getitem__(self, page_id: str) -> Page:
        if page_id in self._run:
            return self._run[page_id]
        upload = self._uploads[page_id.rpartition("/")[0]]
        page: Page = upload.collection.pages[page_id]
        return page

    def __iter__(self) -> Iterator[str]:
        yield from self._run
        for upload in list(self._uploads.values()):
            yield from upload.collection.pages

    def __len__(self) -> int:
        return sum(1 for _ in self)


def encode_windows(pages: Sequence[Page], encoder: Reranker) -> list[Vectors]:
    """The window vectors of each page, (w, d) float16; the encodings that they are part of are not kept."""
    windows: list[Vectors] = []
    for start in range(0, len(pages), STEP):
        encodings = encoder.encode_pages(pages[start : start + STEP])
        windows += [np.asarray(encoding.windows, np.float16) for encoding in encodings]
    return windows


def read_pages(run: Run | None) -> dict[str, Page]:
    """A run's pages by id.

    Raises:
        UserError: the run has no pages yet.
    """
    if run is None:
        return {}
    pages = {page.id: page for page in run.pages.read()}
    if not pages:
        raise UserError(f"'{run.path}' has no pages yet: docrerank ingest PDFS... --out {run.path}")
    return pages
