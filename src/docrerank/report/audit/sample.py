"""Samples of a run's queries: one that people judge blind, the same for every auditor, and one as text to read."""

from __future__ import annotations

import hashlib
import itertools
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from docrerank.records import Query, UserError
from docrerank.runs import Run

#: Share of the sample that are positives and rephrasings: people must not learn that "no" is always right.
POSITIVE_SHARE = 0.35
#: For each positive shown, so many of the others: 60 positives, 80 negatives, 30 rephrasings.
SHARES: Mapping[str, float] = {"positive": 1.0, "hard_negative": 4 / 3, "rephrased": 0.5}
MAX_EVIDENCE = 160


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


def show_sample(run: Run, count: int, seed: int) -> Iterator[str]:
    """Lines of a seeded sample: positives with answer and evidence, negatives with their edit, rephrasings.

    Documents take turns, so that a long one does not crowd out the others. A query's writer stands beside it, so that
    faults can be counted by the rule they come from.

    Args:
        run: the run.
        count: how many positives; the others in proportion (see `SHARES`).
        seed: decides which.

    Raises:
        UserError: the run has no queries.
    """
    queries = list(run.queries.read())
    if not queries:
        raise UserError(f"'{run.path}' has no queries yet: docrerank generate {run.path}")
    by_id = {query.id: query for query in queries}
    for kind, share in SHARES.items():
        own = [query for query in queries if query.kind == kind]
        for serial, query in enumerate(take_in_turn(own, round(count * share), seed), 1):
            yield from _tell(f"{kind} {serial}", query, by_id.get(query.source_id, query))


def take_in_turn(queries: Sequence[Query], count: int, seed: int) -> list[Query]:
    """Up to `count` queries, one of each document before a second of any; documents and queries in a random order."""
    by_document: dict[str, list[Query]] = defaultdict(list)
    for query in order_by_seed(queries, f"{seed}|show"):
        by_document[query.page_id.rpartition("/")[0]].append(query)
    rounds = itertools.zip_longest(*by_document.values())
    return list(itertools.islice((query for each in rounds for query in each if query is not None), count))


def _tell(head: str, query: Query, source: Query) -> Iterator[str]:
    yield f"{head} | {query.text}"
    if query.kind == "hard_negative":
        yield f"    {query.property}: '{query.original}' -> '{query.edited}' | of: {source.text}"
    elif query.kind == "rephrased":
        yield f"    of: {source.text}"
    evidence = " ".join(query.evidence.split())[:MAX_EVIDENCE]
    yield f"    {query.page_id} | {query.writer} | answer: {source.answer or '(the passage)'} | {evidence}"
