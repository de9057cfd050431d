"""A page with all that was asked of it: what every form of a training set is written from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from docrerank.records import Page, Query
from docrerank.runs import Run

ORPHAN = "its positive is not in the run"
ANSWERED = "its page answers it"
SAME_TEXT = "its words are a positive of its page"


@dataclass(slots=True)
class Family:
    """A positive with its rephrasings, its hard negatives, and the pages mined for it (ids, the closest first)."""

    positive: Query
    rephrased: list[Query] = field(default_factory=list)
    negatives: list[Query] = field(default_factory=list)
    mined: tuple[str, ...] = ()

    def wordings(self) -> list[Query]:
        """All queries of the family that the page answers."""
        return [self.positive, *self.rephrased]


@dataclass(slots=True)
class Sheet:
    """One page and its families; votes are (yes, no) of the judges by query id."""

    page: Page
    families: list[Family]
    votes: dict[str, tuple[int, int]] = field(default_factory=dict)


def read_sheets(run: Run, document: str, left_out: Counter[str] | None = None) -> Iterator[Sheet]:
    """Yield a document's pages in order, each with its queries; pages without a query have no family.

    A hard negative never stays one on a page that answers it: by its own `answered_by`, or because a positive of
    the page has the same words. What is left out for that, and what has lost its positive, is counted in `left_out`.
    """
    queries = list(run.queries.read(document))
    votes = count_votes(run, document)
    families = find_families(queries, left_out if left_out is not None else Counter())
    for page in run.pages.read(document):
        own = families.get(page.id, [])
        asked = {query.id for family in own for query in (*family.wordings(), *family.negatives)}
        yield Sheet(page, own, {key: votes[key] for key in asked & votes.keys()})


def find_families(queries: Iterable[Query], left_out: Counter[str]) -> dict[str, list[Family]]:
    """Families by page id, in the order of their positives."""
    kept = list(queries)
    by_id = {query.id: Family(query) for query in kept if query.kind == "positive"}
    said = {(query.page_id, flatten(query.text)) for query in kept if query.kind != "hard_negative"}
    for query in kept:
        if query.kind == "positive":
            continue
        if query.source_id not in by_id or by_id[query.source_id].positive.page_id != query.page_id:
            left_out[ORPHAN] += 1
        elif query.kind == "rephrased":
            by_id[query.source_id].rephrased.append(query)
        elif query.page_id in query.answered_by:
            left_out[ANSWERED] += 1
        elif (query.page_id, flatten(query.text)) in said:
            left_out[SAME_TEXT] += 1
        else:
            by_id[query.source_id].negatives.append(query)
    pages: dict[str, list[Family]] = {}
    for family in by_id.values():
        pages.setdefault(family.positive.page_id, []).append(family)
    return pages


def count_votes(run: Run, document: str) -> dict[str, tuple[int, int]]:
    """Query id to how many verdicts said that its page answers it, and how many that it does not."""
    votes: dict[str, tuple[int, int]] = {}
    for verdict in run.verdicts.read(document):
        yes, no = votes.get(verdict.query_id, (0, 0))
        votes[verdict.query_id] = (yes + verdict.answerable, no + (not verdict.answerable))
    return votes


def flatten(text: str) -> str:
    """A query without its case and spacing: two that differ in these alone are one."""
    return " ".join(text.casefold().split())


class MinedRows:
    """The mined pages of a run by document, in Arrow's memory: some tens of bytes for each.

    Args:
        run: its `mined` part may be missing.
    """

    def __init__(self, run: Run) -> None:
        tables = [_read_table(run, name) for name in run.mined.names()]
        self._table = pa.concat_tables(tables) if tables else None
        self._bounds: dict[str, tuple[int, int]] = {}
        if self._table is not None and len(self._table):
            self._sort()

    def of(self, document: str) -> Mapping[str, tuple[str, ...]]:
        """Positive's id to the ids of its mined pages, the closest first."""
        if self._table is None or document not in self._bounds:
            return {}
        start, stop = self._bounds[document]
        found: dict[str, list[tuple[int, str]]] = {}
        for row in self._table.slice(start, stop - start).to_pylist():
            found.setdefault(row["query_id"], []).append((row["rank"], row["page_id"]))
        return {key: tuple(page for _, page in sorted(rows)) for key, rows in found.items()}

    def _sort(self) -> None:
        assert self._table is not None
        heads = pc.list_element(pc.split_pattern(self._table["query_id"], "/", max_splits=1), 0)
        codes = pc.dictionary_encode(heads).combine_chunks()
        codes = codes if isinstance(codes, pa.DictionaryArray) else codes.chunk(0)
        numbers = codes.indices.to_numpy(zero_copy_only=False)
        order = np.argsort(numbers, kind="stable")
        self._table = self._table.take(pa.array(order)).combine_chunks()
        ends = np.cumsum(np.bincount(numbers, minlength=len(codes.dictionary)))
        starts = [0, *ends[:-1].tolist()]
        names = codes.dictionary.to_pylist()
        self._bounds = dict(zip(names, zip(starts, ends.tolist(), strict=True), strict=True))


def _read_table(run: Run, name: str) -> pa.Table:
    return pq.read_table(run.mined.folder / f"{name}.parquet", columns=["query_id", "page_id", "rank"])
