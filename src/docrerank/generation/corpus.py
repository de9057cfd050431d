"""The gates over the whole corpus, once every document is written: near-duplicates, and which other pages answer.

It asks no model, so that it can be done again whenever a document changes.
"""

from __future__ import annotations

import tempfile
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from docrerank.generation.fingerprints import (
    STAGE,
    find_bare,
    given_queries,
    made_from,
    written_queries,
    written_rejected,
    written_verdicts,
)
from docrerank.queries import NearDuplicates, PageIndex, count_terms
from docrerank.records import Page, Query, Rejected
from docrerank.retrieval import SHIFT, Places, Postings, hash_term, terms, write_postings, years
from docrerank.runs import Run

NOWHERE: Places = np.zeros(0, np.uint64)
MAX_ANSWERING = 20
#: Lines with a query's rarest word that are looked at, so many at first; a query of common words only would otherwise
#: look at a share of the corpus.
MAX_LINES, LINES_AT_ONCE = 65_536, 256


def pass_corpus_gates(run: Run) -> None:
    """Write RUN/queries, verdicts and rejected from what was written for each document."""
    origins = made_from(run)
    seen = NearDuplicates(run.recipe.generate.near_duplicate, count_terms(_read_positives(run)))
    with tempfile.TemporaryDirectory(prefix="docrerank-") as folder:
        corpus = CorpusIndex(run, Path(folder))
        for name, origin in origins.items():
            kept, rejected = gate_document(written_queries(run).read(name), seen, corpus, _find_complete(run, name))
            ids = {query.id for query in kept}
            run.rejected(STAGE).write(name, (*written_rejected(run).read(name), *rejected), origin)
            run.verdicts.write(name, (row for row in written_verdicts(run).read(name) if row.query_id in ids), origin)
            run.queries.write(name, kept, origin)


def _read_positives(run: Run) -> Iterator[str]:
    written = written_queries(run)
    for kind, text in zip(written.column("kind"), written.column("text"), strict=True):
        if kind == "positive":
            yield text


def is_gated(run: Run) -> bool:
    """Whether RUN/queries is what the documents written so far give."""
    return all(run.queries.is_done(name, origin) for name, origin in made_from(run).items())


def _find_complete(run: Run, document: str) -> set[str]:
    """Ids of the positives that a set brought with hard negatives: they stay whatever else the corpus holds."""
    given = list(given_queries(run).read(document))
    return {query.id for query in given if query.kind == "positive"} - {query.id for query in find_bare(given)}


class CorpusIndex:
    """Which lines of a corpus hold which terms; on disk, so that memory holds no more than the pages' ids.

    Args:
        run: its pages; they are read once, now.
        folder: an empty one, for the index.
    """

    def __init__(self, run: Run, folder: Path) -> None:
        self._ids: list[str] = []
        self._rows: dict[str, tuple[int, int]] = {}
        write_postings(folder, self._read(run.pages.read()))
        self._places = Postings(folder)

    def answering(self, query: Query) -> tuple[str, ...]:
        """Pages of other documents that hold all that a query asks about close together, its years anywhere."""
        asked = years(query.text)
        wanted = [self._places.find(hash_term(term)) for term in set(terms(query.text)) - asked]
        rarest, *others = sorted(wanted, key=len) or [NOWHERE]
        spoken = [self._places.find(_hash_year(year)) for year in asked]
        first, last = self._rows.get(query.page_id.rpartition("/")[0], (0, 0))
        found: list[int] = []
        start, size = 0, LINES_AT_ONCE
        while start < min(len(rarest), MAX_LINES) and len(found) < MAX_ANSWERING:
            pages = _find_together(rarest[start : start + size], others) >> SHIFT << SHIFT
            for places in spoken:
                pages = pages[_is_near(pages, places, 0)]
            rows = (pages >> SHIFT).astype(np.int64) - 1
            found = list(dict.fromkeys([*found, *rows[(rows < first) | (rows >= last)].tolist()]))
            start, size = start + size, 4 * size
        return tuple(self._ids[row] for row in found[:MAX_ANSWERING])

    def _read(self, pages: Iterable[Page]) -> Iterator[tuple[Places, Places]]:
        for row, page in enumerate(pages):
            first, _ = self._rows.get(page.document, (row, row))
            self._ids.append(page.id)
            self._rows[page.document] = first, row + 1
            index, at = PageIndex(page), (row + 1) << int(SHIFT)  # no place is below the lines before the first
            stand = [(hash_term(term), at + line) for line, own in enumerate(index.lines, 1) for term in own]
            stand += [(_hash_year(year), at) for year in index.years]
            table = np.array(stand, np.uint64).reshape(-1, 2)
            yield table[:, 0], table[:, 1]


def _find_together(rarest: Places, others: Sequence[Places]) -> Places:
    """Lines that hold, with their neighbours, one of the rarest's places and one of each of the others'; sorted."""
    for other in others:  # two lines of one window are two apart at most
        rarest = rarest[_is_near(rarest, other, 2)]
    lines = np.repeat(rarest, 3) + np.tile(np.array([-1, 0, 1]).astype(np.uint64), len(rarest))
    for other in others:
        lines = lines[_is_near(lines, other, 1)]
    return np.sort(lines)


def _is_near(places: Places, others: Places, lines: int) -> npt.NDArray[np.bool_]:
    """Which places have one of the others so many lines away at most; pages lie further apart."""
    if not len(others):
        return np.zeros(len(places), bool)
    low, high = places - np.uint64(lines), places + np.uint64(lines)
    following = others[np.minimum(np.searchsorted(others, low), len(others) - 1)]
    return np.asarray((following >= low) & (following <= high))


def _hash_year(year: str) -> int:
    """Of a year that a page speaks of, in whatever form: no term has a space."""
    return hash_term(f"year {year}")


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
