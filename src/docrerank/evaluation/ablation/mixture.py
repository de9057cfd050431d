"""The run's own positives with hard negatives made in another way: all of them, or a share."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace

from docrerank.recipe import fingerprint
from docrerank.records import Query, Verdict
from docrerank.runs import Run, sort_by_hash

Rows = tuple[list[Query], list[Verdict]]


def mix(own: Run, other: Run, target: Run, share: float) -> int:
    """Write the queries of `own` to `target`, where a share of the positives takes the hard negatives of `other`.

    Which positives follows from the recipe's seed. A positive that `other` lacks, or found no hard negative for,
    keeps its own.

    Args:
        own: generated.
        other: generated from the same pages.
        target: its queries and verdicts are written, unless they are there and up to date.
        share: of the positives, 0 to 1; fewer if `other` has hard negatives for fewer.

    Returns:
        how many positives have hard negatives of `other`.
    """
    given = {name: _index(other.queries.read(name), other.verdicts.read(name)) for name in own.queries.names()}
    positives = [query for query in own.queries.read() if query.kind == "positive"]
    open_ = [
        query.id
        for query in positives
        if (query.page_id, query.text) in given.get(query.page_id.rpartition("/")[0], {})
    ]
    chosen = frozenset(sort_by_hash(open_, own.recipe.seed)[: round(len(positives) * share)])
    for name in own.queries.names():
        origin = fingerprint("mix", own.queries.made_from(name), other.queries.made_from(name), sorted(chosen))
        if not (target.queries.is_done(name, origin) and target.verdicts.is_done(name, origin)):
            queries, verdicts = _mix(list(own.queries.read(name)), own.verdicts.read(name), given[name], chosen)
            target.verdicts.write(name, verdicts, origin)
            target.queries.write(name, queries, origin)
    for parts in (target.queries, target.verdicts):
        parts.keep_only(own.queries.names())
    return len(chosen)


def _index(queries: Iterable[Query], verdicts: Iterable[Verdict]) -> dict[tuple[str, str], Rows]:
    """Hard negatives and their verdicts by page and text of their positive."""
    rows = list(queries)
    judged = _by_query(verdicts)
    positives = {query.id: (query.page_id, query.text) for query in rows if query.kind == "positive"}
    found: dict[tuple[str, str], Rows] = defaultdict(lambda: ([], []))
    for query in rows:
        if query.kind == "hard_negative" and query.source_id in positives:
            negatives, own = found[positives[query.source_id]]
            negatives.append(query)
            own += judged.get(query.id, [])
    return dict(found)


def _mix(
    own: list[Query], verdicts: Iterable[Verdict], given: Mapping[tuple[str, str], Rows], chosen: frozenset[str]
) -> Rows:
    kept = [query for query in own if query.kind != "hard_negative" or query.source_id not in chosen]
    judged = _by_query(verdicts)
    said = [verdict for query in kept for verdict in judged.get(query.id, [])]
    for positive in [query for query in kept if query.id in chosen]:
        negatives, about = given[positive.page_id, positive.text]
        names = {query.id: f"{positive.id}/f{place}" for place, query in enumerate(negatives, 1)}
        kept += [replace(query, id=names[query.id], source_id=positive.id) for query in negatives]
        said += [replace(verdict, query_id=names[verdict.query_id]) for verdict in about]
    return kept, said


def _by_query(verdicts: Iterable[Verdict]) -> dict[str, list[Verdict]]:
    found: dict[str, list[Verdict]] = defaultdict(list)
    for verdict in verdicts:
        found[verdict.query_id].append(verdict)
    return found
