"""The pages that can be asked: a run's, and those of uploaded documents, each with a first stage over them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from docrerank.records import Page, UserError
from docrerank.reranker import Reranker, choose_windows
from docrerank.retrieval import ENCODINGS, FirstStage, LargePages, PageStore, Vectors, is_large, load_untrained, order
from docrerank.runs import Run
from docrerank.serving.encoder import QueryMemory
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
            raise _tell_unknown()
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


class LargeCollection:
    """As `Collection`, over pages on disk.

    Args:
        pages: those of a run.
    """

    def __init__(self, pages: LargePages) -> None:
        self._pages = pages

    def find(self, query: str, count: int, document: str | None = None) -> list[Candidate]:
        """As `Collection.find`, but a page that the query names does not come first."""
        encoded = self._pages.windows.encoder.encode_queries([query])[0]
        found = self._pages.find(query, encoded, count, document)
        if not found:
            raise _tell_unknown()
        return [Candidate(page, rank, score) for rank, (page, score) in enumerate(found, 1)]

    def documents(self) -> dict[str, int]:
        """Documents and how many pages each has."""
        return self._pages.documents()


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


def open_collection(pages: dict[str, Page] | LargePages, encoder: Reranker) -> Collection | LargeCollection | None:
    """A run's pages with an index over them, by this encoder's windows if they are in memory; None of no pages."""
    if isinstance(pages, LargePages):
        return LargeCollection(pages)
    listed = list(pages.values())
    return Collection(listed, encode_windows(listed, encoder), encoder) if listed else None


def _tell_unknown() -> ApiError:
    return ApiError(404, "unknown_document", "no document of this name is loaded", "document", "see /v1/documents")
