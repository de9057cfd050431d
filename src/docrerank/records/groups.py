"""What training learns from: mined pages, and groups of one query's pages or one page's queries."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class MinedPage:
    """A wrong page that the first stage found for a query: a negative, unless it is secretly relevant.

    Attributes:
        query_id: the positive that was searched for.
        page_id: the page found.
        rank: from 1, among the pages that survived the exclusion rules.
        score: fused first-stage score; higher is closer.
    """

    query_id: str
    page_id: str
    rank: int
    score: float


@dataclass(frozen=True, slots=True)
class Repeat:
    """A page that repeats another: the same numbers in nearly the same words.

    Attributes:
        page_id: the page.
        first_id: the first page of the run with that content; it repeats none.
    """

    page_id: str
    first_id: str


@dataclass(frozen=True, slots=True)
class TrainingGroup:
    """One positive (query, page) pair and its negatives, which all share its query or its page.

    Attributes:
        kind: `mined` (one query, several pages) or `generated` (one page, several queries), paper section 3.
        queries: query texts; one if `mined`.
        pages: page ids; one if `generated`.

    The first pair is the positive, the others are negatives.
    """

    kind: Literal["mined", "generated"]
    queries: tuple[str, ...]
    pages: tuple[str, ...]

    def pairs(self) -> list[tuple[str, str]]:
        """List the (query, page id) pairs, the positive first."""
        return [(query, page) for query in self.queries for page in self.pages]
