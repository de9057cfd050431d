"""What a document's pages are: a balance sheet, the contents, a tax note, the appendix; each with a certainty.

A section needs its own heading; `statement_pages.py` finds the statements. `page_kinds.yaml` has the words.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from docrerank.pages.statement_pages import (
    HEAD_LINES,
    LIKELY,
    SURE,
    TITLE_WORDS,
    Sheet,
    find_statements,
    holds,
    read_sheet,
    table,
)
from docrerank.records import Page

TOP_LINES = 5
#: A page of contents has so many lines that end with a page number; a running header stands on so many pages.
CONTENTS_LINES, CONTENTS_PAGES, HEADER_PAGES = 5, 12, 5
COVER_WORDS, DIVIDER_WORDS = 150, 12
#: A page of references names so many years.
REFERENCE_YEARS = 5
AUDITORS = "auditors report"

_SEE = re.compile(r"\b(?:see|refer|herein|included|under|above|below)\b")
_ITEM = re.compile(r"^item (?:\d{1,2}[a-c]?) ")
_NUMBERING = re.compile(
    r"^(?:(?:item|chapter|section|appendix|annex) [\divx]{1,4}[a-c]? )?(?:\d{1,2} ){0,3}(?:[a-h] (?=[a-z]{3}))?"
)
_YEAR = re.compile(r"\b(?:19|20)\d\d")
#: What follows a report's last section.
_ATTACHED = re.compile(r"^(?:exhibit \d|signatures?$|certifications?$)")
_NOTE = re.compile(r"^(?:note )?(\d{1,2})[a-z]? (?=[a-z])|^note [a-z] ")


def find_kinds(pages: Sequence[Page]) -> list[dict[str, float]]:
    """What each of all pages of one document is, and how surely, from 0 to 1, the surest first; none if unknown."""
    sheets = [read_sheet(page) for page in pages]
    found: list[dict[str, float]] = [{} for _ in sheets]
    for at, name, certainty in find_statements(sheets):
        found[at][name] = certainty
    statements = {at for at, own in enumerate(found) if own}
    headers = _find_headers(sheets)
    for at, name, certainty in (*_find_sections(sheets, headers), *_find_places(pages, sheets, headers)):
        if at not in statements:
            found[at][name] = max(certainty, found[at].get(name, 0.0))
    return [dict(sorted(own.items(), key=lambda kind: (-kind[1], kind[0]))) for own in found]


def _find_sections(sheets: Sequence[Sheet], headers: dict[str, int]) -> Iterator[tuple[int, str, float]]:
    """Sections by their headings; one that lasts holds for all pages up to the next heading of its rank."""
    sections = table()["sections"]
    titles = {title: name for name, rule in sections.items() for title in rule["titles"]}
    lasting, note, number = "", "", 0
    for at, sheet in enumerate(sheets):
        if _is_contents(at, sheet, headers):
            continue
        over = lasting == "references" and sum(map(bool, map(_YEAR.search, sheet.lines))) < REFERENCE_YEARS
        if over or any(map(_ATTACHED.match, sheet.lines[:TOP_LINES])):
            lasting, note = "", ""
        begun: set[str] = set()
        before = note  # it may end on this page
        for place, line in enumerate(sheet.lines):
            if line in headers and headers[line] != at:
                continue
            item, bare = _ITEM.match(line) is not None, _NUMBERING.sub("", line)
            name = titles.get(bare, "")
            item = item and len(line.split()) <= TITLE_WORDS + 8 and not _SEE.search(line)
            heads = line in sheet.headings
            if item or (heads and name in ("notes", AUDITORS)):
                lasting = next((own for title, own in titles.items() if bare.startswith(title)), "")
                lasting = "" if lasting == AUDITORS else lasting
                note, number, before = "", 0, before if place >= TOP_LINES else ""
            if name and (item or (heads and not sections[name].get("item"))) and name != "contents":
                begun.add(name)
                lasting = name if sections[name].get("lasts") else lasting
            if lasting == "notes" and (heading := _read_note(line, number if heads else -1)):
                (note, number), before = heading, before if place >= TOP_LINES else ""
                begun.add(note)
        yield from ((at, name, SURE) for name in begun)
        yield from ((at, name, LIKELY) for name in (lasting, note, before) if name and name not in begun)


def _find_headers(sheets: Sequence[Sheet]) -> dict[str, int]:
    """Short lines that stand on many pages, and the first page of each, where alone they may be a heading."""
    counts: Counter[str] = Counter()
    first: dict[str, int] = {}
    for at, sheet in enumerate(sheets):
        for line in {line for line in sheet.lines if len(line.split()) <= TITLE_WORDS}:
            counts[line] += 1
            first.setdefault(line, at)
    return {line: first[line] for line, count in counts.items() if count >= HEADER_PAGES}


def _read_note(line: str, last: int) -> tuple[str, int] | None:
    """Which note of the statements a line begins, "note" for one of no kind of its own, and its number."""
    match = _NOTE.match(line)
    words = line[match.end() :] if match else ""
    if match is None or not words or len(words.split()) > (9 if line.startswith("note ") else 6):
        return None
    number = int(match[1] or 0)
    for name, held in table()["notes"].items():
        if any(holds(words, phrase) for phrase in held):
            return str(name), number
    return ("note", number) if line.startswith("note ") or number == last + 1 else None


def _is_contents(at: int, sheet: Sheet, headers: dict[str, int]) -> bool:
    """Whether a page lists headings with their pages; behind the first pages, a running header does not say so."""
    own = {line for line in sheet.lines[:HEAD_LINES] if at < CONTENTS_PAGES or line not in headers}
    names = {*table()["sections"]["contents"]["titles"], *({"index"} - headers.keys() if at < CONTENTS_PAGES else ())}
    return sheet.ends >= CONTENTS_LINES and not own.isdisjoint(names)


def _find_places(
    pages: Sequence[Page], sheets: Sequence[Sheet], headers: dict[str, int]
) -> Iterator[tuple[int, str, float]]:
    """The cover, contents and dividers: known by their place and by how little stands on them."""
    first = list(enumerate(sheets[:CONTENTS_PAGES]))
    yield from ((at, "contents", SURE) for at, sheet in first if _is_contents(at, sheet, headers))
    for at, sheet in enumerate(sheets):
        filing = any("securities and exchange commission" in line for line in sheet.lines[:HEAD_LINES])
        if at == 0 and len(sheets) > 1 and (sheet.words <= COVER_WORDS or filing):
            yield at, "cover", SURE
        elif 0 < at < len(sheets) - 1 and 0 < sheet.words <= DIVIDER_WORDS and pages[at].text_source == "layer":
            yield at, "divider", LIKELY
