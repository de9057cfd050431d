"""Facts in tables: rows under year or category headers, label-value pairs, and what a comparison of cells tells."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from docrerank.pages import Line
from docrerank.queries.facts import Fact
from docrerank.queries.vocabulary import EXCHANGES

MAX_LABEL_WORDS = 12
MAX_COLUMNS = 12

_VALUE = re.compile(
    r"^[($€£–—-]{0,3} ?[$€£]? ?\d[\d,]{0,15}(?:\.\d{1,4})?\)? ?(?:%|x|pts|[MBK]|million|billion)?\)?[*†]?$"
)
_LEADERS = re.compile(r"(?:[ .]\.){3,}[ .]*$|\.{3,}$|[:：]$")
_YEAR = re.compile(r"\b(?:19|20)\d\d\b")
_LETTER = re.compile(r"[A-Za-z]{2}")
_NOTE_MARK = re.compile(r"\s?\(\d{1,2}\)$|[*†‡]$")
_LABEL_VALUE = re.compile(r"^(?P<label>[A-Z][A-Za-z][^:：\d]{1,45}?)[:：] ?(?P<value>\S.{1,80})$")
_TRAILING = re.compile(
    r"^(?P<label>.{3,90}?)(?P<values>(?:\s+[($€£–—-]{0,3}\d[\d,]{0,15}(?:\.\d{1,4})?\)?%?\)?){2,12})$"
)
_SIGNS = frozenset(("$", "€", "£", ")", "%", ")%"))
_SMALL_REGIONS = frozenset(word.lower() for row in EXCHANGES["region"] for word in row)
_SMALL_SEGMENTS = frozenset(word.lower() for row in EXCHANGES["segment"] for word in row)


@dataclass(frozen=True, slots=True)
class Row:
    """A table row: its label, the values of its columns and the line it stands on."""

    label: str
    values: tuple[str, ...]
    evidence: str


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under one header; `columns` has as many entries as each row has values."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]


def read_tables(lines: Sequence[Line]) -> Iterator[Table]:
    """Yield the tables of a page: runs of rows with equally many values, under the header found above them."""
    run: list[Row] = []
    header: list[Line] = []
    for line in lines:
        row = read_row(line)
        if row is not None and run and len(row.values) != len(run[-1].values):
            yield from _close(run, header)
            run = []
        if row is not None:
            run.append(row)
        elif run and _is_interruption(line):
            continue
        else:
            yield from _close(run, header)
            header = [*header[-5:], line] if not run else [line]
            run = []
    yield from _close(run, header)


def read_row(line: Line) -> Row | None:
    """A line as a table row: a label with letters, then values; None if it is something else."""
    texts = [cell.text for cell in line.cells]
    rest, values = _split_row(texts)
    if not values and len(texts) == 1 and (match := _TRAILING.match(texts[0])):
        rest, values = match["label"], _split_values(match["values"])
    label = clean_label(rest)
    if not _LETTER.search(label) or not 1 <= len(values) <= MAX_COLUMNS or len(label.split()) > MAX_LABEL_WORDS:
        return None
    return Row(label, tuple(values), line.text)


def clean_label(text: str) -> str:
    """A row label without leader dots, footnote marks and a trailing currency sign."""
    text = _LEADERS.sub("", text.strip().rstrip("$€£ ")).strip()
    return _NOTE_MARK.sub("", text).strip(" .:•–-")


def table_facts(table: Table) -> Iterator[Fact]:
    """Yield what a table states: single cells, changes between years, and the largest of a column."""
    named = [(index, name) for index, name in enumerate(table.columns) if name]
    for row in table.rows:
        for index, column in named:
            yield _cell(table, row, index, column)
        yield from _changes(table, row, named)
    for index, column in named:
        yield from _extremes(table, index, column)


def read_label(line: Line) -> Fact | None:
    """A `label: value` line as a fact."""
    match = _LABEL_VALUE.match(line.text.strip())
    if match is None or len(match["label"].split()) > 5 or not re.search(r"\d|@|\b[A-Z]", match["value"]):
        return None
    label = match["label"].strip()
    return Fact("label", match["value"].strip(), line.text, {"label": _lower(label)}, {_lower(label): "metric"})


def property_of(label: str) -> str:
    """Which property a row's label or a column's header carries."""
    low = label.lower()
    if _YEAR.search(label):
        return "year"
    if low in _SMALL_REGIONS or low.removeprefix("the ") in _SMALL_REGIONS:
        return "region"
    if low in _SMALL_SEGMENTS:
        return "segment"
    capitals = sum(word[:1].isupper() for word in label.split())
    return "entity" if capitals > 1 and capitals == len(label.split()) else "metric"


def _cell(table: Table, row: Row, index: int, column: str) -> Fact:
    value, label = row.values[index], _lower(row.label)
    kind = "cell_year" if _YEAR.search(column) else "cell_share" if "%" in value else "cell"
    properties = {label: property_of(row.label), column: property_of(column)}
    return Fact(
        kind, value.strip("$ "), row.evidence, {"row": label, "column": column, "title": table.title}, properties
    )


def _changes(table: Table, row: Row, named: list[tuple[int, str]]) -> Iterator[Fact]:
    dated = [(int(match.group()), index) for index, name in named if (match := _YEAR.search(name))]
    if len({year for year, _ in dated}) < 2 or number(row.values[dated[0][1]]) is None:
        return
    (last, at), (first, before) = max(dated), min(dated)
    answer = f"{row.values[before]} to {row.values[at]}"
    parts = {"row": _lower(row.label), "first": str(first), "last": str(last), "title": table.title}
    yield Fact("cell_change", answer, row.evidence, parts, {_lower(row.label): property_of(row.label)})


def _extremes(table: Table, index: int, column: str) -> Iterator[Fact]:
    """Which of three rows is highest: only of rows of one kind, and never a total."""
    rows = [row for row in table.rows if number(row.values[index]) is not None and "total" not in row.label.lower()]
    if len(rows) < 3 or len({"%" in row.values[index] for row in rows}) > 1:
        return
    chosen = rows[:3]
    values = [number(row.values[index]) or 0.0 for row in chosen]
    if values.count(max(values)) > 1:
        return
    best = chosen[values.index(max(values))]
    names = [_lower(row.label) for row in chosen]
    parts = {"choices": f"{names[0]}, {names[1]} or {names[2]}", "column": column, "title": table.title}
    yield Fact("cell_extreme", best.label, best.evidence, parts, {column: property_of(column)})


def number(text: str) -> float | None:
    """The number in a cell; brackets mean minus. None if there is none."""
    digits = re.sub(r"[^\d.]", "", text)
    if not digits or digits.count(".") > 1 or digits == ".":
        return None
    return -float(digits) if "(" in text or text.lstrip("$ ").startswith(("-", "–", "—")) else float(digits)


def _close(run: list[Row], header: list[Line]) -> Iterator[Table]:
    if not run:
        return
    width = len(run[0].values)
    yield Table(_title(header), _columns(header, width), tuple(run))


def _columns(header: list[Line], width: int) -> tuple[str, ...]:
    """The header's names, bottom line first; years win over words, several lines are joined column by column."""
    for line in reversed(header):
        found = _YEAR.findall(line.text)
        if len(found) == width and len(line.text.split()) <= 6 * width:
            return tuple(found)
    stacked = [line for line in header[-3:] if len(line.cells) in (width, width + 1)]
    if not stacked:
        return ("",) * width
    names = [" ".join(line.cells[-width:][i].text for line in stacked) for i in range(width)]
    return tuple(name.strip() if _LETTER.search(name) and len(name.split()) <= 6 else "" for name in names)


def _title(header: list[Line]) -> str:
    """The nearest single-cell line above the columns that reads as a title."""
    for line in reversed(header):
        words = line.text.split()
        if (
            len(line.cells) == 1
            and 2 <= len(words) <= 14
            and _LETTER.search(line.text)
            and not _YEAR.fullmatch(line.text)
        ):
            return line.text.strip(" :.")
    return ""


def _is_interruption(line: Line) -> bool:
    """A group heading inside a table: one short cell that ends a thought such as `Revenue:`."""
    return len(line.cells) == 1 and len(line.text.split()) <= 4 and line.text.rstrip().endswith(":")


def _split_values(text: str) -> list[str]:
    """The values in a cell, or nothing if it holds anything else; a lone currency sign or bracket joins the next."""
    pieces = text.replace("$ ", "$").replace("( ", "(").replace(" )", ")").replace(" %", "%").split()
    values = [piece for piece in pieces if piece not in _SIGNS]
    return values if all(_VALUE.match(value) or value in ("—", "–", "-", "n/a", "N/A") for value in values) else []


def _split_row(texts: list[str]) -> tuple[str, list[str]]:
    """The cells from the right that hold values, and the words left of them."""
    values: list[str] = []
    used = 0
    for text in reversed(texts):
        found = _split_values(text)
        if not found and text.strip() not in _SIGNS:
            break
        values, used = found + values, used + 1
    return " ".join(texts[: len(texts) - used]), values


def _lower(label: str) -> str:
    """A label inside a question: a capital that only the cell's start gave goes."""
    first, space, rest = label.partition(" ")
    common = first[1:].islower() and (not rest or rest[0].islower() or rest[0] == "(")
    return first.lower() + space + rest if common and property_of(label) == "metric" else label
