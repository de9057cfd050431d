"""The pages that can be asked: a run's, and those of uploaded documents, each with a first stage over them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from docrerank.records import Page, UserError
from docrerank.reranker import Reranker, choose_windows
from docrerank.retrieval import ENCODINGS, FirstStage, LargePages, PageStore, Vectors, is_large, load_untrained, order
from docrerank.runs import Run
from docrerank.serving.errors import ApiError
from docrerank.serving.stored_reranker import QueryMemory

#: Pages encoded at once; an upload lets the queue in between.
STEP = 8


class Collection:
    """Pages with a first stage over them; for the models' thread."""

    def __init__(self, first: FirstStage | LargePages, encoder: Reranker | QueryMemory) -> None:
        self._first, self._encoder = first, encoder
        self.pages = {} if isinstance(first, LargePages) else {page.id: page for page in first.pages}

    def find(self, query: str, count: int, document: str | None = None) -> list[tuple[Page, float]]:
        """The best pages with their scores, of one document if it is named."""
        encoded, first = self._encoder.encode_queries([query])[0], self._first
        if isinstance(first, LargePages):
            found = first.find(query, encoded, count, document)
        else:
            rows, scores = first.rows(document), first.score(query, encoded, document)
            found = [(first.pages[rows[index]], float(scores[index])) for index in order(scores, count)]
        if not found:
            raise ApiError(
                404, "unknown_document", "no document of this name is loaded", "document", "see /v1/documents"
            )
        return found

    def documents(self) -> dict[str, int]:
        """Documents and how many pages each has."""
        if isinstance(self._first, LargePages):
            return self._first.documents()
        return dict(Counter(page.document for page in self.pages.values()))


def encode_windows(pages: Sequence[Page], encoder: Reranker) -> list[Vectors]:
    """The window vectors of each page, (w, d) float16; the encodings that they are part of are not kept."""
    windows: list[Vectors] = []
    for start in range(0, len(pages), STEP):
        encodings = encoder.encode_pages(pages[start : start + STEP])
        windows += [np.asarray(encoding.windows, np.float16) for encoding in encodings]
    return windows


def open_pages(run: Run | None) -> dict[str, Page] | LargePages:
    """A run's pages by id; those of a large one stay on disk.

    Raises:
        UserError: the run has no pages yet.
    """
    if run is None:
        return {}
    if is_large(run):
        untrained = QueryMemory(load_untrained(choose_windows(run)))
        return LargePages(run, PageStore(run.path / ENCODINGS, untrained))
    pages = {page.id: page for page in run.pages.read()}
    if not pages:
        raise UserError(f"'{run.path}' has no pages yet: docrerank ingest PDFS... --out {run.path}")
    return pages


def open_collection(pages: dict[str, Page] | LargePages, encoder: Reranker) -> Collection | None:
    """A run's pages with a first stage; None of no pages."""
    if isinstance(pages, LargePages):
        untrained = pages.windows.encoder
        assert isinstance(untrained, QueryMemory)
        return Collection(pages, untrained)
    listed = list(pages.values())
    return Collection(FirstStage(listed, encode_windows(listed, encoder)), encoder) if listed else None
