"""The candidates of one query, in the order in which they are taken as its negatives."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from docrerank.encoding import Encoding, Vectors
from docrerank.mining.exclude import Exclusions, is_above_margin
from docrerank.mining.first_stage import FirstStage
from docrerank.mining.fusion import standardise
from docrerank.recipe import Mine
from docrerank.records import MinedPage, Query


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

    def mine(self, query: Query, encoded: Encoding) -> list[MinedPage]:
        """The query's negatives: from its own document first, then from others, filled up from whichever has more."""
        own = self._rows[query.page_id]
        same_rows = self.first.rows(self.first.pages[own].document)
        bm25, best = self.first.views(query.text, encoded)
        scores = standardise(bm25) + standardise(best)
        inside = standardise(bm25[same_rows]) + standardise(best[same_rows])
        same = self._survivors(query, own, same_rows, inside)
        other_rows = np.setdiff1d(np.arange(len(self.first.pages)), same_rows)
        others = self._survivors(query, own, np.append(other_rows, own), scores[np.append(other_rows, own)])
        return [
            MinedPage(query.id, self.first.pages[found.row].id, rank, found.score / 2)
            for rank, found in enumerate(self._mix(same, others), 1)
        ]

    def _survivors(self, query: Query, own: int, rows: np.ndarray, scores: Vectors) -> list[Found]:
        """Of the best `pool` rows besides the own page, those that no rule leaves out."""
        place = int(np.flatnonzero(rows == own)[0])
        above = is_above_margin(scores, place, self.settings.relative_margin)
        ranked = [index for index in np.argsort(-scores, kind="stable").tolist() if index != place]
        return list(self._keep(query, own, rows, scores, above, ranked[: self.settings.pool]))

    def _keep(
        self, query: Query, own: int, rows: np.ndarray, scores: Vectors, above: list[bool], ranked: list[int]
    ) -> Iterator[Found]:
        for index in ranked:
            row = int(rows[index])
            reason = self._exclusions.find_reason(query, own, row) or ("within the margin" if above[index] else "")
            if reason:
                self.excluded[reason] += 1
            else:
                yield Found(row, float(scores[index]))

    def _mix(self, same: list[Found], others: list[Found]) -> list[Found]:
        wanted = self.settings.negatives_per_query
        from_same = min(len(same), round(wanted * self.settings.same_document_share))
        from_others = min(len(others), wanted - from_same)
        return same[: wanted - from_others] + others[:from_others]
