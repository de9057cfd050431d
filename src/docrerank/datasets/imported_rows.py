"""Rows of a published set as queries; every fault is told, with what was left out for it."""

from __future__ import annotations

import typing
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from docrerank.datasets.released import FIELDS, PLURALS, Role
from docrerank.queries import normalise
from docrerank.records import Query
from docrerank.records.query import Form, Kind

#: A longer text is no question.
MAX_CHARACTERS = 4_000
_FORMS = typing.get_args(Form)
_KINDS: dict[Role, Kind] = {"positive": "positive", "rephrased": "rephrased", "negative": "hard_negative"}
_TEXTS = {"rephrased": "rephrased_queries", "negative": "negative_queries"}


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a row; `reason` is a fixed phrase."""

    reason: str
    detail: str


@dataclass(slots=True)
class _Reader:
    """One row, its page's id, and who wrote what nobody signed."""

    row: Mapping[str, Any]
    page_id: str
    writer: str
    faults: list[Fault]

    def read(self) -> Iterator[Query]:
        texts = _listed(self.row.get("positive_queries"))
        if not texts:
            self.faults.append(Fault("no positive query", "its hard negatives, if any, were left out with it"))
        elif not isinstance(self.row.get("answer"), str) and len(self._top("answer", texts)) != len(texts):
            self.faults.append(Fault("answers do not match positives", f"{len(texts)} positives, other answers"))
        said = {normalise(text) for text in texts if text}
        for place, text in enumerate(texts):
            if not self._is_query("positive", text):
                continue
            positive = self._build("positive", text, place)
            yield positive
            for role in ("rephrased", "negative"):
                for number, other in enumerate(self._below(role, place, len(texts))):
                    if not self._is_query(role, other):
                        continue
                    if role == "negative" and normalise(other) in said:
                        self.faults.append(Fault("hard negative has a positive's words", other))
                        continue
                    yield self._build(role, other, place, number)

    def _below(self, role: Role, place: int, positives: int) -> list[Any]:
        """The texts of a role under one positive."""
        value = self.row.get(_TEXTS[role])
        if not isinstance(value, list) or not value:
            return []
        if any(isinstance(entry, str) for entry in value):
            value = [value]
        if len(value) != positives:
            if not place:
                name = "negatives" if role == "negative" else "rephrasings"
                detail = f"{positives} positives, {len(value)} lists of {name}: all {name} of the row were left out"
                self.faults.append(Fault(f"{name} do not match positives", detail))
            return []
        return value[place] or []

    def _is_query(self, role: str, text: Any) -> bool:
        if not isinstance(text, str) or not text.strip():
            self.faults.append(Fault("empty query", f"a {role} query is {'missing' if text is None else 'empty'}"))
        elif len(text) > MAX_CHARACTERS:
            self.faults.append(Fault("query too long", f"{len(text)} characters: {text[:80]}..."))
        else:
            return True
        return False

    def _build(self, role: Role, text: str, place: int, number: int | None = None) -> Query:
        form: Form = "question" if text.rstrip().endswith("?") else "keywords"
        given = {name: self._cell(role, name, place, number) for name in FIELDS[role]}
        if role == "positive":
            answers = [self.row["answer"]] if isinstance(self.row.get("answer"), str) else self._top("answer", [])
            given["answer"] = answers[place] if place < len(answers) else None
        kept: dict[str, Any] = {
            name: tuple(value) if name == "answered_by" else value for name, value in given.items() if value
        }
        kept.setdefault("writer", self.writer)
        kept["form"] = kept["form"] if kept.get("form") in _FORMS else form
        return Query(**{"id": "", **kept}, page_id=self.page_id, text=text, kind=_KINDS[role])

    def _top(self, name: str, otherwise: list[Any]) -> list[Any]:
        value = self.row.get(name)
        return value if isinstance(value, list) else otherwise

    def _cell(self, role: Role, name: str, place: int, number: int | None) -> Any:
        column = self.row.get(f"{role}_{PLURALS[name]}")
        for index in (place,) if number is None else (place, number):
            if not isinstance(column, list) or index >= len(column):
                return None
            column = column[index]
        return column


def parse_queries(row: Mapping[str, Any], page_id: str, writer: str) -> tuple[list[Query], list[Fault]]:
    """The queries of a row: positives, each followed by its rephrasings and hard negatives.

    Ids that the set gives are kept if they are ids of this page and each is there once; else all are numbered.

    Args:
        row: columns of the released schema, and docrerank's own where the set has them.
        page_id: the page's id in the run.
        writer: put down where the set names no writer.

    Example:
        >>> row = {"positive_queries": ["What was 2020?"], "negative_queries": [["What was 2019?", ""]]}
        >>> queries, faults = parse_queries(row, "a/1", "imported a")
        >>> [(query.id, query.kind, query.source_id) for query in queries], faults[0].reason
        ([('a/1#0', 'positive', ''), ('a/1#1', 'hard_negative', 'a/1#0')], 'empty query')
    """
    faults: list[Fault] = []
    queries = list(_Reader(row, page_id, writer, faults).read())
    ids = [query.id for query in queries]
    if len(set(ids)) != len(ids) or not all(key.startswith(f"{page_id}#") for key in ids):
        queries = [replace(query, id=f"{page_id}#{serial}") for serial, query in enumerate(queries)]
    return list(_link(queries)), faults


def _link(queries: list[Query]) -> Iterator[Query]:
    """Give every rephrasing and hard negative the id of the positive before it."""
    source = ""
    for query in queries:
        if query.kind == "positive":
            source = query.id
            yield query
        else:
            yield replace(query, source_id=source)


def _listed(value: Any) -> list[Any]:
    """The positives of a row: a list, or one alone."""
    return [value] if isinstance(value, str) else value if isinstance(value, list) else []
