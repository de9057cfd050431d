"""Training groups by id: one query and several pages (mined), or one page and several queries (generated)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from docrerank.datasets.parquet_files import ID, IDS, Columns
from docrerank.queries import Family, find_families
from docrerank.records import Query
from docrerank.runs import Run

MISSING = "its page could not be drawn"
UNKNOWN = "its page is not in the run"
ANSWERS = "a mined page that answers the query"
LABELS = pa.list_(pa.int64())
_MINED = pa.schema({"query_id": ID, "page_id": ID, "rank": pa.int64()})
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
    """A family whose mined pages may all be negatives.

    Attributes:
        family: its `mined` pages are drawn, and answer none of its wordings.
        elsewhere: (query, page id) pairs of other pages that answer: a positive's, and those for which a hard
            negative is a positive.
    """

    family: Family
    elsewhere: tuple[tuple[Query, str], ...]

    @property
    def page(self) -> str:
        """The page that the positive was written for."""
        return self.family.positive.page_id


def read_groups(run: Run, missing: Collection[str], left_out: Counter[str]) -> Iterator[FamilyGroup]:
    """Yield the families of all pages that are in a set, document by document.

    Args:
        run: the run.
        missing: pages that are not in the set.
        left_out: counts what is left out, by reason.
    """
    find_mined, known = _read_mined(run), frozenset(run.pages.column("id"))

    def find_fault(page: str) -> str:
        return MISSING if page in missing else "" if page in known else UNKNOWN

    for document in run.queries.names():
        for family in find_families(run.queries.read(document), left_out).values():
            if family.positive.page_id in missing:
                left_out[MISSING] += 1
                continue
            answering = family.answering()
            for page in find_mined(family.positive.id):
                if reason := ANSWERS if page in answering else find_fault(page):
                    left_out[reason] += 1
                else:
                    family.mined.append(page)
            queries = [*family.wordings(), *family.negatives]
            elsewhere = [(query, page) for query in queries for page in query.answered_by if page != query.page_id]
            yield FamilyGroup(family, tuple(pair for pair in elsewhere if not find_fault(pair[1])))


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


def _read_mined(run: Run) -> Callable[[str], list[str]]:
    """Give a function from a positive's id to the ids of its mined pages, the closest first.

    They stay in Arrow's memory, some tens of bytes for each: a page may be mined for queries of any document.
    """
    files = [run.mined.folder / f"{name}.parquet" for name in run.mined.names()]
    tables = [pq.read_table(file, columns=_MINED.names) for file in files]
    rows = pa.concat_tables([_MINED.empty_table(), *tables]).sort_by("rank")
    grouped = rows.group_by("query_id", use_threads=False).aggregate([("page_id", "list")])
    places = {query: place for place, query in enumerate(grouped["query_id"].to_pylist())}
    return lambda query: grouped["page_id_list"][places[query]].as_py() if query in places else []
