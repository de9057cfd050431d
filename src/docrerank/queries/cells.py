"""Facts in tables: single cells, changes between years, the largest of some rows; and label-value lines."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from docrerank.pages import Line
from docrerank.queries.facts import Fact
from docrerank.queries.tables import YEAR, Row, Table, number
from docrerank.queries.vocabulary import EXCHANGES

_LABEL_VALUE = re.compile(r"^(?P<label>[A-Z][A-Za-z][^:：\d]{1,45}?)[:：] ?(?P<value>\S.{1,80})$")
_TELLING = re.compile(r"\d|@|\b[A-Z]")
_NO_LABELS = frozenset(
    "note notes source sources figure table page http https example step warning caution tip".split()
)
_PERIOD = re.compile(r"(?:fiscal |fy ?)?(?:19|20)\d\d", re.IGNORECASE)
_REGIONS = frozenset(word.lower() for row in EXCHANGES["region"] for word in row)
_SEGMENTS = frozenset(word.lower() for row in EXCHANGES["segment"] for word in row)


def table_facts(table: Table) -> Iterator[Fact]:
    """Yield what a table states, of the columns whose names are known."""
    named = {index: name for index, name in enumerate(table.columns) if name}
    for row in table.rows:
        for index, column in named.items():
            if number(row.values[index]) is not None:
                yield _cell(table, row, index, column)
        yield from _changes(row, named)
    for index, column in named.items():
        yield from _extremes(table, index, column)


def read_label(line: Line) -> Fact | None:
    """A `label: value` line as a fact."""
    match = _LABEL_VALUE.match(line.text.strip())
    if match is None or not _TELLING.search(match["value"]):
        return None
    label = match["label"].strip()
    if len(label.split()) > 5 or label.split()[0].lower() in _NO_LABELS:
        return None
    return Fact("label", match["value"].strip(), line.text, {"label": lower_first(label)}, {"label": "metric"})


def property_of(label: str) -> str:
    """Which property a row's label or a column's header carries: a name in capitals is an entity, else a metric."""
    low = label.lower().removeprefix("the ")
    if YEAR.fullmatch(label):
        return "year"
    if low in _REGIONS:
        return "region"
    if low in _SEGMENTS:
        return "segment"
    words = [word for word in label.split() if word[:1].isalpha() and word not in ("and", "of", "the", "for")]
    return "entity" if len(words) > 1 and all(word[0].isupper() for word in words) else "metric"


def lower_first(label: str) -> str:
    """A label inside a question: a capital that only the cell's start gave goes."""
    first, space, rest = label.partition(" ")
    common = first[1:].islower() and (not rest or rest[0].islower() or rest[0] == "(")
    return first.lower() + space + rest if common and property_of(label) == "metric" else label


def _cell(table: Table, row: Row, index: int, column: str) -> Fact:
    """One cell, asked for by its measure and period, or by its measure and what has it (a region, a product)."""
    label, of_row = lower_first(row.label), property_of(row.label)
    value = row.values[index].strip("$ ")
    if _PERIOD.fullmatch(column):
        if of_row == "metric":
            return _fact("cell_year", value, row, {"row": label, "year": column}, {"row": of_row})
        return _fact("member_year", value, row, {"row": label, "year": column, "title": table.title}, {"row": of_row})
    of_column = property_of(column)
    if of_row == "metric" and of_column != "metric":
        parts, properties = {"measure": label, "member": column}, {"measure": "metric", "member": of_column}
    else:
        parts = {"measure": lower_first(column), "member": label}
        properties = {"measure": of_column, "member": of_row}
    return _fact("share" if "%" in value else "cell", value, row, parts, properties)


def _changes(row: Row, named: Mapping[int, str]) -> Iterator[Fact]:
    """How a row went from its first year to its last."""
    dated = sorted((YEAR.findall(name)[0], index) for index, name in named.items() if _PERIOD.fullmatch(name))
    if len({year for year, _ in dated}) < 2 or any(number(row.values[index]) is None for _, index in dated):
        return
    (first, before), (last, after) = dated[0], dated[-1]
    answer = f"{row.values[before]} to {row.values[after]}"
    parts = {"row": lower_first(row.label), "first": first, "last": last}
    yield _fact("cell_change", answer, row, parts, {"row": property_of(row.label)})


def _extremes(table: Table, index: int, column: str) -> Iterator[Fact]:
    """Which of three rows is highest: only of rows of one kind, and never a total."""
    rows = [row for row in table.rows if number(row.values[index]) is not None and "total" not in row.label.lower()]
    kinds = {(property_of(row.label), "%" in row.values[index]) for row in rows}
    if len(rows) < 3 or len(kinds) > 1 or kinds == {("metric", False)}:
        return
    values = [number(row.values[index]) or 0.0 for row in rows[:3]]
    if values.count(max(values)) > 1:
        return
    best = rows[values.index(max(values))]
    names = [lower_first(row.label) for row in rows[:3]]
    parts = {"choices": f"{names[0]}, {names[1]} or {names[2]}", "column": column, "title": table.title}
    yield _fact("extreme", best.label, best, parts, {"column": property_of(column)})


def _fact(kind: str, answer: str, row: Row, parts: Mapping[str, str], properties: Mapping[str, str]) -> Fact:
    return Fact(kind, answer, row.evidence, parts, properties)
