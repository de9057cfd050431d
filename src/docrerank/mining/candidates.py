"""The candidates of one query, in the order in which they are taken as its negatives."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from docrerank.encoding import Encoding, Vectors
from docrerank.mining.exclude import Exclusions, is_above_margin
from docrerank.mining.first_stage import FirstStage
from docrerank.mining.fusion import order, standardise
from docrerank.recipe import Mine
from docrerank.records import MinedPage, Query

#: Scores of queries with pages that are held at once (64 MiB).
MAX_SCORES = 16_000_000


@dataclass(frozen=True, slots=True)
class Found:
    """A candidate: its row in the collection and its first-stage score."""

    row: int
    score: float


class Miner:
    """Mines wrong pages for queries over one collection.

    Args:
        first: the first stage over the collection's pages.
        settings: the recipe's section.
    """

    def __init__(self, first: FirstStage, settings: Mine) -> None:
        self.first = first
        self.settings = settings
        self.excluded: Counter[str] = Counter()
        self._rows = {page.id: row for row, page in enumerate(first.pages)}
        self._exclusions = Exclusions(first.pages, settings.near_identical)

    def mine(self, queries: Sequence[Query], encoded: Sequence[Encoding]) -> Iterator[list[MinedPage]]:
        """Each query's negatives: the best of all pages, or as many as asked for from its document, then others.

        Queries are compared with pages many at once, as long as all their scores have room in memory.
        """
        at_once = max(1, MAX_SCORES // len(self.first.pages))
        for start in range(0, len(queries), at_once):
            best = self.first.best_windows(encoded[start : start + at_once])
            for query, own in zip(queries[start : start + at_once], best, strict=True):
                yield self._mine_one(query, own)

    def _mine_one(self, query: Query, best: Vectors) -> list[MinedPage]:
        own, bm25 = self._rows[query.page_id], self.first.score_words(query.text)
        share, rows = self.settings.same_document_share, self.first.rows()
        if share is None:
            scores = standardise(bm25) + standardise(best)
            found = self._survivors(query, own, rows, scores)[: self.settings.negatives_per_query]
        else:
            found = self._mix(*self._find_both(query, own, bm25, best), share)
        return [
            MinedPage(query.id, self.first.pages[one.row].id, rank, one.score / 2) for rank, one in enumerate(found, 1)
        ]

    def _find_both(self, query: Query, own: int, bm25: Vectors, best: Vectors) -> tuple[list[Found], list[Found]]:
        """What survives of the query's own document, and of the others."""
        scores = standardise(bm25) + standardise(best)
        same_rows = self.first.rows(self.first.pages[own].document)
        inside = standardise(bm25[same_rows]) + standardise(best[same_rows])
        others = np.ones(len(scores), bool)
        others[same_rows] = False
        others[own] = True
        other_rows = np.flatnonzero(others)
        return (
            self._survivors(query, own, same_rows, inside),
            self._survivors(query, own, other_rows, scores[other_rows]),
        )

    def _survivors(self, query: Query, own: int, rows: np.ndarray, scores: Vectors) -> list[Found]:
        """Of the best `pool` rows besides the own page, those that no rule leaves out."""
        place = int(np.searchsorted(rows, own))
        above = is_above_margin(scores, place, self.settings.relative_margin)
        ranked = [index for index in order(scores, self.settings.pool + 1) if index != place]
        return list(self._keep(query, own, rows, scores, above, ranked[: self.settings.pool]))

    def _keep(
        self, query: Query, own: int, rows: np.ndarray, scores: Vectors, above: np.ndarray, ranked: list[int]
    ) -> Iterator[Found]:
        for index in ranked:
            row = int(rows[index])
            reason = self._exclusions.find_reason(query, own, row) or ("within the margin" if above[index] else "")
            if reason:
                self.excluded[reason] += 1
            else:
                yield Found(row, float(scores[index]))

    def _mix(self, same: list[Found], others: list[Found], share: float) -> list[Found]:
        wanted = self.settings.negatives_per_query
        from_same = min(len(same), round(wanted * share))
        from_others = min(len(others), wanted - from_same)
        return same[: wanted - from_others] + others[:from_others]
