"""The first stage: all pages of a collection by BM25, their best window, and what the query names."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from docrerank.records import Page
from docrerank.retrieval.bm25 import Bm25
from docrerank.retrieval.encoder import Encoding, Vectors
from docrerank.retrieval.fusion import FusionWeights, standardise
from docrerank.retrieval.named_pages import NamedPages

#: Scores of queries with pages that are held at once (64 MiB).
MAX_SCORES = 16_000_000


@dataclass(frozen=True, slots=True)
class Compared:
    """Pages as one query sees them.

    Attributes:
        rows: of the collection, ascending.
        scores: the sum of both views' z-scores, in the order of the rows.
        lowest: the lowest score that any page has.
    """

    rows: npt.NDArray[np.int64]
    scores: Vectors
    lowest: float


class FirstStage:
    """An index over pages.

    Args:
        pages: the collection.
        windows: the window vectors of each page, (w, d).
    """

    def __init__(self, pages: Sequence[Page], windows: Sequence[Vectors]) -> None:
        self.pages = list(pages)
        self._bm25 = Bm25([page.text for page in pages])
        self._named = NamedPages(self.pages)
        self._windows = np.concatenate(windows).astype(np.float32)
        self._filled = np.array([index for index, own in enumerate(windows) if len(own)], np.int64)
        self._starts = np.cumsum([0, *(len(own) for own in windows if len(own))])[:-1]
        self._documents = _rows_by_document(self.pages)
        self._rows = {page.id: row for row, page in enumerate(self.pages)}

    def rows(self, document: str | None = None) -> npt.NDArray[np.int64]:
        """Indices of a document's pages; of all pages without one, of none for an unknown one."""
        if document is None:
            return np.arange(len(self.pages))
        return self._documents.get(document, np.zeros(0, np.int64))

    def find_row(self, page_id: str) -> int:
        """The row of a page."""
        return self._rows[page_id]

    def name(self, row: int) -> str:
        """The id of a page."""
        return self.pages[row].id

    def text(self, row: int) -> str:
        """The text of a page."""
        return self.pages[row].text

    def compare(
        self, queries: Sequence[str], encoded: Sequence[Encoding], own: Sequence[int], apart: bool
    ) -> Iterator[list[Compared]]:
        """Compare queries with pages, many at once as long as all their scores have room in memory.

        Args:
            queries: texts.
            encoded: the same.
            own: the row of each query's own page.
            apart: whether the pages of its document are compared among each other.

        Yields:
            For each query all pages; or those of its document, and then the own page with all other documents'.
        """
        at_once = max(1, MAX_SCORES // len(self.pages))
        for start in range(0, len(queries), at_once):
            best = self.best_windows(encoded[start : start + at_once])
            for query, row, windows in zip(queries[start:], own[start:], best, strict=False):
                yield self._compare(self.score_words(query), windows, row, apart)

    def _compare(self, words: Vectors, windows: Vectors, own: int, apart: bool) -> list[Compared]:
        rows, scores = self.rows(), standardise(words) + standardise(windows)
        if not apart:
            return [Compared(rows, scores, float(scores.min()))]
        same = self.rows(self.pages[own].document)
        inside = standardise(words[same]) + standardise(windows[same])
        others = np.ones(len(scores), bool)
        others[same] = False
        others[own] = True
        return [
            Compared(same, inside, float(inside.min())),
            Compared(rows[others], scores[others], float(scores[others].min())),
        ]

    def score_words(self, query: str) -> Vectors:
        """BM25 scores of all pages, of shape (pages,)."""
        return self._bm25.score(query)

    def views(self, query: str, encoded: Encoding) -> tuple[Vectors, Vectors]:
        """BM25 and best-window scores of all pages, each of shape (pages,)."""
        return self.score_words(query), self.best_windows([encoded])[0]

    def best_windows(self, queries: Sequence[Encoding]) -> Vectors:
        """Each query's product with the best window of every page, of shape (queries, pages)."""
        best = np.zeros((len(queries), len(self.pages)), np.float32)
        if len(self._filled):
            products = np.concatenate([query.windows for query in queries]) @ self._windows.T
            best[:, self._filled] = np.maximum.reduceat(products, self._starts, axis=1)
        return best

    def named(self, query: str) -> Vectors:
        """How surely the query names each page, from 0 to 1; shape (pages,)."""
        return self._named.score(query)

    def score(self, query: str, encoded: Encoding, document: str | None = None) -> Vectors:
        """The mean of the views' z-scores among the pages of `rows(document)`, in their order; named pages on top."""
        rows = self.rows(document)
        bm25, best = self.views(query, encoded)
        mean = (standardise(bm25[rows]) + standardise(best[rows])) / 2
        return np.asarray(mean + FusionWeights().named * self.named(query)[rows], np.float32)


def _rows_by_document(pages: Sequence[Page]) -> dict[str, npt.NDArray[np.int64]]:
    rows: dict[str, list[int]] = defaultdict(list)
    for row, page in enumerate(pages):
        rows[page.document].append(row)
    return {name: np.array(own, np.int64) for name, own in rows.items()}
