"""Which pages each question is ranked over, and the scores of all its pages under one way of scoring."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from docrerank.evaluation.benchmark.benchmark import Benchmark, BenchmarkQuery
from docrerank.evaluation.benchmark.corpus import Corpus

Scores = npt.NDArray[np.float32]
#: Ranks beyond this are not kept: no metric looks past the tenth, and ties are settled before the cut.
KEPT = 100


@dataclass(frozen=True, slots=True)
class Scope:
    """Questions that are ranked over the same pages: those of one document, or of the whole corpus.

    Attributes:
        queries: in the benchmark's order.
        pages: document to its page ids in order, documents sorted by name.
    """

    queries: tuple[BenchmarkQuery, ...]
    pages: Mapping[str, tuple[str, ...]]

    def page_ids(self) -> list[str]:
        """All page ids in the order of every matrix of scores of this scope."""
        return [page for pages in self.pages.values() for page in pages]

    def columns(self, document: str) -> slice:
        """Where a document's pages stand among `page_ids`."""
        start = 0
        for name, pages in self.pages.items():
            if name == document:
                return slice(start, start + len(pages))
            start += len(pages)
        raise KeyError(document)

    def new_scores(self) -> Scores:
        """A matrix of zeros of shape (queries, pages)."""
        return np.zeros((len(self.queries), len(self.page_ids())), np.float32)


def find_scopes(benchmark: Benchmark, corpus: Corpus, page_ids: Mapping[str, Sequence[str]]) -> list[Scope]:
    """Group a benchmark's questions by the pages they are asked of; `page_ids` are those of each document."""
    asked: dict[str | None, list[BenchmarkQuery]] = {}
    for query in benchmark.queries:
        asked.setdefault(query.document, []).append(query)
    everything = sorted(corpus.parts)
    return [
        Scope(tuple(queries), {name: tuple(page_ids[name]) for name in (everything if only is None else [only])})
        for only, queries in asked.items()
    ]


def take_top(scores: Scores, page_ids: Sequence[str], count: int = KEPT) -> dict[str, float]:
    """One question's best pages and their scores, best first, in trec_eval's order (ties: the higher page id first).

    Example:
        >>> take_top(np.array([0.5, 0.5, 0.7], np.float32), ["a/1", "a/2", "a/3"], 2)
        {'a/3': 0.699999988079071, 'a/2': 0.5}
    """
    names = np.empty(len(page_ids), np.int64)
    names[np.array(sorted(range(len(page_ids)), key=lambda index: page_ids[index]), np.int64)] = range(len(page_ids))
    order = np.lexsort((names, scores))[::-1][:count]
    return {page_ids[index]: float(scores[index]) for index in order}
