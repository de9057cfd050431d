"""The candidates of one query, in the order in which they are taken as its negatives."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np

from docrerank.mining.exclusions import Exclusions, is_above_margin
from docrerank.recipe import Mine
from docrerank.records import MinedPage, Query
from docrerank.retrieval import Encoding, FirstStage, LargePages
from docrerank.retrieval.first_stage import Compared
from docrerank.retrieval.fusion import order


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
        sees: whether it compares page images, so that a page without text may be a negative too.
    """

    def __init__(self, first: FirstStage | LargePages, settings: Mine, sees: bool = False) -> None:
        self.first = first
        self.settings = settings
        self.excluded: Counter[str] = Counter()
        self._exclusions = Exclusions(first, settings.near_identical, sees)

    def mine(self, queries: Sequence[Query], encoded: Sequence[Encoding]) -> Iterator[list[MinedPage]]:
        """Each query's negatives: the best of all pages, or as many as asked for from its document, then others."""
        own = [self.first.find_row(query.page_id) for query in queries]
        texts, share = [query.text for query in queries], self.settings.same_document_share
        compared = self.first.compare(texts, encoded, own, apart=share is not None)
        for query, row, parts in zip(queries, own, compared, strict=True):
            best, *others = [self._survivors(query, row, part) for part in parts]
            if share is not None:
                best = self._mix(best, others[0], share)
            yield [
                MinedPage(query.id, self.first.name(one.row), rank, one.score / 2) for rank, one in enumerate(best, 1)
            ]

    def _survivors(self, query: Query, own: int, compared: Compared) -> list[Found]:
        """Of the best `pool` pages besides the own one, the first that no rule leaves out, as many as are wanted."""
        place = int(np.searchsorted(compared.rows, own))
        margin, above = self.settings.relative_margin, np.zeros(len(compared.scores), bool)
        if margin is not None:
            above = is_above_margin(compared.scores, place, margin, compared.lowest)
        ranked = [index for index in order(compared.scores, self.settings.pool + 1) if index != place]
        kept = self._keep(query, own, compared, above, ranked[: self.settings.pool])
        return list(islice(kept, self.settings.negatives_per_query))

    def _keep(
        self, query: Query, own: int, compared: Compared, above: np.ndarray, ranked: list[int]
    ) -> Iterator[Found]:
        for index in ranked:
            row = int(compared.rows[index])
            reason = "within the margin" if above[index] else self._exclusions.find_reason(query, own, row)
            if reason:
                self.excluded[reason] += 1
            else:
                yield Found(row, float(compared.scores[index]))

    def _mix(self, same: list[Found], others: list[Found], share: float) -> list[Found]:
        wanted = self.settings.negatives_per_query
        from_same = min(len(same), round(wanted * share))
        from_others = min(len(others), wanted - from_same)
        return same[: wanted - from_others] + others[:from_others]
