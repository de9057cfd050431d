"""Near-duplicate queries, found without comparing all with all."""

from __future__ import annotations

import functools
import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping

from docrerank.retrieval import stem, tokens


class NearDuplicates:
    """Remembers queries; two whose terms have a Jaccard similarity of `threshold` or more are near-duplicates.

    Two such sets must share one of their first few terms in any fixed order (prefix filtering), so only queries that
    share one are compared: with the rarest terms first these stay few however many queries there are.

    Args:
        threshold: above 0, up to 1.
        common: how often each term stands in the queries that will be seen; without it the longest terms come first.

    Examples:
        >>> seen = NearDuplicates(0.8)
        >>> seen.add("net sales in 2019")
        >>> seen.find("net sales in 2019?"), seen.find("net debt")
        ('net sales in 2019', '')
    """

    def __init__(self, threshold: float, common: Mapping[str, int] | None = None) -> None:
        self.threshold = threshold
        self._common = common or {}
        self._holding: dict[str, list[str]] = defaultdict(list)

    def add(self, text: str) -> None:
        """Remember a query."""
        for term in self._prefix(find_terms(text)):
            self._holding[term].append(text)

    def find(self, text: str) -> str:
        """A query remembered that this one repeats, or nothing."""
        own = find_terms(text)
        for term in self._prefix(own):
            for earlier in self._holding.get(term, ()):
                other = find_terms(earlier)
                if len(own & other) >= self.threshold * len(own | other):
                    return earlier
        return ""

    def _prefix(self, own: frozenset[str]) -> list[str]:
        """Rarest terms first; of two the longer."""
        ordered = sorted(own, key=lambda term: (self._common.get(term, 0), -len(term), term))
        return ordered[: len(own) - math.ceil(self.threshold * len(own)) + 1]


def count_terms(texts: Iterable[str]) -> Mapping[str, int]:
    """How many of these queries hold each term."""
    return Counter(term for text in texts for term in find_terms(text))


@functools.lru_cache(maxsize=4096)
def find_terms(text: str) -> frozenset[str]:
    """What is compared of a query: its stems."""
    return frozenset(map(stem, tokens(text)))
