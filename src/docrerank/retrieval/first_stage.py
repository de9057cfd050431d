"""The first stage: all pages of a collection by BM25, their best window, and what the query names."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from docrerank.records import Page
from docrerank.retrieval.bm25 import Bm25
from docrerank.retrieval.encoder import Encoding, Vectors
from docrerank.retrieval.fusion import FusionWeights, order, standardise
from docrerank.retrieval.named_pages import NamedPages
from docrerank.retrieval.page_windows import PageWindows, Rows

if TYPE_CHECKING:
    from docrerank.retrieval.page_store import PageStore

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

    rows: Rows
    scores: Vectors
    lowest: float


@dataclass(frozen=True, slots=True)
class Candidates:
    """The pages that the first stage finds for a query, best first.

    Attributes:
        pages: they.
        scores: the first stage's, of shape (pages,).
        windows: the query's products with their best windows, of shape (pages,).
        named: how surely the query names each, from 0 to 1; of shape (pages,).
    """

    pages: list[Page]
    scores: Vectors
    windows: Vectors
    named: Vectors


class FirstStage:
    """Pages in memory, found by a query or by id.

    Args:
        pages: the collection.
        windows: the window vectors of each page, (w, d); without them pages are found by id and by BM25 alone.
    """

    def __init__(self, pages: Sequence[Page], windows: Sequence[Vectors] = ()) -> None:
        self.pages = list(pages)
        self._windows = PageWindows.join(windows or [np.zeros((0, 1), np.float32)] * len(self.pages))
        self._documents = _rows_by_document(self.pages)
        self._rows = {page.id: row for row, page in enumerate(self.pages)}

    @cached_property
    def _bm25(self) -> Bm25:
        return Bm25([page.text for page in self.pages])

    @cached_property
    def _named(self) -> NamedPages:
        return NamedPages(self.pages)

    def __contains__(self, page_id: str) -> bool:
        """Whether there is a page of this id."""
        return page_id in self._rows

    def documents(self) -> dict[str, int]:
        """Documents and how many pages each has."""
        return {name: len(rows) for name, rows in self._documents.items()}

    def get(self, page_id: str) -> Page | None:
        """A page; None if there is none of this id."""
        return self.pages[self._rows[page_id]] if page_id in self._rows else None

    def read(self, ids: Sequence[str]) -> dict[str, Page]:
        """Those of the pages that are there, by id."""
        return {page_id: self.pages[self._rows[page_id]] for page_id in ids if page_id in self._rows}

    def fill(self, store: PageStore) -> None:
        """Have a store encode those of the pages that are new or changed."""
        store.fill(self.pages)

    def find(self, query: str, encoded: Encoding, count: int, document: str | None = None) -> Candidates:
        """The best pages by the mean of both views' z-scores, named pages on top; of one document if it is named.

        An unknown document has no pages.
        """
        rows, named = self.rows(document), self._named.score(query)
        words, windows = self._bm25.score(query), self.best_windows([encoded])[0]
        mean = (standardise(words[rows]) + standardise(windows[rows])) / 2
        scores = np.asarray(mean + FusionWeights().named * named[rows], np.float32)
        best = order(scores, count)
        found = rows[best]
        return Candidates([self.pages[row] for row in found], scores[best], windows[found], named[found])

    def rows(self, document: str | None = None) -> Rows:
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
        rows = max((len(query.windows) for query in encoded), default=1)
        at_once = max(1, MAX_SCORES // (len(self.pages) * max(1, rows)))
        for start in range(0, len(queries), at_once):
            best = self.best_windows(encoded[start : start + at_once])
            for query, row, windows in zip(queries[start:], own[start:], best, strict=False):
                yield self._compare(self._bm25.score(query), windows, row, apart)

    def _compare(self, words: Vectors, windows: Vectors, own: int, apart: bool) -> list[Compared]:
        everything = compare_rows(words, windows, self.rows())
        if not apart:
            return [everything]
        same = self.rows(self.pages[own].document)
        others = np.ones(len(words), bool)
        others[same] = False
        others[own] = True
        scores = everything.scores[others]
        return [
            compare_rows(words[same], windows[same], same),
            Compared(everything.rows[others], scores, float(scores.min())),
        ]

    def best_windows(self, queries: Sequence[Encoding]) -> Vectors:
        """Each query's product with the best window of every page, of shape (queries, pages)."""
        return self._windows.match([query.windows for query in queries])


def compare_rows(words: Vectors, windows: Vectors, rows: Rows) -> Compared:
    """Compare pages with each other by their scores in both views, given in the order of their rows."""
    scores = standardise(words) + standardise(windows)
    return Compared(rows, scores, float(scores.min(initial=0.0)))


def _rows_by_document(pages: Sequence[Page]) -> dict[str, Rows]:
    rows: dict[str, list[int]] = defaultdict(list)
    for row, page in enumerate(pages):
        rows[page.document].append(row)
    return {name: np.array(own, np.int64) for name, own in rows.items()}
