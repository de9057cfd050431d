"""Tables as they stand on a page: rows of a label and values, under the columns whose names stand above them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from docrerank.pages import Cell, Line
from docrerank.queries.nouns import names_a_thing, plain_name

MAX_LABEL_WORDS = 12
MAX_COLUMNS = 12
#: Lines above a table's first row that can name its columns.
HEADER_LINES = 4

YEAR = re.compile(r"\b(?:19|20)\d\d\b")
#: A column's name that is a year, however it is written.
PERIOD = re.compile(
    r"(?:(?:at |as of |for the )?(?:fiscal year|fiscal|fy|year|years ended|year ended)? ?"
    r"(?:(?:january|february|march|april|may|june|july|august|september|october|november|december|"
    r"jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec)\.? ?(?:\d{1,2})?,? ?)?)?(?:19|20)\d\d",
    re.IGNORECASE,
)
_SPAN = re.compile(
    r"\b(?:(?P<months>three|six|nine) months ended(?: (?P<end>(?:March|June|September|December|January|February|April|May|"
    r"July|August|October|November) \d{1,2}))?|(?:fiscal )?years? ended)\b",
    re.IGNORECASE,
)
_TIMED = re.compile(r"\b(?:months?|quarters?|years?|weeks?|ended|period|change)\b", re.IGNORECASE)
_SCALE = re.compile(r"\bin (thousands|millions|billions)\b", re.IGNORECASE)
_CURRENCIES = {"$": "dollars", "€": "euros", "£": "pounds"}
_VALUE = re.compile(
    r"^[($€£–—-]{0,3} ?[$€£]? ?\d[\d,]{0,15}(?:\.\d{1,4})?\)? ?(?:%|x|pts|[MBK]|million|billion)?\)?[*†]?$"
)
_LEADERS = re.compile(r"(?:[ .]\.){3,}[ .]*$|\.{3,}$|[:：]$")
_LETTER = re.compile(r"[A-Za-z]{2}")
_TRAILING = re.compile(
    r"^(?P<label>.{3,90}?)(?P<values>(?:\s+[($€£–—-]{0,3}\d[\d,]{0,15}(?:\.\d{1,4})?\)?%?\)?){2,12})$"
)
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
    """Rows under one header.

    Attributes:
        title: the line over it that reads as a title, or empty.
        columns: as many names as each row has values: a year, or words; empty where none was found.
        rows: in order.
        groups: for each column what several columns share, such as a segment over its years; or empty.
        stub: what the labels are names of (`Country`), or empty.
        span: what a year's column covers: `fiscal year`, `three months ended March 31,`; or empty.
        unit: `millions of dollars` and the like, where the header says so; or empty.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    groups: tuple[str, ...] = ()
    stub: str = ""
    span: str = ""
    unit: str = ""


def read_tables(lines: Iterable[Line]) -> Iterator[Table]:
    """Yield the tables of a page: runs of rows with equally many values, under the lines above them.

    A run that stands a few lines under another of as many columns goes on with its names: a table in sections.
    """
    run: list[Row] = []
    above: list[Line] = []
    last: Table | None = None
    for line in lines:
        row = read_row(line)
        if row is not None and (not run or len(row.values) == len(run[-1].values)):
            run.append(row)
        elif row is not None or not (run and _is_group_heading(line)):
            if run:
                last = _make_table(run, above, last)
                yield last
                above = []
            run = [] if row is None else [row]
            last = last if len(above) < HEADER_LINES else None
            above = above if row is not None else [*above, line][-HEADER_LINES:]
    if run:
        yield _make_table(run, above, last)


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
    return plain_name(text).strip(" .:•–-")


def number(text: str) -> float | None:
    """The number in a cell; brackets mean minus. None if there is none."""
    digits = re.sub(r"[^\d.]", "", text)
    if not digits or digits.count(".") > 1 or digits == ".":
        return None
    return -float(digits) if "(" in text or text.lstrip("$ ").startswith(("-", "–", "—")) else float(digits)


def _make_table(run: list[Row], above: list[Line], last: Table | None) -> Table:
    """A run of rows under the lines above it; one without a header of its own goes on under the last table's."""
    header = _read_header(above, run)
    if not any(header.columns) and last and len(last.columns) == len(header.columns):
        header = last
    return replace(header, title=_title(above), rows=tuple(run))


def _read_header(above: list[Line], run: list[Row]) -> Table:
    """The columns' names: the cells that stand over the values, else a line of as many years as values."""
    width = len(run[0].values)
    spans = next((row.spans for row in run if row.spans), ())
    found = [_name_over(above, at, spans) for at in range(len(spans))] or [("", "")] * width
    columns, groups = tuple(name for name, _ in found), tuple(group for _, group in found)
    listed = next((years for line in reversed(above) if (years := _list_years(line, width))), ())
    if listed and not any(map(YEAR.fullmatch, columns)):
        columns, groups = listed, ("",) * width
    names = list(zip(columns, groups, strict=True))
    columns = tuple(name if names.count((name, group)) == 1 else "" for name, group in names)
    text = " ".join(line.text for line in above)
    stub = next((_stub(line, spans[0]) for line in reversed(above) if spans and len(line.cells) > 1), "")
    return Table("", columns, (), groups, stub, _read_span(text), _read_unit(text, run))


def _list_years(line: Line, width: int) -> tuple[str, ...]:
    """A line of as many different years as there are values, and little else."""
    found = YEAR.findall(line.text)
    plain = len(found) == width == len(set(found)) and len(line.text.split()) <= 6 * width
    return tuple(found) if plain and " vs" not in line.text else ()


def _name_over(above: list[Line], at: int, spans: Sequence[tuple[float, float]]) -> tuple[str, str]:
    """The words over one column, from top to bottom, and those over it and others, but not over all."""
    own: list[str] = []
    shared = ""
    for line in above:
        for cell in (cell for cell in line.cells if _overlaps(cell, spans[at])):
            over = sum(_overlaps(cell, other) for other in spans)
            own += [cell.text] if over == 1 and (len(line.cells) > 1 or len(spans) == 1) else []
            shared = cell.text if 1 < over < len(spans) else shared
    name = plain_name(" ".join(own).strip(" :"))
    if PERIOD.fullmatch(name):
        name = YEAR.findall(name)[0]
    elif not names_a_thing(name) or len(name.split()) > 6 or name[0].islower():
        name = ""
    shared = plain_name(shared)
    told = names_a_thing(shared) and len(shared.split()) <= 5 and not _TIMED.search(shared)
    return name, shared if told else ""


def _stub(line: Line, first: tuple[float, float]) -> str:
    """What the header says over the labels: one or two words for what each row is."""
    cell = line.cells[0]
    name = plain_name(cell.text)
    return name if cell.x1 < first[0] and len(name.split()) <= 2 and names_a_thing(name) else ""


def _read_span(text: str) -> str:
    match = _SPAN.search(text)
    if match is None:
        return ""
    months, end = match["months"], match["end"]
    return f"the {months.lower()} months ended {end}" if months and end else "" if months else "fiscal year"


def _read_unit(text: str, run: list[Row]) -> str:
    """Thousands, millions or billions of the currency whose sign the values bear."""
    scale = _SCALE.search(text)
    sign = next((sign for sign in _CURRENCIES if any(sign in row.evidence for row in run)), "")
    return f"{scale[1].lower()} of {_CURRENCIES[sign]}" if scale and sign else ""


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
