"""A model's scores of a benchmark's pairs, page by page: each is read once for all that is asked of it."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from docrerank.evaluation.benchmark import Collection
from docrerank.evaluation.systems import OpenModel
from docrerank.runs import Journal, Progress

logger = logging.getLogger(__name__)

#: Pages that are given to a model at once; it works on a few of them at a time.
PIECE = 256
#: Work that takes longer, in seconds, is announced.
LONG = 60.0

#: Query id to page id to the candidate's first-stage score.
Found = Mapping[str, Mapping[str, float]]
#: Query id, page id, values and tokens.
Row = tuple[str, str, list[float], int]


class PairScore(NamedTuple):
    """One question and one of its candidates.

    Attributes:
        values: see `Scores`.
        tokens: see `Scores`.
        seconds: its share of the time that the page and its questions took.
    """

    values: list[float]
    tokens: int
    seconds: float


def score_pairs(
    collection: Collection, model: OpenModel, candidates: Found, journal: Journal, progress: Progress
) -> dict[tuple[str, str], PairScore]:
    """Score every question with each of its candidates.

    The first few pages are a sample: if the rest will take long, a line says how long.

    Args:
        collection: the questions and pages.
        model: the model.
        candidates: query id to its pages.
        journal: keeps the scores of every few pages; those of an earlier process are not made again.
        progress: called with (pairs done, pairs in all).

    Returns:
        query id and page id to what the model made of them.
    """
    found = _read(journal)
    asked = list_asked(collection, candidates)
    todo = {page: own for page, queries in asked.items() if (own := [q for q in queries if (q, page) not in found])}
    total, before = sum(map(len, asked.values())), time.perf_counter()
    for number, (pages, rows) in enumerate(_score(collection, model, todo)):
        seconds = time.perf_counter() - before
        if not number:
            _announce(model.name, len(todo), total - len(found), pages, seconds)
        row = {"seconds": seconds, "pairs": rows}
        journal.append(row)
        found |= _unpack(row)
        before += seconds
        progress(len(found), total)
    return found


def list_asked(collection: Collection, candidates: Found) -> dict[str, list[str]]:
    """Each candidate page with the ids of its questions; pages in the order of the collection, a document together."""
    order = {page: place for ids in collection.groups.values() for place, page in enumerate(ids)}
    pages: dict[str, list[str]] = {}
    for query in collection.queries:
        for page in candidates[query.id]:
            pages.setdefault(page, []).append(query.id)
    return {
        page: pages[page] for page in sorted(pages, key=lambda page: (collection.documents.get(page, ""), order[page]))
    }


def _score(
    collection: Collection, model: OpenModel, todo: Mapping[str, Sequence[str]]
) -> Iterator[tuple[int, list[Row]]]:
    """The number of pages and the rows of every few pages."""
    texts = {query.id: query.text for query in collection.queries}
    pages = list(todo)
    for start in range(0, len(pages), PIECE):
        names = [(query, page) for page in pages[start : start + PIECE] for query in todo[page]]
        read = {page: model.read(page) for page in pages[start : start + PIECE]}
        for places, values, tokens in model.scorer.score([(texts[query], read[page]) for query, page in names]):
            own = [names[place] for place in places]
            numbers = zip(own, values.tolist(), tokens.tolist(), strict=True)
            yield len({page for _, page in own}), [(*name, value, count) for name, value, count in numbers]


def _announce(name: str, pages: int, pairs: int, sample: int, seconds: float) -> None:
    left = seconds / sample * (pages - sample)
    if left > LONG:
        logger.warning(
            "%s: %d pages with %d questions in all take about %.0f minutes, by the first %d pages; killed, the same "
            "command goes on",
            *(name, pages, pairs, left / 60, sample),
        )


def _read(journal: Journal) -> dict[tuple[str, str], PairScore]:
    return {pair: score for row in journal.rows for pair, score in _unpack(row).items()}


def _unpack(row: Mapping[str, Any]) -> dict[tuple[str, str], PairScore]:
    share = row["seconds"] / len(row["pairs"])
    return {(query, page): PairScore(values, tokens, share) for query, page, values, tokens in row["pairs"]}
