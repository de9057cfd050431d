"""Rows of a batch: how many queries stand side by side behind one page."""

from __future__ import annotations

from dataclasses import dataclass

from docrerank.vision.groups import PageGroup
from docrerank.vision.prefix import PagePrefix

MAX_PER_ROW = 16


@dataclass(frozen=True, slots=True)
class Row:
    """Some of a page's queries that share a row.

    Attributes:
        prefix: the page.
        indices: places of the pairs in the input.
        queries: token ids of the queries.
    """

    prefix: PagePrefix
    indices: list[int]
    queries: list[list[int]]

    @property
    def tokens(self) -> int:
        """Length of the row."""
        return self.prefix.tokens + sum(len(query) for query in self.queries)


def cut_rows(group: PageGroup, prefix: PagePrefix) -> list[Row]:
    """Rows whose queries together stay below half of the page: more would be masked than seen."""
    longest = max(len(suffix) for suffix in group.suffixes)
    per_row = max(1, min(MAX_PER_ROW, prefix.tokens // (2 * longest)))
    return [
        Row(prefix, group.indices[start : start + per_row], group.suffixes[start : start + per_row])
        for start in range(0, len(group.indices), per_row)
    ]
