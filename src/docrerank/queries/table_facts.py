"""Facts in tables: cells, changes, comparisons and extremes; and label-value lines."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from docrerank.pages import Line
from docrerank.queries.facts import Fact
from docrerank.queries.nouns import (  # fmt: skip
    head_noun,
    is_measure,
    is_plural,
    lower_title,
    names_a_thing,
    plain_name,
    singular,
    with_article,
)
from docrerank.queries.read_tables import YEAR, Row, Table, number
from docrerank.queries.vocabulary import COUNTED, EXCHANGES, LABELS

_LABEL_VALUE = re.compile(r"^(?P<label>[A-Z][A-Za-z][^:：\d]{1,45}?)[:：] ?(?P<value>\S.{1,80})$")
_TELLING = re.compile(r"\d|@|\b[A-Z]")
_BY = re.compile(r"^(?P<measure>.{4,50}?),? (?:by|per) .{3,40}$")
_REGIONS = frozenset(word.lower() for row in EXCHANGES["region"] for word in row)
_SEGMENTS = frozenset(word.lower() for row in EXCHANGES["segment"] for word in row)
_NAMES = frozenset(word.split()[0].lower() for row in EXCHANGES["entity"] for word in row)


def table_facts(table: Table) -> Iterator[Fact]:
    """Yield what a table states, of rows and columns whose names can stand in a question."""
    rows = [row for row in table.rows if names_a_thing(row.label)]
    groups = table.groups or ("",) * len(table.columns)
    for at, (column, group) in enumerate(zip(table.columns, groups, strict=True)):
        told = [row for row in rows if column and _amount(row, at) is not None]
        if YEAR.fullmatch(column):
            yield from _year_facts(table, told, at, column, group)
        elif column:
            yield from _member_facts(table, told, at, column)
    for group in dict.fromkeys(groups):
        dated = {
            column: at for at, column in enumerate(table.columns) if YEAR.fullmatch(column) and groups[at] == group
        }
        for row in rows:
            yield from _series_facts(table, row, sorted(dated.items()), group)


def read_label(line: Line) -> Fact | None:
    """A `label: value` line as a fact, if the label is one that people ask for: a phone number, a fee, a deadline."""
    match = _LABEL_VALUE.match(line.text.strip())
    if match is None or not _TELLING.search(match["value"]) or len(line.cells) > 2:
        return None
    label = match["label"].strip()
    if len(label.split()) > 4 or head_noun(label) not in LABELS or not names_a_thing(label):
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
    if is_measure(label):
        return "metric"
    words = [word for word in label.split() if word[:1].isalpha() and word not in ("and", "of", "the", "for")]
    return "entity" if len(words) > 1 and all(word[0].isupper() for word in words) else "metric"


def lower_first(label: str) -> str:
    """A label inside a question: capitals that only the cell gave go."""
    named = label.split()[0].lower().removesuffix("'s") in _NAMES | _REGIONS
    return lower_title(label) if property_of(label) == "metric" and not named else label


def _year_facts(table: Table, rows: Sequence[Row], at: int, year: str, group: str) -> Iterator[Fact]:
    """What was what in one year, alone and against the row below."""
    measures = [row for row in rows if is_measure(row.label)]
    for row in measures:
        yield _dated(table, row, row.values[at], year, group)
    for one, other in pairwise(measures) if not group else ():
        yield from _compare(one, other, at, year)
    measure = title_measure(table.title)
    for row in rows if measure and not group else ():
        if not is_measure(row.label) and property_of(row.label) != "metric":
            parts = {"measure": measure, "member": row.label, "year": year, "be": _be(measure)}
            properties = {"measure": "metric", "member": property_of(row.label)}
            yield Fact("member_year", _value(row, at), row.evidence, parts, properties)


def _dated(table: Table, row: Row, value: str, year: str, group: str) -> Fact:
    label = lower_first(row.label)
    label = f"number of {label}" if group and _is_count(label, row, value) else label
    when = f"{table.span} {year}" if table.span == "fiscal year" else f"{table.span}, {year}" if table.span else ""
    parts = {"row": label, "the row": with_article(label), "year": year, "be": _be(label), "when": when}
    parts["unit"] = table.unit if "%" not in value and _is_money(row) else ""
    if not group:
        kind = "count_year" if _is_count(label, row, value) else "cell_year"
        return Fact(kind, value.strip("$ "), row.evidence, parts, {"row": "metric"})
    properties = {"row": "metric", "group": property_of(group)}
    return Fact("group_year", value.strip("$ "), row.evidence, {**parts, "group": group}, properties)


def _compare(one: Row, other: Row, at: int, year: str) -> Iterator[Fact]:
    """Which of two neighbouring measures of one kind was higher."""
    first, second = _amount(one, at), _amount(other, at)
    alike = ("%" in one.values[at]) == ("%" in other.values[at]) and head_noun(one.label) == head_noun(other.label)
    if alike and first is not None and second is not None and first > 0 < second and first != second:
        names = [lower_first(row.label) for row in (one, other)]
        if not any("total" in name for name in names):
            parts = {"one": names[0], "other": names[1], "year": year}
            answer = f"{names[first < second]} ({one.values[at]} and {other.values[at]})"
            yield Fact(
                "versus", answer, f"{one.evidence} {other.evidence}", parts, {"one": "metric", "other": "metric"}
            )


def _series_facts(table: Table, row: Row, dated: Sequence[tuple[str, int]], group: str) -> Iterator[Fact]:
    """How a measure went over the years: change, direction, the year of its height, the year of a value."""
    values = [_amount(row, at) for _, at in dated]
    if len(dated) < 2 or not is_measure(row.label) or any(value is None for value in values) or group:
        return
    label = lower_first(row.label)
    first, last = dated[0], dated[-1]
    answer = f"{row.values[first[1]]} to {row.values[last[1]]}"
    parts = {"row": label, "the row": with_article(label), "be": _be(label), "first": first[0], "last": last[0]}
    parts["unit"] = table.unit if "%" not in row.evidence and _is_money(row) else ""
    properties = {"row": "metric"}
    numbers = [value for value in values if value is not None]
    for kind in ("cell_change", "cell_percent") if "%" not in row.evidence and numbers[0] > 0 else ("cell_change",):
        yield Fact(kind, answer, row.evidence, parts, properties)
    if len(numbers) > 2:
        yield Fact("cell_average", ", ".join(row.values[at] for _, at in dated), row.evidence, parts, properties)
    if numbers[0] != numbers[-1] and min(numbers) > 0:
        yield Fact("rose", answer, row.evidence, parts, properties)
    best = dated[numbers.index(max(numbers))]
    if len(dated) > 2 and numbers.count(max(numbers)) == 1:
        yield Fact("peak", best[0], row.evidence, parts, properties)
    amount = _written(row.values[best[1]], table.unit if _is_money(row) else "")
    if amount and min(numbers) > 0 and len(set(numbers)) == len(numbers):
        yield Fact("year_of", best[0], row.evidence, {**parts, "amount": amount}, {**properties, "amount": "value"})


def _written(value: str, unit: str) -> str:
    """A share or an amount of money as a question names it: `21%`, `$1,234 million`; else nothing."""
    value = value.replace(" ", "")
    scale = unit.partition(" of ")[0].removesuffix("s")
    return (
        value
        if "%" in value
        else f"${value.strip('$')} {scale}"
        if unit in ("millions of dollars", "billions of dollars")
        else ""
    )


def _member_facts(table: Table, rows: Sequence[Row], at: int, column: str) -> Iterator[Fact]:
    """A measure of what has it: the one in the column's head, the other in the row's label."""
    for row in rows:
        of_row, value = property_of(row.label), _value(row, at)
        if is_measure(column) and not is_measure(row.label) and len(table.rows) > 1:
            yield _cell(value, row, lower_first(column), row.label, of_row)
        elif is_measure(row.label) and property_of(column) in ("region", "segment", "entity"):
            yield _cell(value, row, lower_first(row.label), column, property_of(column))
        elif "%" in value and property_of(column) in ("region", "segment"):
            parts = {"measure": lower_first(row.label), "member": column}
            yield Fact("share", value, row.evidence, parts, {"measure": of_row, "member": property_of(column)})
    if is_measure(column):
        number_of = "number of " if head_noun(column) in COUNTED else ""
        yield from _extreme(table, rows, at, number_of + lower_first(column))


def _cell(value: str, row: Row, measure: str, member: str, of_member: str) -> Fact:
    parts = {
        "measure": with_article(measure),
        "bare": measure,
        "member": member,
        "be": "are" if is_plural(measure) else "is",
    }
    member_is = "entity" if of_member == "metric" else of_member
    kind = "cell_count" if _is_count(measure, row, value) else "cell"
    return Fact(kind, value, row.evidence, parts, {"bare": "metric", "member": member_is})


def _is_money(row: Row) -> bool:
    """Whether the table's unit holds for a row: amounts of money, not counts, and none for each share."""
    return "$" in row.evidence and head_noun(row.label) not in COUNTED and " per " not in row.label


def _is_count(label: str, row: Row, value: str) -> bool:
    """Whether a number counts things: no money, no share, and no decimals."""
    return head_noun(label) in COUNTED and not any(sign in row.evidence for sign in "$€£%") and "." not in value


def _extreme(table: Table, rows: Sequence[Row], at: int, column: str) -> Iterator[Fact]:
    """Which row is highest, of three or more of one kind; never a total."""
    rows = [row for row in rows if "total" not in row.label.lower() and not is_measure(row.label)]
    values = [_amount(row, at) or 0.0 for row in rows]
    if len(rows) < 3 or len({"%" in row.values[at] for row in rows}) > 1 or values.count(max(values)) > 1:
        return
    best = rows[values.index(max(values))]
    if table.stub:
        kind = singular(lower_title(table.stub))
        yield Fact("top", best.label, best.evidence, {"kind": kind, "column": column}, {"column": "metric"})
    first, second = rows[0], rows[1]
    if values[0] != values[1] and min(values[:2]) > 0:
        parts = {
            "one": first.label,
            "other": second.label,
            "column": column,
            "the column": with_article(column),
            "be": "are" if is_plural(column) else "is",
        }
        answer = f"{(first if values[0] > values[1] else second).label} ({first.values[at]} and {second.values[at]})"
        evidence = f"{first.evidence} {second.evidence}"
        yield Fact("higher", answer, evidence, parts, {"column": "metric", "one": property_of(first.label)})


def title_measure(title: str) -> str:
    """The measure that a table's title names: `net sales` of `Net sales by region`; empty if it names none."""
    match = _BY.match(plain_name(title))
    words = match["measure"] if match else plain_name(title)
    return lower_first(words) if names_a_thing(words) and is_measure(words) and len(words.split()) <= 5 else ""


def _amount(row: Row, at: int) -> float | None:
    return number(row.values[at])


def _value(row: Row, at: int) -> str:
    return row.values[at].strip("$ ")


def _be(label: str) -> str:
    return "were" if is_plural(label) else "was"
