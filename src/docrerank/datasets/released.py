"""The released schema (paper, section 2), one row a page, and the columns that docrerank adds after it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pyarrow as pa

from docrerank.datasets.parquet_files import IMAGE
from docrerank.queries import Family, find_families
from docrerank.records import Page, Query
from docrerank.runs import Run, schema_of

_TEXTS = pa.list_(pa.string())
#: The columns of texts that a set may have: a list for each page, or a list for each positive.
TEXT_COLUMNS = {
    "positive_queries": _TEXTS,
    "negative_queries": pa.list_(_TEXTS),
    "answer": _TEXTS,
    "rephrased_queries": pa.list_(_TEXTS),
}
#: All that a run knows of a query but its page, and how many verdicts say that the page answers it, and how many not.
_RECORD = pa.struct(
    [*(field for field in schema_of(Query) if field.name != "page_id"), ("yes", pa.int64()), ("no", pa.int64())]
)
PAGE = {
    "page_id": pa.string(),
    "document": pa.string(),
    "page_number": pa.int64(),
    "sha256": pa.string(),
    "width": pa.float64(),
    "height": pa.float64(),
    "page_text": pa.string(),
    "text_source": pa.string(),
    "word_boxes": pa.list_(pa.float32()),
}
RELEASED_COLUMNS = {"image": IMAGE, **TEXT_COLUMNS, **PAGE, "queries": pa.list_(_RECORD)}


def read_rows(run: Run, document: str, left_out: Counter[str]) -> Iterator[tuple[Page, dict[str, Any]]]:
    """Yield a document's pages that have a positive, in order, each with its row of the set, image aside.

    Args:
        run: the run.
        document: of its pages.
        left_out: counts queries that are left out, by reason.
    """
    votes: dict[str, tuple[int, int]] = {}
    for verdict in run.verdicts.read(document):
        yes, no = votes.get(verdict.query_id, (0, 0))
        votes[verdict.query_id] = (yes + verdict.answerable, no + (not verdict.answerable))
    families: dict[str, list[Family]] = {}
    for family in find_families(run.queries.read(document), left_out).values():
        families.setdefault(family.positive.page_id, []).append(family)
    for page in run.pages.read(document):
        if page.id in families:
            yield page, build_row(page, families[page.id], votes)


def build_row(page: Page, families: Sequence[Family], votes: Mapping[str, tuple[int, int]]) -> dict[str, Any]:
    """One row of the set without its image: the page, its queries, and where they come from.

    Args:
        page: the page.
        families: of its queries.
        votes: (yes, no) of the judges by query id.
    """
    queries = [query for family in families for query in (*family.wordings(), *family.negatives)]
    return {
        "positive_queries": [family.positive.text for family in families],
        "negative_queries": [[query.text for query in family.negatives] for family in families],
        "answer": [family.positive.answer for family in families],
        "rephrased_queries": [[query.text for query in family.rephrased] for family in families],
        **describe_page(page),
        "queries": [_describe(query, *votes.get(query.id, (0, 0))) for query in queries],
    }


def describe_page(page: Page) -> dict[str, Any]:
    """The columns of `PAGE`; `word_boxes` are the boxes of the text's tokens, four numbers each."""
    values = (page.id, page.document, page.number, page.sha256, float(page.width), float(page.height), page.text)
    return dict(zip(PAGE, (*values, page.text_source, page.boxes.ravel()), strict=True))


def _describe(query: Query, yes: int, no: int) -> dict[str, Any]:
    own = {field.name: getattr(query, field.name) for field in _RECORD if field.name not in ("yes", "no")}
    return {**own, "yes": yes, "no": no}
