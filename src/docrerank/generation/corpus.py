"""The gates over the whole corpus, once every document is written: near-duplicates, and which other pages answer.

It asks no model, so that it can be done again whenever a document changes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import lru_cache

import numpy as np

from docrerank.generation.origin import (
    STAGE,
    find_bare,
    given_queries,
    made_from,
    written_queries,
    written_rejected,
    written_verdicts,
)
from docrerank.queries import NearDuplicates, PageIndex
from docrerank.records import Query, Rejected
from docrerank.runs import Run
from docrerank.words import terms, years

#: Pages that are looked at closely for one query; a query of common words only would name half the corpus.
MAX_CANDIDATES = 64
MAX_ANSWERING = 20


def pass_corpus_gates(run: Run) -> None:
    """Write RUN/queries, verdicts and rejected from what was written for each document."""
    origins = made_from(run)
    corpus, seen = CorpusIndex(run), NearDuplicates(run.recipe.generate.near_duplicate)
    for name, origin in origins.items():
        kept, rejected = gate_document(written_queries(run).read(name), seen, corpus, _find_complete(run, name))
        ids = {query.id for query in kept}
        run.rejected(STAGE).write(name, (*written_rejected(run).read(name), *rejected), origin)
        run.verdicts.write(name, (row for row in written_verdicts(run).read(name) if row.query_id in ids), origin)
        run.queries.write(name, kept, origin)


def is_gated(run: Run) -> bool:
    """Whether RUN/queries is what the documents written so far give."""
    return all(run.queries.is_done(name, origin) for name, origin in made_from(run).items())


def _find_complete(run: Run, document: str) -> set[str]:
    """Ids of the positives that a set brought with hard negatives: they stay whatever else the corpus holds."""
    given = list(given_queries(run).read(document))
    return {query.id for query in given if query.kind == "positive"} - {query.id for query in find_bare(given)}


class CorpusIndex:
    """Which pages of a corpus hold which terms; the texts stay on disk.

    Args:
        run: its pages; they are read once now, and the few that may answer a query again when asked.
    """

    def __init__(self, run: Run) -> None:
        self._run = run
        self._ids: list[str] = []
        self._documents: list[str] = []
        holding: dict[str, list[int]] = defaultdict(list)
        for page in run.pages.read():
            for term in PageIndex(page).terms:
                holding[term].append(len(self._ids))
            self._ids.append(page.id)
            self._documents.append(page.document)
        self._holding = {term: np.array(rows, np.int32) for term, rows in holding.items()}
        self._open = lru_cache(maxsize=64)(self._read_document)

    def answering(self, query: Query) -> tuple[str, ...]:
        """Pages of other documents that hold all that a query asks about close together, its years anywhere."""
        wanted, asked = set(terms(query.text)) - years(query.text), years(query.text)
        rows: np.ndarray | None = None
        for term in sorted(wanted, key=lambda term: len(self._holding.get(term, ()))):
            own = self._holding.get(term, np.zeros(0, np.int32))
            rows = own if rows is None else np.intersect1d(rows, own, assume_unique=True)
            if not len(rows):
                return ()
        own_document = query.page_id.rpartition("/")[0]
        found = [row for row in (() if rows is None else rows.tolist()) if self._documents[row] != own_document]
        return tuple(self._check(found[:MAX_CANDIDATES], wanted, asked))

    def _check(self, rows: Sequence[int], wanted: set[str], asked: set[str]) -> Iterator[str]:
        for row in rows:
            index = self._open(self._documents[row])[self._ids[row]]
            if asked <= index.years and index.close_together(wanted):
                yield self._ids[row]

    def _read_document(self, document: str) -> dict[str, PageIndex]:
        return {page.id: PageIndex(page) for page in self._run.pages.read(document)}


def gate_document(
    queries: Iterable[Query], seen: NearDuplicates, corpus: CorpusIndex, stay: Collection[str] = ()
) -> tuple[list[Query], list[Rejected]]:
    """The queries of one document that stay, labelled with the other documents' pages that answer them.

    Args:
        queries: of the document, every positive before what was made from it.
        seen: the positives of the documents before it; those that stay are added.
        corpus: all pages.
        stay: ids of positives that stay, repeated or not: they were imported with their hard negatives.
    """
    kept: list[Query] = []
    rejected: list[Rejected] = []
    gone: set[str] = set()
    for query in queries:
        repeated = seen.find(query.text) if query.kind == "positive" else ""
        if repeated and query.id not in stay:
            gone.add(query.id)
            rejected.append(Rejected(STAGE, query.text, "near-duplicate in the corpus", repeated, query.page_id))
        elif query.source_id not in gone:
            others = (*query.answered_by, *corpus.answering(query))
            kept.append(replace(query, answered_by=others[:MAX_ANSWERING]))
            if query.kind == "positive" and not repeated:
                seen.add(query.text)
    return kept, rejected
