"""The sample of a run's queries that people judge blind, the same for every auditor."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from docrerank.records import Query, UserError
from docrerank.runs import Run

#: Share of the sample that are positives and rephrasings: people must not learn that "no" is always right.
POSITIVE_SHARE = 0.35


@dataclass(frozen=True, slots=True)
class Item:
    """One query to judge against its page.

    Attributes:
        id: of this text for this page: a query that changes becomes another item.
        query: with its kind, which the auditor does not see.
    """

    id: str
    query: Query


def draw_sample(run: Run, count: int, seed: int) -> list[Item]:
    """Draw hard negatives and positives of a run at random, a text that stands twice on a page once.

    Raises:
        UserError: the run has no queries.
    """
    queries = list({item_id(query): query for query in run.queries.read()}.values())
    if not queries:
        raise UserError(f"'{run.path}' has no queries yet: docrerank generate {run.path}")
    negatives = [query for query in queries if query.kind == "hard_negative"]
    others = [query for query in queries if query.kind != "hard_negative"]
    wanted = min(len(others), max(round(count * POSITIVE_SHARE), count - len(negatives)))
    draw = f"{seed}|draw"
    chosen = [*order_by_seed(others, draw)[:wanted], *order_by_seed(negatives, draw)[: max(0, count - wanted)]]
    return [Item(item_id(query), query) for query in order_by_seed(chosen, f"{seed}|order")]


def item_id(query: Query) -> str:
    """The address of a query's text on its page."""
    return hashlib.sha256(f"{query.page_id}\n{query.text}".encode("utf-8", "replace")).hexdigest()[:16]


def order_by_seed(queries: Iterable[Query], salt: str) -> list[Query]:
    """A random order that depends on nothing but each query."""

    def place(query: Query) -> bytes:
        return hashlib.sha256(f"{salt}|{query.id}|{query.text}".encode("utf-8", "replace")).digest()

    return sorted(queries, key=place)
