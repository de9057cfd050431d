"""Near-duplicate queries, found without comparing all with all."""

from __future__ import annotations

import math
from collections import defaultdict

from docrerank.words import stem, tokens


class NearDuplicates:
    """Remembers queries; two whose terms have a Jaccard similarity of `threshold` or more are near-duplicates.

    Two such sets must share one of their first few terms in any fixed order (prefix filtering), so only queries that
    share one are compared.

    Args:
        threshold: above 0, up to 1.

    Example:
        >>> seen = NearDuplicates(0.8)
        >>> seen.add("net sales in 2019")
        >>> seen.find("net sales in 2019?"), seen.find("net debt")
        ('net sales in 2019', '')
    """

    def __init__(self, threshold: float) -> None:
        self.threshold = threshold
        self._holding: dict[str, list[tuple[frozenset[str], str]]] = defaultdict(list)

    def add(self, text: str) -> None:
        """Remember a query."""
        own = frozenset(map(stem, tokens(text)))
        for term in self._prefix(own):
            self._holding[term].append((own, text))

    def find(self, text: str) -> str:
        """The first query remembered that this one repeats, or nothing."""
        own = frozenset(map(stem, tokens(text)))
        for term in self._prefix(own):
            for other, earlier in self._holding[term]:
                if len(own & other) >= self.threshold * len(own | other):
                    return earlier
        return ""

    def _prefix(self, own: frozenset[str]) -> list[str]:
        """Longest terms first: they are the rarest."""
        ordered = sorted(own, key=lambda term: (-len(term), term))
        return ordered[: len(own) - math.ceil(self.threshold * len(own)) + 1]
