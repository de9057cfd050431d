"""A model as a system: it reads each page once, with all the questions that have it as a candidate."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from docrerank.evaluation.benchmark import BenchmarkQuery, Collection, read_page
from docrerank.evaluation.find_model import Model
from docrerank.evaluation.scorers import Scorer, TextScorer
from docrerank.evaluation.systems import Asked, PageScores, System, ignore
from docrerank.recipe import fingerprint
from docrerank.records import UserError
from docrerank.retrieval import Calibration
from docrerank.runs import Journal, Progress

logger = logging.getLogger(__name__)

#: Work that takes longer, in seconds, is announced.
LONG = 60.0
#: Query id, page id and values.
Row = tuple[str, str, list[float]]


class ByPage(System):
    """A model that scores a collection's pages.

    Args:
        model: what it is.
        scorer: it, loaded.
        collection: whose pages it reads.
        calibration: makes a probability of a score; None if it is none.

    Raises:
        UserError: it reads images and there are none.
    """

    def __init__(
        self, model: Model, scorer: Scorer, collection: Collection, calibration: Calibration | None = None
    ) -> None:
        if not scorer.needs_text and not collection.source.has_images():
            raise UserError(f"'{model.name}' reads images and '{collection.name}' has none: give a text model")
        version = fingerprint(model.fingerprint(), scorer.needs_text, scorer.reading)
        super().__init__(model.name, version, model.trained, calibration)
        self._scorer, self._collection = scorer, collection
        self._read = partial(read_page, collection.source, with_text=scorer.needs_text)
        self._pairs: dict[tuple[str, str], tuple[list[float], float]] = {}  # values, share of seconds

    def prepare(self, asked: Asked, journal: Journal | None = None, progress: Progress = ignore) -> None:
        """See `System`; the journal keeps the scores of every few pages, and those of an earlier process are taken.

        The first few pages are a sample: if the rest will take long, a line says how long.
        """
        for row in journal.rows if journal else ():
            self._keep(row)
        pages = list_asked(self._collection, asked)
        todo = {page: new for page, own in pages.items() if (new := [q for q in own if (q, page) not in self._pairs])}
        total, left, before = sum(map(len, pages.values())), sum(map(len, todo.values())), time.perf_counter()
        for number, rows in enumerate(self._score(todo)):
            seconds = time.perf_counter() - before
            if not number:
                self._announce(len(todo), left, len({page for _, page, _ in rows}), seconds)
            row = {"seconds": seconds, "pairs": rows}
            if journal:
                journal.append(row)
            self._keep(row)
            left -= len(rows)
            before += seconds
            progress(total - left, total)

    def score(self, query: BenchmarkQuery, pages: Sequence[str]) -> PageScores:
        """See `System`."""
        own, seconds = zip(*(self._pairs[query.id, page] for page in pages), strict=True)
        values = np.array(own, np.float32)
        if isinstance(self._scorer, TextScorer) and values.shape[1] > 1:
            fused = self._scorer.combine(query.text, [self._read(page) for page in pages], values)
            return PageScores(fused, sum(seconds))
        return PageScores(values[:, 0], sum(seconds))

    def _score(self, todo: Mapping[str, Sequence[str]]) -> Iterator[list[Row]]:
        """The rows of every few pages."""
        texts = {query.id: query.text for query in self._collection.queries}
        ids, step = list(todo), self._scorer.step
        for start in range(0, len(ids), step):
            pages = ids[start : start + step]
            names = [(query, page) for page in pages for query in todo[page]]
            asked = [(self._read(page), [texts[query] for query in todo[page]]) for page in pages]
            for places, values in self._scorer.score(asked):
                yield [(*names[place], own) for place, own in zip(places, values.tolist(), strict=True)]

    def _keep(self, row: Mapping[str, Any]) -> None:
        share = row["seconds"] / len(row["pairs"])
        self._pairs |= {(query, page): (values, share) for query, page, values in row["pairs"]}

    def _announce(self, pages: int, pairs: int, sample: int, seconds: float) -> None:
        left = seconds / sample * (pages - sample)
        if left > LONG:
            logger.warning(
                "%s: %d pages with %d questions in all take about %.0f minutes, by the first %d pages; if it is "
                "stopped, the same command goes on",
                *(self.name, pages, pairs, left / 60, sample),
            )


def list_asked(collection: Collection, asked: Asked) -> dict[str, list[str]]:
    """Each candidate page with the ids of its questions; pages in the order of the collection, a document together."""
    order = {page: place for ids in collection.groups.values() for place, page in enumerate(ids)}
    pages: dict[str, list[str]] = {}
    for query in collection.queries:
        for page in asked[query.id]:
            pages.setdefault(page, []).append(query.id)
    return {
        page: pages[page] for page in sorted(pages, key=lambda page: (collection.documents.get(page, ""), order[page]))
    }
