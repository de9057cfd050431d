"""A sample of a run's queries as text: what a reader needs to call each good or bad without opening the page."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from docrerank.records import Query, UserError
from docrerank.report.audit.sample import order_by_seed
from docrerank.runs import Run

#: For each positive shown, so many of the others: 60 positives, 80 negatives, 30 rephrasings.
SHARES: Mapping[str, float] = {"positive": 1.0, "hard_negative": 4 / 3, "rephrased": 0.5}
MAX_EVIDENCE = 160


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
