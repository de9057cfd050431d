"""Pairs sorted by page, each page once with its queries; the rows that score them, and their scores."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from docrerank.pages import name_filing
from docrerank.records import Page, UserError
from docrerank.vision.images import PageSource, open_page
from docrerank.vision.prefix import PagePrefix
from docrerank.vision.prompt import Prompt

Item = TypeVar("Item")
#: Queries side by side behind one page.
MAX_PER_ROW = 16


@dataclass(slots=True)
class PageGroup:
    """A page and its queries.

    Attributes:
        page: the page.
        query: the query that its prompt puts in front of it; empty where the page comes first.
        indices: places of the pairs in the input.
        suffixes: the queries' token ids, one for each index.
    """

    page: PageSource
    query: str
    indices: list[int] = field(default_factory=list)
    suffixes: list[list[int]] = field(default_factory=list)


def group_pairs(
    pairs: Sequence[Sequence[Any]], prompt: Prompt, pixels: int, page_text: bool = False, title_strip: bool = False
) -> tuple[list[PageGroup], dict[int, str]]:
    """Group (query, page) pairs, in either order, by page, in the order of the first pair of each.

    Args:
        pairs: as `VisionReranker.predict` takes them.
        prompt: the checkpoint's prompt.
        pixels: the page's pixel budget.
        page_text: whether `Page` records come with their text.
        title_strip: whether those of filings are drawn under their company and period.

    Returns:
        The groups, and by the places of the pairs that are in none why their page cannot be opened.

    Raises:
        UserError: a pair is not one of a query and a page, or its query is empty.
    """
    groups: dict[tuple[str, str, str], PageGroup] = {}
    reasons: dict[int, str] = {}
    opened: dict[int, PageSource | str] = {}  # an object that comes again is hashed once
    clean, ask = cache(prompt.clean_query), cache(prompt.suffix_ids)
    for index, pair in enumerate(pairs):
        query, document = _order(pair, index)
        try:
            text = clean(query)
        except UserError as error:
            raise UserError(f"pair {index + 1}: {error}") from None
        if id(document) not in opened:
            opened[id(document)] = _open(document, pixels, page_text, title_strip)
        page = opened[id(document)]
        if isinstance(page, str):
            reasons[index] = page
            continue
        front = "" if prompt.is_shareable else text
        group = groups.setdefault((page.key, page.text, front), PageGroup(page, front))
        group.indices.append(index)
        group.suffixes.append(ask(text, prompt.clean_page_text(page.text)))
    return list(groups.values()), reasons


def _open(document: Any, pixels: int, page_text: bool, title_strip: bool) -> PageSource | str:
    """The page, or why there is none."""
    with_text = page_text and isinstance(document, Page)
    if title_strip and isinstance(document, Page) and not document.strip:
        document = replace(document, strip=name_filing(document.company, document.period))
    try:
        return open_page({"image": document, "text": document.text} if with_text else document, pixels)
    except UserError as error:
        return str(error)


def _order(pair: Sequence[Any], index: int) -> tuple[str, Any]:
    if isinstance(pair, str) or len(pair) != 2:
        raise UserError(f"pair {index + 1} is not a query and a page")
    first, second = pair
    if isinstance(first, str):
        return first, second
    if isinstance(second, str):
        return second, first
    raise UserError(f"pair {index + 1} has no query: one of the two must be text")


def batch_by_tokens(items: Sequence[Item], tokens: Callable[[Item], int], budget: int) -> list[list[Item]]:
    """Cut items, in their order, into batches of at most `budget` padded tokens; one item at least."""
    batches: list[list[Item]] = []
    longest = 0
    for item in items:
        longest = max(longest, tokens(item))
        if not batches or longest * (len(batches[-1]) + 1) > budget:
            batches.append([])
            longest = tokens(item)
        batches[-1].append(item)
    return batches


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


@dataclass(frozen=True, slots=True)
class Scored:
    """Scores of pairs.

    Attributes:
        values: float32, one for each pair, the true word's logit less the false one's; NaN if there is none.
        reasons: for each pair without a score, why.
    """

    values: npt.NDArray[np.float32]
    reasons: dict[int, str]

    @classmethod
    def none_of(cls, pairs: int) -> Scored:
        """No pair has a score yet."""
        return cls(np.full(pairs, np.nan, np.float32), {})

    def take(self, places: list[int]) -> tuple[list[int], Scored]:
        """These places, and their pairs alone, numbered anew."""
        reasons = {number: self.reasons[place] for number, place in enumerate(places) if place in self.reasons}
        return places, Scored(self.values[places], reasons)
