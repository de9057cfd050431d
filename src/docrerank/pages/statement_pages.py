"""Which pages are a company's own statements: each needs its title and its rows, and stands with the others."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from docrerank.pages.layout import text_lines
from docrerank.records import Page
from docrerank.retrieval.terms import plain

#: How sure a kind is: its title with its rows, or its own heading; rows alone, or the pages after a heading.
SURE, LIKELY = 0.95, 0.85
MAX_LINES = 2_000
TITLE_WORDS, HEAD_LINES = 14, 12
#: A title may name a few dates; a line with more numbers is a row.
MAX_TITLE_NUMBERS = 4
#: A statement has so many numbers, and at most this share of its words in long lines without numbers.
MIN_NUMBERS, MAX_PROSE, PROSE_WORDS = 12, 0.5, 14
#: A company's statements stand together: pages to either side that count, and the share of the fullest place's kinds.
NEIGHBOURS, MIN_COMPANY = 8, 2 / 3
#: Words that "*" stands for at most.
MAX_GAP = 4
#: A heading stands at most so often on a page: a table's label may more often.
MAX_REPEATED = 2

_NUMBER = re.compile(r"\(?[$€£]?\(?\d[\d,.]*\)?%?")
_TITLE_HINT = re.compile(r"\b(?:statements?|sheets?|account|and comprehensive)\b")
_REFERS = re.compile(
    r"\b(?:see|refer|our|these|following|accompanying|included|presented|shown|pages?|impact|effect|data|item|analysis)\b"
)


@dataclass(frozen=True, slots=True)
class Sheet:
    """A page as it is looked at."""

    lines: tuple[str, ...]  # in plain words; a line that holds several rows of a table is several
    titles: tuple[str, ...]  # lines that may be a statement's title
    headings: frozenset[str]  # lines that may be a section's heading
    words: int
    numbers: int
    prose: float  # the share of words in long lines without numbers
    ends: int  # lines that end with what may be a page's number


def find_statements(sheets: Sequence[Sheet]) -> Iterator[tuple[int, str, float]]:
    """The statements of the company itself: those that stand with its others, not a table like one elsewhere."""
    able, rules = [_could_state(sheet) for sheet in sheets], table()["statements"]
    found = [(at, name, sure) for name, rule in rules.items() for at, sure in _find_one(sheets, able, rule)]
    titled = {at for at, _, sure in found if sure == SURE}
    found += [row for row in _find_continued(sheets, found) if row not in found]
    found = [row for row in found if row[2] == SURE or row[0] not in titled]  # a statement does not go on over another
    company: dict[int, set[str]] = defaultdict(set)
    for at, _, _ in found:
        company[at] = {name for other, name, _ in found if abs(other - at) <= NEIGHBOURS}
    most = max((len(names) for names in company.values()), default=0)
    yield from (row for row in found if len(company[row[0]]) >= MIN_COMPANY * most)


def _find_one(sheets: Sequence[Sheet], able: Sequence[bool], rule: dict[str, Any]) -> Iterator[tuple[int, float]]:
    """The pages that look like one kind of statement, those that it goes on over too."""
    rows = [len(_find_rows(sheet, tuple(rule["rows"]))) if can else 0 for can, sheet in zip(able, sheets, strict=True)]
    keys = [
        [bool(_find_rows(s, tuple(key))) if can else False for key in rule["key"]]
        for can, s in zip(able, sheets, strict=True)
    ]
    titled = [can and _has_title(sheet, rule["titles"]) for can, sheet in zip(able, sheets, strict=True)]
    for at in range(len(sheets)):
        least = rule["least"]
        if titled[at] and rows[at] >= least and (all(keys[at]) or (any(keys[at]) and rows[at] >= 2 * least)):
            yield at, SURE
        elif rows[at] >= rule["alone"] and all(keys[at]):
            yield at, LIKELY
        elif titled[at] and rows[at] >= least - 1 and _goes_on(at, rows, keys, least):
            yield from ((at, LIKELY), (at + 1, LIKELY))


def _find_continued(
    sheets: Sequence[Sheet], found: Sequence[tuple[int, str, float]]
) -> Iterator[tuple[int, str, float]]:
    """The pages right behind a titled statement that hold more of its rows and no statement's title."""
    rules = table()["statements"]
    titles = [title for rule in rules.values() for title in rule["titles"]]
    for at, name, sure in found:
        if sure == SURE and at + 1 < len(sheets) and _could_state(sheet := sheets[at + 1]):
            rows = _find_rows(sheet, tuple(rules[name]["rows"]))
            if len(rows) >= rules[name]["least"] - 1 and not _has_title(sheet, titles):
                yield at + 1, name, LIKELY


def _goes_on(at: int, rows: Sequence[int], keys: Sequence[Sequence[bool]], least: int) -> bool:
    """Whether a statement's other rows stand on the next page."""
    if at + 1 == len(rows) or rows[at + 1] < max(3, least - 2):
        return False
    return all(here or there for here, there in zip(keys[at], keys[at + 1], strict=True))


def _could_state(sheet: Sheet) -> bool:
    """Whether a page has a statement's shape: numbers, little prose, and no words that make it something else."""
    if sheet.numbers < MIN_NUMBERS or sheet.prose > MAX_PROSE:
        return False
    head = [line for line in sheet.lines[:HEAD_LINES] if len(line.split()) <= TITLE_WORDS and not _is_row(line)]
    return not any(holds(line, word) for line in head for word in table()["not_statements"])


def _is_row(line: str) -> bool:
    """Whether a line is a row of a table, or the heading within a cash flow statement that says "reconciliation"."""
    return sum(map(str.isdigit, line.split())) > MAX_TITLE_NUMBERS or holds(line, "to net cash provided")


def _has_title(sheet: Sheet, titles: Sequence[str]) -> bool:
    """Whether a short line holds a title."""
    return any(holds(line, title) for line in sheet.titles for title in titles)


def _find_rows(sheet: Sheet, rows: tuple[str, ...]) -> set[str]:
    """Those rows that a line of the page begins with."""
    known = _by_first_word(rows)
    return {row for line in sheet.lines for row in known.get(line.split(" ", 1)[0], ()) if _begins(line, row)}


@cache
def _by_first_word(rows: tuple[str, ...]) -> dict[str, list[str]]:
    known: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        known[row.split()[0]].append(row)
    return dict(known)


def holds(line: str, phrase: str) -> bool:
    return f" {phrase} " in f" {line} "


def _begins(line: str, phrase: str) -> bool:
    """Whether a line begins with a phrase, in which "*" stands for a few words."""
    first, _, second = phrase.partition(" * ")
    if not f"{line} ".startswith(f"{first} "):
        return False
    gap = MAX_GAP + len(second.split())
    return not second or holds(" ".join(line[len(first) :].split()[:gap]), second)


def read_sheet(page: Page) -> Sheet:
    raw = [words for line in text_lines(page)[:MAX_LINES] if (words := line.split())]
    numbers = [sum(_NUMBER.fullmatch(word) is not None for word in words) for words in raw]
    total = sum(map(len, raw))
    prose = sum(
        len(words)
        for words, n in zip(raw, numbers, strict=True)
        if len(words) >= PROSE_WORDS and n <= 0.2 * len(words)
    )
    ends = sum(n <= 3 and _ends_in_number(words) for words, n in zip(raw, numbers, strict=True))
    cut = [" ".join(row) for words, n in zip(raw, numbers, strict=True) for row in _split_rows(words, n)]
    rows = [(row, line) for row in cut if (line := plain(row))]
    lines = tuple(line for _, line in rows)
    counts = Counter(line for row, line in rows if not row[0].islower() and row[-1] not in ".,;")
    headings = frozenset(line for line, count in counts.items() if count <= MAX_REPEATED)
    short = [line for line in lines if len(line.split()) <= TITLE_WORDS]
    titles = [line for line in short if _TITLE_HINT.search(line) and not _REFERS.search(line)]
    titles.append(" ".join(line for line in lines[:HEAD_LINES] if len(line.split()) <= 3))  # broken over lines
    return Sheet(lines, tuple(titles), headings, total, sum(numbers), prose / max(total, 1), ends)


def _ends_in_number(words: Sequence[str]) -> bool:
    """Whether a line of words or dots ends with what may be a page's number."""
    before, _, number = words[-1].rpartition(".")
    others = any(not word.isdecimal() for word in (*words[:-1], before) if word)
    return others and number.isdecimal() and len(number) <= 3


def _split_rows(words: list[str], numbers: int) -> Iterator[list[str]]:
    """A line's words; one that holds many numbers is cut before each label."""
    start = 0
    if numbers >= 4:
        for at in range(1, len(words)):
            if words[at][:1].isalpha() and _NUMBER.fullmatch(words[at - 1]):
                yield words[start:at]
                start = at
    yield words[start:]


@cache
def table() -> dict[str, Any]:
    """The words of `page_kinds.yaml`."""
    found: dict[str, Any] = yaml.safe_load(files("docrerank.pages").joinpath("page_kinds.yaml").read_text("utf-8"))
    return found
