"""The pages of a large run, on disk: found by a query or by id, and only the last ones that were read in memory."""

from __future__ import annotations

import threading
from collections import OrderedDict, defaultdict
from collections.abc import Collection, Iterator, Sequence
from itertools import islice

import numpy as np

from docrerank.records import Page, document_of
from docrerank.retrieval.encoder import Encoding
from docrerank.retrieval.first_stage import Candidates
from docrerank.retrieval.late_interaction import score_windows
from docrerank.retrieval.named_kinds import find_kinds
from docrerank.retrieval.named_pages import NamedPages
from docrerank.retrieval.page_store import PageStore
from docrerank.retrieval.run_index import fill_store, open_index
from docrerank.runs import Run

#: Texts and boxes of pages that stay in memory: some thousand pages.
KEPT_BYTES = 64_000_000


class LargePages:
    """A large run's pages, in memory that does not grow with them; threads may share them, `find` aside.

    They are those of when this was made: a document that changes or leaves later is not found any more.

    Args:
        run: its index is brought up to date.
        windows: the store of untrained MiniLM's encodings, which is filled.

    Attributes:
        windows: as given; queries are encoded by its encoder.
    """

    def __init__(self, run: Run, windows: PageStore) -> None:
        self.windows, self._run, self._first = windows, run, open_index(run, windows)[1]
        self._kept: OrderedDict[str, Page] = OrderedDict()
        self._bytes, self._lock = 0, threading.Lock()

    def __contains__(self, page_id: str) -> bool:
        """Whether there is a page of this id; nothing is read from disk."""
        try:
            self._first.find_row(page_id)
        except KeyError:
            return False
        return True

    def documents(self) -> dict[str, int]:
        """Documents and how many pages each has."""
        return self._first.documents()

    def fill(self, store: PageStore) -> None:
        """Have a store encode those of the pages that are new or changed since it was last filled."""
        fill_store(self._run, store)

    def find(self, query: str, encoded: Encoding, count: int, document: str | None = None) -> Candidates:
        """As `FirstStage.find`; what the query names does not count in the scores.

        Pages of a kind that it names are candidates too, in documents that have others.
        """
        found = self._first.search(query, encoded, count, document)
        lowest = min((score for _, score in found), default=0.0)
        found += [(page_id, lowest) for page_id in islice(_list_named(self._run, query, found), count)]
        read = self.read([page_id for page_id, _ in found])
        pages = [read[page_id] for page_id, _ in found if page_id in read]
        scores = np.array([score for page_id, score in found if page_id in read], np.float32)
        own = [Encoding(windows[:0], windows) for windows in self.windows.read_windows(pages)]
        return Candidates(pages, scores, score_windows([encoded], own)[0], NamedPages(pages).score(query))

    def get(self, page_id: str) -> Page | None:
        """A page; None if there is none of this id."""
        return self.read([page_id]).get(page_id)

    def read(self, ids: Sequence[str]) -> dict[str, Page]:
        """Those of the pages that are there, by id; each document is read once, and unknown ids cost nothing."""
        found = self._recall(ids)
        missing: dict[str, set[str]] = defaultdict(set)
        for page_id in ids:
            if page_id not in found and page_id in self:
                missing[document_of(page_id)].add(page_id)
        for document, wanted in missing.items():
            found.update(self._read(document, wanted))
        self._keep(found)
        return found

    def _read(self, document: str, wanted: Collection[str]) -> dict[str, Page]:
        found: dict[str, Page] = {}
        if self._run.pages.made_from(document) != self._first.made_from(document):
            return found
        for page in self._run.pages.read(document):
            if page.id in wanted:
                found[page.id] = page
            if len(found) == len(wanted):
                break
        return found

    def _recall(self, ids: Sequence[str]) -> dict[str, Page]:
        with self._lock:
            return {page_id: self._kept[page_id] for page_id in ids if page_id in self._kept}

    def _keep(self, pages: dict[str, Page]) -> None:
        with self._lock:
            for page_id, page in pages.items():
                self._bytes += 0 if page_id in self._kept else _size(page)
                self._kept[page_id] = self._kept.pop(page_id, page)
            while self._bytes > KEPT_BYTES:
                self._bytes -= _size(self._kept.popitem(last=False)[1])


def _list_named(run: Run, query: str, found: Sequence[tuple[str, float]]) -> Iterator[str]:
    """Other pages of the documents found that are of a kind that a query names; no texts are read."""
    kinds, known = find_kinds(query).keys(), {page_id for page_id, _ in found}
    for document in dict.fromkeys(document_of(page_id) for page_id, _ in found) if kinds else ():
        columns = (run.pages.column(name, document) for name in ("id", "kinds"))
        for page_id, own in zip(*columns, strict=True):
            if page_id not in known and not kinds.isdisjoint(own):
                yield page_id


def _size(page: Page) -> int:
    return len(page.text) + page.boxes.nbytes
