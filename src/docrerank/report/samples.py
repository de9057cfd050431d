"""The queries of a run: how many of which kind, and a random sample of pages with everything asked of them."""

from __future__ import annotations

import hashlib
import heapq
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from docrerank.records import Query
from docrerank.report.edits import Piece, mark_edit
from docrerank.runs import Run

SAMPLE_PAGES = 6
POSITIVES_PER_PAGE = 4
NAMED_PAGES = 3


@dataclass(frozen=True, slots=True)
class Negative:
    """A hard negative with its one edit marked, and in words which other pages answer it."""

    query: Query
    pieces: list[Piece]
    others: str


@dataclass(frozen=True, slots=True)
class Positive:
    """A positive and what was made from it."""

    query: Query
    rephrased: list[Query]
    negatives: list[Negative]


@dataclass(frozen=True, slots=True)
class SamplePage:
    """A page and its queries."""

    id: str
    positives: list[Positive]


@dataclass(slots=True)
class Written:
    """The queries of a run.

    Attributes:
        kinds, forms, properties: how many queries of each; `forms` of positives and rephrasings alone.
        reasons: how often a query was left out for each reason.
        pages: how many pages have a query.
        samples: pages drawn at random, from as many documents as possible.
    """

    kinds: Counter[str] = field(default_factory=Counter)
    forms: Counter[str] = field(default_factory=Counter)
    properties: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    pages: int = 0
    samples: list[SamplePage] = field(default_factory=list)


def read_written(run: Run) -> Written:
    """Count a run's queries and draw the sample, holding one document's queries at a time."""
    written = Written(reasons=Counter(run.rejected("generate").column("reason")))
    drawn: list[tuple[int, str, str, list[Query]]] = []
    for document in run.queries.names():
        own = []
        for page_id, queries in _group_by_page(run.queries.read(document)):
            _count(written, queries)
            own.append((_draw(run.recipe.seed, page_id), document, page_id, queries))
        drawn += heapq.nsmallest(SAMPLE_PAGES, own, key=lambda entry: entry[0])
        drawn = _spread(drawn)
    written.samples = [SamplePage(page_id, arrange(queries)) for _, _, page_id, queries in drawn]
    return written


def arrange(queries: Sequence[Query]) -> list[Positive]:
    """A page's positives, each with its rephrasings and hard negatives; the first `POSITIVES_PER_PAGE`."""
    positives = {query.id: Positive(query, [], []) for query in queries if query.kind == "positive"}
    for query in queries:
        source = positives.get(query.source_id)
        if source is not None and query.kind == "rephrased":
            source.rephrased.append(query)
        elif source is not None and query.kind == "hard_negative":
            source.negatives.append(Negative(query, mark_edit(source.query, query), name_pages(query)))
    return list(positives.values())[:POSITIVES_PER_PAGE]


def name_pages(query: Query) -> str:
    """The first other pages that answer a query: by number in its own document, else by id.

    Example:
        >>> name_pages(Query("a/1#1", "a/1", "Sales?", "positive", "question", answered_by=("a/2", "b/7")))
        'page 2, b/7'
    """
    own = query.page_id.rpartition("/")[0] + "/"
    names = [f"page {page.removeprefix(own)}" if page.startswith(own) else page for page in query.answered_by]
    more = f" and {len(names) - NAMED_PAGES} more" if len(names) > NAMED_PAGES else ""
    return ", ".join(names[:NAMED_PAGES]) + more


def _group_by_page(queries: Iterable[Query]) -> Iterable[tuple[str, list[Query]]]:
    """Queries of one page follow each other in a part."""
    return ((page_id, list(own)) for page_id, own in groupby(queries, key=lambda query: query.page_id))


def _count(written: Written, queries: Sequence[Query]) -> None:
    written.pages += 1
    written.kinds.update(query.kind for query in queries)
    written.forms.update(query.form for query in queries if query.kind != "hard_negative")
    written.properties.update(query.property for query in queries if query.property)


def _draw(seed: int, name: str) -> int:
    """A number that is random among names and the same every time."""
    return int.from_bytes(hashlib.sha256(f"{seed}|report|{name}".encode()).digest()[:8], "big")


def _spread(drawn: list[tuple[int, str, str, list[Query]]]) -> list[tuple[int, str, str, list[Query]]]:
    """The sample's pages: every document's first before any document's second."""
    seen: Counter[str] = Counter()
    ranked = []
    for entry in sorted(drawn, key=lambda entry: entry[0]):
        ranked.append((seen[entry[1]], entry))
        seen[entry[1]] += 1
    return [entry for _, entry in sorted(ranked, key=lambda pair: (pair[0], pair[1][0]))[:SAMPLE_PAGES]]
