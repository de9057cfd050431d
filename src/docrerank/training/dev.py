"""The dev part: how well an encoder ranks pages of documents it never learned from, and tells near misses apart."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import NamedTuple

import numpy as np

from docrerank.recipe import Train
from docrerank.records import Page, Query
from docrerank.retrieval import TokenEncoder, Vectors, find_heading, score_tokens
from docrerank.runs import sort_by_hash

#: Pages among which it is looked for whether any answers, as a search would hand them over.
CANDIDATES = 20
#: The document's name of pages that have none.
COLLECTION = ""


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


@dataclass(frozen=True, slots=True)
class DevScores:
    """What an encoder reaches.

    Attributes:
        ndcg: mean NDCG@5 of late interaction among the pages of the query's document; 0 to 1.
        accuracy: share of hard negatives that score below their positive on its page; 0 to 1.
        loss: cross-entropy of the page among those of its document, and of the positive against its negatives; in
            nats, 0 and up. It still moves where the other two are at their ceiling.
    """

    ndcg: float
    accuracy: float
    loss: float


@dataclass(frozen=True, slots=True)
class DevRow:
    """Late interaction of one query with the pages of its document, copies of its own aside, (pages,); and its own."""

    tokens: Vectors
    own: int


@dataclass(frozen=True, slots=True)
class Asked:
    """A dev question as a reader would meet it: its pages with the best first, and the best one's score.

    Attributes:
        query: a positive, a rephrasing, or a hard negative that no page answers.
        pages: of its document, at most `CANDIDATES`.
        score: late interaction with the best of them.
    """

    query: Query
    pages: tuple[Page, ...]
    score: float


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


def measure(encoder: TokenEncoder, part: DevPart, temperature: float) -> tuple[DevScores, list[DevRow], list[Asked]]:
    """Score the dev part; also each query's scores, for fitting, and the best pages of every question."""
    if not part.queries:
        return DevScores(0.0, 0.0, 0.0), [], []
    columns = {page.id: index for index, page in enumerate(part.pages)}
    pages = encoder.encode_pages([page.text for page in part.pages], [find_heading(page) for page in part.pages])
    asked = [*part.queries, *part.negatives]
    encoded = encoder.encode_queries([query.text for query in asked])
    tokens = score_tokens(encoded, pages)
    own = {query.id: float(tokens[row, columns[query.page_id]]) for row, query in enumerate(asked)}
    rows = _find_rows(part, columns, tokens)
    gaps = np.array([own[query.id] - own[query.source_id] for query in part.negatives], np.float64)
    ndcg = float(np.mean([measure_ndcg(row.tokens, row.own) for row in rows]))
    loss = float(np.mean([_find_loss(row, temperature) for row in rows]))
    found = _find_best(part, tokens)
    if not len(gaps):
        return DevScores(ndcg, 0.0, loss), rows, found
    apart = float(np.logaddexp(0, gaps / temperature).mean())
    return DevScores(ndcg, float((gaps < 0).mean()), loss + apart), rows, found


def _find_best(part: DevPart, tokens: Vectors) -> list[Asked]:
    """The best pages of every positive, and of every hard negative that no page is known to answer."""
    documents: dict[str, list[int]] = {}
    for column, page in enumerate(part.pages):
        documents.setdefault(page.document, []).append(column)
    names = {page.id: page.document for page in part.pages}
    found = []
    for row, query in enumerate((*part.queries, *part.negatives)):
        if query.kind == "hard_negative" and query.answered_by:
            continue
        columns = np.array(documents[names[query.page_id]])
        best = columns[np.argsort(-tokens[row, columns], kind="stable")][:CANDIDATES]
        found.append(Asked(query, tuple(part.pages[column] for column in best), float(tokens[row, best[0]])))
    return found


def measure_ndcg(scores: Vectors, own: int, depth: int = 5) -> float:
    """NDCG of a ranking with one right page; pages with its score count as above it.

    Examples:
        >>> measure_ndcg(np.array([0.2, 0.9, 0.5], np.float32), 1)
        1.0
    """
    rank = int((scores >= scores[own]).sum())
    return float(1 / np.log2(rank + 1)) if rank <= depth else 0.0


def _find_loss(row: DevRow, temperature: float) -> float:
    logits = row.tokens.astype(np.float64) / temperature
    return float(np.logaddexp.reduce(logits) - logits[row.own])


def _find_rows(part: DevPart, columns: dict[str, int], tokens: Vectors) -> list[DevRow]:
    documents: dict[str, list[int]] = {}
    for page in part.pages:
        documents.setdefault(page.document, []).append(columns[page.id])
    rows = []
    for place, query in enumerate(part.queries):
        column = columns[query.page_id]
        near = documents[part.pages[column].document]
        own = [at for at in near if at == column or not part.are_copies(part.pages[at].id, query.page_id)]
        rows.append(DevRow(tokens[place, own], own.index(column)))
    return rows
