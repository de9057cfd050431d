"""The dev part: which pages and queries measure a training, which pairs are scored for it, and what the scores say."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import NamedTuple

import numpy as np

from docrerank.recipe import Train
from docrerank.records import Page, Query
from docrerank.retrieval import Bm25, Vectors
from docrerank.runs import sort_by_hash

#: The document's name of pages that have none.
COLLECTION = ""
Order = Callable[[Query], list[Page]]


class Place(NamedTuple):
    """Where a page stands: its id, its document, the file that it comes from."""

    id: str
    document: str
    source: str


@dataclass(frozen=True, slots=True)
class DevPart:
    """Pages and queries of the dev part.

    Attributes:
        pages: whole documents as far as possible.
        queries: positives and rephrasings of these pages.
        negatives: their hard negatives.
        repeats: pages of the run that repeat another, with the first that they repeat: no query's page is measured
            against its copies.
    """

    pages: tuple[Page, ...]
    queries: tuple[Query, ...]
    negatives: tuple[Query, ...]
    repeats: Mapping[str, str] = field(default_factory=dict)

    def are_copies(self, page: str, other: str) -> bool:
        """Whether two pages, by id, are one page or repeat each other."""
        return self.repeats.get(page, page) == self.repeats.get(other, other)


def draw_pages(places: Iterable[Place], count: int, seed: int) -> dict[str, str]:
    """Choose the pages that are measured: documents in a drawn order up to `count` pages.

    Pages that are files of their own under one name, as an imported set has them, are no document: they are drawn over
    the whole set, page by page, and measured among each other.

    Returns:
        their ids in order, each with the document among whose pages it is measured.
    """
    listed = list(places)
    files: dict[str, set[str]] = {}
    for place in listed:
        files.setdefault(place.document, set()).add(place.source)
    units: dict[str, dict[str, str]] = {}
    for place in listed:
        alone = len(files[place.document]) > 1
        name, document = (place.id, COLLECTION) if alone else (place.document, place.document)
        units.setdefault(name, {})[place.id] = document
    ordered = (item for name in sort_by_hash(list(units), seed) for item in units[name].items())
    return dict(islice(ordered, count))


def choose_dev(
    pages: Sequence[Page], queries: Iterable[Query], settings: Train, seed: int, repeats: Mapping[str, str]
) -> DevPart:
    """Draw `dev_queries` of the positives and rephrasings of pages, and take their hard negatives.

    Args:
        pages: as `draw_pages` has chosen them, with its documents.
        queries: theirs; others do not count.
        settings: the recipe's section.
        seed: of the draw.
        repeats: see `DevPart`.
    """
    ids = {page.id for page in pages}
    kept = {query.id: query for query in queries if query.page_id in ids}
    asked = [query.id for query in kept.values() if query.kind != "hard_negative"]
    drawn = [kept[key] for key in sort_by_hash(asked, seed)[: settings.dev_queries]]
    sources = {query.id for query in drawn}
    negatives = tuple(query for query in kept.values() if query.kind == "hard_negative" and query.source_id in sources)
    return DevPart(tuple(pages), tuple(drawn), negatives, repeats)


@dataclass(frozen=True, slots=True)
class DevScores:
    """What a reranker reaches on the dev part.

    Attributes:
        ndcg: mean NDCG@5 among the pages that each query is measured with; 0 to 1.
        accuracy: share of hard negatives that score below their positive on its page; 0 to 1.
        loss: cross-entropy of the page among the others, and of the positive against its negatives; in nats, 0 and
            up. It still moves where the other two are at their ceiling.
    """

    ndcg: float
    accuracy: float
    loss: float


@dataclass(frozen=True, slots=True)
class DevPlan:
    """The pairs that are scored.

    Attributes:
        part: queries and pages.
        pairs: a query and a page each.
        rows: for each query, then for each hard negative, the places of its pairs, its own page first.
    """

    part: DevPart
    pairs: tuple[tuple[Query, Page], ...]
    rows: tuple[tuple[int, ...], ...]

    @property
    def rankings(self) -> tuple[tuple[int, ...], ...]:
        """The rows of the queries that a page answers."""
        return self.rows[: len(self.part.queries)]

    def find_gaps(self, scores: Vectors) -> Vectors:
        """How far each hard negative scores above its positive on the same page."""
        first = {query.id: row[0] for query, row in zip(self.part.queries, self.rows, strict=False)}
        negatives = zip(self.part.negatives, self.rows[len(first) :], strict=True)
        return np.array([scores[row[0]] - scores[first[query.source_id]] for query, row in negatives], np.float64)


def plan_dev(part: DevPart, candidates: int | None = None) -> DevPlan:
    """Pair each query with its own page and others of the document, copies of its own aside.

    Args:
        part: what measures.
        candidates: pages of a query: its own and BM25's best others (the first ones, where no page has text); a hard
            negative then has its own page alone. None takes all pages for both.
    """
    pages = {page.id: page for page in part.pages}
    documents: dict[str, list[Page]] = {}
    for page in part.pages:
        documents.setdefault(page.document, []).append(page)
    orders = {name: _order(own, candidates) for name, own in documents.items()}
    pairs: list[tuple[Query, Page]] = []
    rows = []
    for query in (*part.queries, *part.negatives):
        own, others = pages[query.page_id], []
        if not candidates or query.kind != "hard_negative":
            listed = orders[own.document](query)
            others = [page for page in listed if not part.are_copies(page.id, own.id)][: candidates and candidates - 1]
        rows.append(tuple(range(len(pairs), len(pairs) + 1 + len(others))))
        pairs += [(query, page) for page in (own, *others)]
    return DevPlan(part, tuple(pairs), tuple(rows))


def rate(scores: Vectors, plan: DevPlan, temperature: float = 1.0) -> DevScores:
    """Rate the scores of a plan's pairs.

    Args:
        scores: of the pairs, in their order.
        plan: names them.
        temperature: scores are divided by it in the loss; 1 for logits.
    """
    if not plan.pairs:
        return DevScores(0.0, 0.0, 0.0)
    lists = [scores[list(places)] for places in plan.rankings]
    ndcg = float(np.mean([measure_ndcg(own) for own in lists]))
    logits = [own.astype(np.float64) / temperature for own in lists]
    loss = float(np.mean([np.logaddexp.reduce(own) - own[0] for own in logits]))
    gaps = plan.find_gaps(scores)
    if not len(gaps):
        return DevScores(ndcg, 0.0, loss)
    return DevScores(ndcg, float((gaps < 0).mean()), loss + float(np.logaddexp(0, gaps / temperature).mean()))


def measure_ndcg(scores: Vectors, depth: int = 5) -> float:
    """NDCG of a ranking whose first page is the right one; pages with its score count as above it.

    Examples:
        >>> measure_ndcg(np.array([0.9, 0.2, 0.5], np.float32))
        1.0
    """
    rank = int((scores >= scores[0]).sum())
    return float(1 / np.log2(rank + 1)) if rank <= depth else 0.0


def _order(pages: Sequence[Page], candidates: int | None) -> Order:
    """The pages of a document by BM25 for each query, or as they are if all are taken."""
    if not candidates:
        return lambda query: list(pages)
    index = Bm25([page.text for page in pages])
    return lambda query: [pages[place] for place in np.argsort(-index.score(query.text), kind="stable")]
