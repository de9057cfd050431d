"""One row of a table is a `System`: a name, and scores of the pages that a question is asked of.

`open_search` asks an index question by question; `ByGroup` compares all questions of a group of pages with them at
once; `Fused` adds such views up; `page_by_page.ByPage` gives a model each page with all its questions; `ByFunction`
is anything else.
"""

from __future__ import annotations

import random
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from docrerank.evaluation.benchmark import EVERYTHING, BenchmarkQuery, Collection
from docrerank.evaluation.names import ORACLE, PLAIN_BM25, RANDOM
from docrerank.recipe import fingerprint
from docrerank.retrieval import Bm25, Calibration, FusionWeights, NamedPages, Vectors, fuse
from docrerank.runs import Journal, Progress

#: Pages that are compared at once: their encodings take 0.7 MB each on disk, twice that in memory.
CHUNK_PAGES = 64
#: Query id to its page ids.
Asked = Mapping[str, Sequence[str] | Mapping[str, float]]


def ignore(done: int, total: int) -> None:
    """Show no progress."""


class PageScores(NamedTuple):
    """What a system says of the pages that a question is asked of.

    Attributes:
        values: float32 of shape (pages,), higher is better.
        seconds: the question's share of what `prepare` took.
    """

    values: Vectors
    seconds: float = 0.0


class System(ABC):
    """What orders pages.

    Attributes:
        name: unique in a table.
        trained: whether it learned from data that this project made; others are floors to beat.
        version: fingerprint of what its scores depend on; empty for what is never kept.
    """

    def __init__(
        self, name: str, version: str = "", trained: bool = False, calibration: Calibration | None = None
    ) -> None:
        self.name, self.version, self.trained, self._calibration = name, version, trained, calibration

    def prepare(self, asked: Asked, journal: Journal | None = None, progress: Progress = ignore) -> None:  # noqa: B027
        """Compute what the questions share.

        Args:
            asked: query id to its page ids.
            journal: keeps what is expensive as it comes.
            progress: called with (steps done, steps in all).
        """

    @abstractmethod
    def score(self, query: BenchmarkQuery, pages: Sequence[str]) -> PageScores:
        """Score pages for which `prepare` was called."""

    def estimate(self, query: BenchmarkQuery, page: str) -> float | None:
        """The probability that the page answers; None if the score says nothing of it."""
        return float(self._calibration.apply(self.score(query, [page]).values)[0]) if self._calibration else None


class ByFunction(System):
    """A system whose scores a function gives, such as chance."""

    def __init__(self, name: str, version: str, score: Callable[[BenchmarkQuery, Sequence[str]], Vectors]) -> None:
        super().__init__(name, version)
        self._score = score

    def score(self, query: BenchmarkQuery, pages: Sequence[str]) -> PageScores:
        """See `System`."""
        return PageScores(self._score(query, pages))


def open_search(name: str, index: Bm25 | NamedPages, ids: Sequence[str]) -> System:
    """An index over all of a collection's pages, asked question by question, as a search does.

    Args:
        name: in tables.
        index: over the pages of `ids`, in this order.
        ids: of the pages.
    """
    places = {page: place for place, page in enumerate(ids)}

    def score(query: BenchmarkQuery, pages: Sequence[str]) -> Vectors:
        return np.asarray(index.score(query.text)[[places[page] for page in pages]], np.float32)

    return ByFunction(name, fingerprint(name, 2), score)


class ByGroup(System):
    """One view of an encoder; all questions of a group are encoded once, and compared with a few pages at a time.

    Args:
        name: in tables.
        collection: its groups of pages.
        ask: from questions to what `compare` takes.
        read: from page ids to what `compare` takes.
        compare: float32 of shape (questions, pages).
        calibration: makes a probability of a score; None if it is none.
    """

    def __init__(
        self,
        name: str,
        collection: Collection,
        ask: Callable[[Sequence[str]], Any],
        read: Callable[[Sequence[str]], Any],
        compare: Callable[[Any, Any], Vectors],
        trained: bool = False,
        calibration: Calibration | None = None,
    ) -> None:
        super().__init__(name, trained=trained, calibration=calibration)
        self._collection, self._ask, self._read, self._compare = collection, ask, read, compare
        self._rows: dict[str, Vectors] = {}
        self._places: dict[str, dict[str, int]] = {}
        self._seconds: dict[str, float] = {}

    def prepare(self, asked: Asked, journal: Journal | None = None, progress: Progress = ignore) -> None:
        """See `System`; all pages of a question's group are compared, whichever are asked for."""
        groups: dict[str, list[BenchmarkQuery]] = {}
        for query in self._collection.queries:
            if query.id in asked and query.id not in self._rows:
                groups.setdefault(self._collection.group_of(query.id), []).append(query)
        for done, (group, queries) in enumerate(groups.items()):
            progress(done, len(groups))
            self._fill(group, queries)

    def score(self, query: BenchmarkQuery, pages: Sequence[str]) -> PageScores:
        """See `System`; the pages' share of the group's seconds."""
        places, row = self._places[self._collection.group_of(query.id)], self._rows[query.id]
        return PageScores(
            row[[places[page] for page in pages]], self._seconds[query.id] * len(pages) / max(1, len(row))
        )

    def _fill(self, group: str, queries: Sequence[BenchmarkQuery]) -> None:
        ids, started = self._collection.groups[group], time.perf_counter()
        asked = self._ask([query.text for query in queries])
        spent, columns = time.perf_counter() - started, []
        for start in range(0, len(ids), CHUNK_PAGES):
            pages = self._read(ids[start : start + CHUNK_PAGES])
            started = time.perf_counter()
            columns.append(self._compare(asked, pages))
            spent += time.perf_counter() - started
        self._places[group] = {page: place for place, page in enumerate(ids)}
        self._rows |= zip((query.id for query in queries), np.concatenate(columns, axis=1), strict=True)
        self._seconds |= dict.fromkeys((query.id for query in queries), spent / len(queries))


@dataclass(frozen=True, slots=True)
class Views:
    """What a fusion adds up; see `docrerank.retrieval.fuse`."""

    bm25: System
    windows: System
    tokens: System | None = None
    named: System | None = None


class Fused(System):
    """Views added up among the pages that are asked for; views without weight are not looked at."""

    def __init__(self, name: str, views: Views, weights: FusionWeights, trained: bool = False) -> None:
        super().__init__(name, trained=trained)
        self._weights, self._tokens = weights, views.tokens if weights.tokens else None
        shares = (weights.bm25, weights.windows, weights.tokens, weights.named)
        parts = (views.bm25, views.windows, views.tokens, views.named)
        self._parts = [part if share else None for part, share in zip(parts, shares, strict=True)]

    def prepare(self, asked: Asked, journal: Journal | None = None, progress: Progress = ignore) -> None:
        """See `System`."""
        for part in self._parts:
            if part:
                part.prepare(asked, progress=progress)

    def score(self, query: BenchmarkQuery, pages: Sequence[str]) -> PageScores:
        """See `System`."""
        nothing = PageScores(np.zeros(len(pages), np.float32))
        found = [part.score(query, pages) if part else nothing for part in self._parts]
        bm25, windows, tokens, named = (each.values for each in found)
        return PageScores(fuse(bm25, windows, tokens, self._weights, named), sum(each.seconds for each in found))

    def estimate(self, query: BenchmarkQuery, page: str) -> float | None:
        """See `System`; late interaction's: a fused score only tells a question's pages apart."""
        return self._tokens.estimate(query, page) if self._tokens else None


def open_baseline(name: str, collection: Collection, seed: int = 0) -> System:
    """One of `BASELINES`: BM25 over all pages, chance, or the judgements themselves."""
    if name == PLAIN_BM25:
        return open_bm25(name, collection)

    def draw(query: BenchmarkQuery, pages: Sequence[str]) -> Vectors:
        return np.array([random.Random(f"{seed} {query.id} {page}").random() for page in pages], np.float32)

    def judge(query: BenchmarkQuery, pages: Sequence[str]) -> Vectors:
        judged = collection.benchmark.qrels.get(query.id, {})
        return np.array([judged.get(page, 0) for page in pages], np.float32)

    if name == RANDOM:
        return ByFunction(name, fingerprint(name, seed), draw)
    return ByFunction(name, fingerprint(ORACLE, 1), judge)


def open_bm25(name: str, collection: Collection) -> System:
    """BM25 by one index over all pages of a collection, as a search has it."""
    ids = list(
        collection.groups.get(EVERYTHING) or dict.fromkeys(p for own in collection.groups.values() for p in own)
    )
    return open_search(name, Bm25([collection.source.text(page) for page in ids]), ids)
