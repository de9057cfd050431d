"""The released schema (paper, section 2), one row a page, and the columns that docrerank adds after it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

import pyarrow as pa

from docrerank.datasets.tables import IMAGE
from docrerank.queries import Family, find_families
from docrerank.records import Page, Query
from docrerank.runs import Run

Role = Literal["positive", "rephrased", "negative"]
ROLES: tuple[Role, ...] = ("positive", "rephrased", "negative")


@dataclass(frozen=True, slots=True)
class Column:
    """A column that holds one field of a page's queries of one role.

    Attributes:
        name: of the column.
        role: whose field it is. A positive has one entry in the row's list; the others are lists of lists, one list
            for each positive, in the same order.
        field: of `Query`.
    """

    name: str
    role: Role
    field: str

    @property
    def kind(self) -> pa.DataType:
        """The Arrow type of one row."""
        cell = {"level": pa.int64(), "answered_by": pa.list_(pa.string())}.get(self.field, pa.string())
        return pa.list_(cell) if self.role == "positive" else pa.list_(pa.list_(cell))


PLURALS = {
    "id": "ids",
    "form": "forms",
    "evidence": "evidence",
    "location": "locations",
    "writer": "writers",
    "answered_by": "answered_by",
    "answer": "answers",
    "level": "levels",
    "property": "properties",
    "original": "originals",
    "edited": "edits",
}
_SHARED = ("id", "form", "evidence", "location", "writer", "answered_by")
#: What a role's records hold besides their text; other fields are empty by their definition.
FIELDS: dict[Role, tuple[str, ...]] = {
    "positive": _SHARED,
    "rephrased": (*_SHARED, "answer", "level"),
    "negative": (*_SHARED, "property", "original", "edited"),
}
RELEASED = (Column("positive_queries", "positive", "text"), Column("negative_queries", "negative", "text"))
ANSWER = Column("answer", "positive", "answer")
REPHRASED = Column("rephrased_queries", "rephrased", "text")
ADDED = tuple(Column(f"{role}_{PLURALS[name]}", role, name) for role in ROLES for name in FIELDS[role])
COLUMNS = (*RELEASED, ANSWER, REPHRASED, *ADDED)

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
_VOTES = {
    **dict.fromkeys(("positive_yes", "positive_no"), pa.list_(pa.int64())),
    **dict.fromkeys(("negative_yes", "negative_no"), pa.list_(pa.list_(pa.int64()))),
}
RELEASED_COLUMNS = {
    "image": IMAGE,
    **{column.name: column.kind for column in (*RELEASED, ANSWER)},
    **PAGE,
    **{column.name: column.kind for column in (REPHRASED, *ADDED)},
    **_VOTES,
}


@dataclass(slots=True)
class AskedPage:
    """One page and its families; votes are (yes, no) of the judges by query id, of all pages of the document."""

    page: Page
    families: list[Family]
    votes: dict[str, tuple[int, int]] = field(default_factory=dict)


def read_asked_pages(run: Run, document: str, left_out: Counter[str]) -> Iterator[AskedPage]:
    """Yield a document's pages in order, each with its queries; pages without a query have no family.

    Args:
        run: the run.
        document: of its pages.
        left_out: counts queries that are left out, by reason.
    """
    votes = count_votes(run, document)
    families: dict[str, list[Family]] = {}
    for family in find_families(run.queries.read(document), left_out).values():
        families.setdefault(family.positive.page_id, []).append(family)
    for page in run.pages.read(document):
        yield AskedPage(page, families.get(page.id, []), votes)


def count_votes(run: Run, document: str) -> dict[str, tuple[int, int]]:
    """Query id to how many verdicts said that its page answers it, and how many that it does not."""
    votes: dict[str, tuple[int, int]] = {}
    for verdict in run.verdicts.read(document):
        yes, no = votes.get(verdict.query_id, (0, 0))
        votes[verdict.query_id] = (yes + verdict.answerable, no + (not verdict.answerable))
    return votes


def build_row(asked: AskedPage, image: dict[str, Any]) -> dict[str, Any]:
    """One row of the set: the page's image, its queries, and where they come from."""
    row: dict[str, Any] = {"image": image, **describe_page(asked.page)}
    for column in COLUMNS:
        cells = [[getattr(query, column.field) for query in members(family, column.role)] for family in asked.families]
        row[column.name] = [own[0] for own in cells] if column.role == "positive" else cells
    for role in ("positive", "negative"):
        votes = [[asked.votes.get(query.id, (0, 0)) for query in members(family, role)] for family in asked.families]
        for place, word in enumerate(("yes", "no")):
            counts = [[each[place] for each in own] for own in votes]
            row[f"{role}_{word}"] = [own[0] for own in counts] if role == "positive" else counts
    return row


def describe_page(page: Page) -> dict[str, Any]:
    """The columns of `PAGE`; `word_boxes` are the boxes of the text's tokens, four numbers each."""
    values = (page.id, page.document, page.number, page.sha256, float(page.width), float(page.height), page.text)
    return dict(zip(PAGE, (*values, page.text_source, page.boxes.ravel()), strict=True))


def members(family: Family, role: Role) -> Iterable[Query]:
    """The queries of a family that have a role."""
    return {"positive": [family.positive], "rephrased": family.rephrased, "negative": family.negatives}[role]
