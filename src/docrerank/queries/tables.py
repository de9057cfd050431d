"""Tables as they stand on a page: rows of a label and values, under the columns whose names stand above them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from docrerank.pages import Cell, Line

MAX_LABEL_WORDS = 12
MAX_COLUMNS = 12
#: Lines above a table's first row that can name its columns.
HEADER_LINES = 4

YEAR = re.compile(r"\b(?:19|20)\d\d\b")
_VALUE = re.compile(
    r"^[($€£–—-]{0,3} ?[$€£]? ?\d[\d,]{0,15}(?:\.\d{1,4})?\)? ?(?:%|x|pts|[MBK]|million|billion)?\)?[*†]?$"
)
_LEADERS = re.compile(r"(?:[ .]\.){3,}[ .]*$|\.{3,}$|[:：]$")
_LETTER = re.compile(r"[A-Za-z]{2}")
_NOTE_MARK = re.compile(r"\s?\(\d{1,2}\)$|[*†‡]$")
_TRAILING = re.compile(
    r"^(?P<label>.{3,90}?)(?P<values>(?:\s+[($€£–—-]{0,3}\d[\d,]{0,15}(?:\.\d{1,4})?\)?%?\)?){2,12})$"
)
_AMOUNT = re.compile(r"[$€£]|\d[,.]\d|(?!(?:19|20)\d\d)\b\d{3}")
_EMPTY = frozenset(("—", "–", "-", "n/a", "N/A"))
_SIGNS = frozenset(("$", "€", "£", ")", "%", ")%"))


@dataclass(frozen=True, slots=True)
class Row:
    """A table row: its label, the values of its columns and the line it stands on.

    `spans` has where each value stands from left to right, or is empty if several share a cell.
    """

    label: str
    values: tuple[str, ...]
    spans: tuple[tuple[float, float], ...]
    evidence: str


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under one header; `columns` has as many names as each row has values, empty where none was found."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]


def read_tables(lines: Iterable[Line]) -> Iterator[Table]:
    """Yield the tables of a page: runs of rows with equally many values, under the lines above them.

    A run that stands a few lines under another of as many columns goes on with its names: a table in sections.
    """
    run: list[Row] = []
    above: list[Line] = []
    names: tuple[str, ...] = ()
    for line in lines:
        row = read_row(line)
        if row is not None and (not run or len(row.values) == len(run[-1].values)):
            run.append(row)
        elif row is not None or not (run and _is_group_heading(line)):
            if run:
                table = _make_table(run, above, names)
                yield table
                above, names = [], table.columns
            run = [] if row is None else [row]
            names = names if len(above) < HEADER_LINES else ()
            above = above if row is not None else [*above, line][-HEADER_LINES:]
    if run:
        yield _make_table(run, above, names)


def read_row(line: Line) -> Row | None:
    """A line as a table row: a label with letters, then values; None if it is something else."""
    rest, values, cells = _split_row(line.cells)
    if not values and len(line.cells) == 1 and (match := _TRAILING.match(line.text)):
        rest, values = match["label"], _split_values(match["values"])
    label = clean_label(rest)
    if not _LETTER.search(label) or not 1 <= len(values) <= MAX_COLUMNS or len(label.split()) > MAX_LABEL_WORDS:
        return None
    if all(YEAR.fullmatch(value) for value in values):
        return None  # a header: `Year ended December 31  2020  2019`
    spans = tuple((cell.x0, cell.x1) for cell in cells) if len(cells) == len(values) else ()
    return Row(label, tuple(values), spans, line.text)


def clean_label(text: str) -> str:
    """A row label without leader dots, footnote marks and a trailing currency sign."""
    text = _LEADERS.sub("", text.strip().rstrip("$€£ ")).strip()
    return _NOTE_MARK.sub("", text).strip(" .:•–-")


def number(text: str) -> float | None:
    """The number in a cell; brackets mean minus. None if there is none."""
    digits = re.sub(r"[^\d.]", "", text)
    if not digits or digits.count(".") > 1 or digits == ".":
        return None
    return -float(digits) if "(" in text or text.lstrip("$ ").startswith(("-", "–", "—")) else float(digits)


def _make_table(run: list[Row], above: list[Line], inherited: tuple[str, ...]) -> Table:
    columns = _columns(above, run)
    if not any(columns) and len(inherited) == len(columns):
        columns = inherited
    return Table(_title(above), columns, tuple(run))


def _columns(above: list[Line], run: list[Row]) -> tuple[str, ...]:
    """The columns' names: a line of as many years as values, else the cells that stand over the values."""
    width = len(run[0].values)
    for line in reversed(above):
        found = YEAR.findall(line.text)
        if len(found) == width and len(line.text.split()) <= 6 * width:
            return tuple(found)
    spans = next((row.spans for row in run if row.spans), ())
    return tuple(_name_over(above, span, spans) for span in spans) or ("",) * width


def _name_over(above: list[Line], span: tuple[float, float], spans: Sequence[tuple[float, float]]) -> str:
    """The words over one column, joined from top to bottom; cells over several columns name none of them."""
    names = []
    for line in above:
        if len(line.cells) > 1 or len(spans) == 1:
            over = [cell for cell in line.cells if _overlaps(cell, span)]
            names += [cell.text for cell in over if sum(_overlaps(cell, other) for other in spans) == 1][:1]
    name = " ".join(names).strip(" :")
    return name if _LETTER.search(name) and len(name.split()) <= 6 and not _AMOUNT.search(name) else ""


def _overlaps(cell: Cell, span: tuple[float, float]) -> bool:
    return cell.x0 < span[1] and span[0] < cell.x1


def _title(above: list[Line]) -> str:
    """The nearest single-cell line above the columns that reads as a title, not as the end of a sentence."""
    for line in reversed(above):
        text = line.text.strip(" :")
        words = text.split()
        prose = text.endswith((".", ",", ";")) or ". " in text
        if (
            len(line.cells) == 1
            and 2 <= len(words) <= 10
            and words[0][:1].isupper()
            and _LETTER.search(text)
            and not prose
        ):
            return text
    return ""


def _is_group_heading(line: Line) -> bool:
    """A heading inside a table: one short cell that ends in a colon, such as `Revenue:`."""
    return len(line.cells) == 1 and len(line.text.split()) <= 4 and line.text.rstrip().endswith(":")


def _split_row(cells: Sequence[Cell]) -> tuple[str, list[str], list[Cell]]:
    """The words on the left, and from the right the values and the cells that hold them."""
    values: list[str] = []
    holding: list[Cell] = []
    used = 0
    for cell in reversed(cells):
        found = _split_values(cell.text)
        if not found and cell.text.strip() not in _SIGNS:
            break
        values, used = found + values, used + 1
        holding = [cell, *holding] if found else holding
    return " ".join(cell.text for cell in cells[: len(cells) - used]), values, holding


def _split_values(text: str) -> list[str]:
    """The values in a cell, or nothing if it holds anything else; a lone currency sign or bracket joins the next."""
    pieces = text.replace("$ ", "$").replace("( ", "(").replace(" )", ")").replace(" %", "%").split()
    values = [piece for piece in pieces if piece not in _SIGNS]
    return values if all(_VALUE.match(value) or value in _EMPTY for value in values) else []
