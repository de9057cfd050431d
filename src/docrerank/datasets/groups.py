"""Training groups by id: one query and several pages (mined), or one page and several queries (generated)."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from docrerank.datasets.tables import ID, IDS, Columns
from docrerank.queries import Family, find_families
from docrerank.records import Query
from docrerank.runs import Run

MISSING = "its page could not be drawn"
UNKNOWN = "its page is not in the run"
OTHER_SPLIT = "its page is in the other split"
ANSWERS = "a mined page that answers the query"
LABELS = pa.list_(pa.int64())
#: The tables of each form and their columns, in the order in which a loss reads them.
GROUP_TABLES: dict[str, dict[str, Columns]] = {
    "triplet": {
        "mined": {"query_id": ID, "positive_id": ID, "negative_id": ID},
        "generated": {"page_id": ID, "positive_id": ID, "negative_id": ID},
    },
    "labeled-list": {
        "mined": {"query_id": ID, "page_ids": IDS, "labels": LABELS},
        "generated": {"page_id": ID, "query_ids": IDS, "labels": LABELS},
    },
}


@dataclass(frozen=True, slots=True)
class FamilyGroup:
    """A family whose mined pages may all be negatives, with the split that its document is in.

    Attributes:
        split: `train` or `dev`.
        family: its `mined` pages are drawn, in the same split, and answer none of its wordings.
        elsewhere: (query, page id) pairs of other pages that answer: a positive's, and those for which a hard
            negative is a positive.
    """

    split: str
    family: Family
    elsewhere: tuple[tuple[Query, str], ...]

    @property
    def page(self) -> str:
        """The page that the positive was written for."""
        return self.family.positive.page_id


@dataclass(slots=True)
class GroupReader:
    """Reads a run's families document by document.

    Args:
        run: the run.
        dev: documents of the dev split.
        missing: pages that are not in the set.
        left_out: counts what is left out, by reason.
    """

    run: Run
    dev: Collection[str] = ()
    missing: Collection[str] = ()
    left_out: Counter[str] = field(default_factory=Counter)
    _known: frozenset[str] = frozenset()

    def read(self) -> Iterator[FamilyGroup]:
        """Yield every family of a page that is in the set."""
        table = _MinedTable(self.run)
        self._known = frozenset(self.run.pages.column("id"))
        for document in self.run.queries.names():
            mined = table.of(document)
            for family in find_families(self.run.queries.read(document), self.left_out).values():
                if family.positive.page_id in self.missing:
                    self.left_out[MISSING] += 1
                else:
                    yield self._build(family, mined.get(family.positive.id, []))

    def split_of(self, page_id: str) -> str:
        """The split of a page's document."""
        return "dev" if page_id.rpartition("/")[0] in self.dev else "train"

    def _build(self, family: Family, mined: Sequence[str]) -> FamilyGroup:
        answering, split = family.answering(), self.split_of(family.positive.page_id)
        for page in mined:
            if reason := ANSWERS if page in answering else self._find_fault(page, split):
                self.left_out[reason] += 1
            else:
                family.mined.append(page)
        queries = [*family.wordings(), *family.negatives]
        elsewhere = [(query, page) for query in queries for page in query.answered_by if page != query.page_id]
        return FamilyGroup(split, family, tuple(pair for pair in elsewhere if not self._find_fault(pair[1], split)))

    def _find_fault(self, page: str, split: str) -> str:
        if page in self.missing:
            return MISSING
        if page not in self._known:
            return UNKNOWN
        return "" if self.split_of(page) == split else OTHER_SPLIT


def build_rows(form: str, group: FamilyGroup, negatives: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield (table, row) for one family; every wording of its positive makes groups of its own.

    Args:
        form: `triplet` or `labeled-list`.
        group: the family.
        negatives: of a labelled list, at most.
    """
    for wording in group.family.wordings():
        mined = ("mined", "query_id", "page_ids", wording.id, group.page, group.family.mined)
        queries = [query.id for query in group.family.negatives]
        generated = ("generated", "page_id", "query_ids", group.page, wording.id, queries)
        for table, anchor_name, name, anchor, positive, others in (mined, generated):
            if form == "triplet":
                for other in others:
                    yield table, {anchor_name: anchor, "positive_id": positive, "negative_id": other}
            elif ids := others[:negatives]:
                yield table, {anchor_name: anchor, name: [positive, *ids], "labels": [1, *[0] * len(ids)]}


def judge_queries(group: FamilyGroup) -> Iterator[tuple[Query, dict[str, int]]]:
    """Yield the queries that some page answers, with the pages judged: 1 if it answers, 0 if it is known not to.

    A hard negative is one of them only if another page answers it; its own page is then judged 0.
    """
    elsewhere: dict[str, list[str]] = {}
    for query, page in group.elsewhere:
        elsewhere.setdefault(query.id, []).append(page)
    for query in group.family.wordings():
        yield query, dict.fromkeys([group.page, *elsewhere.get(query.id, [])], 1)
    for query in group.family.negatives:
        if query.id in elsewhere:
            yield query, {**dict.fromkeys(elsewhere[query.id], 1), group.page: 0}


_MINED = pa.schema({"query_id": ID, "page_id": ID, "rank": pa.int64()})


class _MinedTable:
    """The mined pages of a run by document, in Arrow's memory: some tens of bytes for each."""

    def __init__(self, run: Run) -> None:
        files = [run.mined.folder / f"{name}.parquet" for name in run.mined.names()]
        tables = [pq.read_table(file, columns=_MINED.names) for file in files]
        table = pa.concat_tables([_MINED.empty_table(), *tables])
        documents = pc.list_element(pc.split_pattern(table["query_id"], "/", max_splits=1), 0)
        table = table.append_column("document", documents)
        self._table = table.sort_by([("document", "ascending"), ("rank", "ascending")])
        counted = pc.value_counts(self._table["document"])
        names, counts = counted.field("values").to_pylist(), counted.field("counts").to_numpy(zero_copy_only=False)
        self._bounds = dict(zip(names, zip(np.cumsum(counts) - counts, counts, strict=True), strict=True))

    def of(self, document: str) -> dict[str, list[str]]:
        """Positive's id to the ids of its mined pages, the closest first."""
        found: dict[str, list[str]] = defaultdict(list)
        start, count = self._bounds.get(document, (0, 0))
        for row in self._table.slice(int(start), int(count)).to_pylist():
            found[row["query_id"]].append(row["page_id"])
        return found
