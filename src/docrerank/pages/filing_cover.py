"""Whose report a document is and of when, by the registrant's line and the period on its cover."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from docrerank.pages.layout import text_lines
from docrerank.records import Page

#: A cover may follow a letter to shareholders; a quarter is named all over a quarterly report.
COVER_PAGES, QUARTER_PAGES = 12, 40
MAX_CHARACTERS = 20_000
MAX_NAME = 80
#: Where a company's name stands over its statements, and the share of such lines that must name the same one.
HEAD_CHARACTERS, HEAD_LINES, GROUP_SHARE = 1_000, 4, 0.6
#: A quarter counts if it is named so often, and by so large a share of all mentions of a quarter.
MIN_QUARTERS, QUARTER_SHARE = 3, 0.6

_EXACT_NAME = re.compile(r"\(?\s?exact name of (?:the )?(?:registrant|company)", re.IGNORECASE)
#: Lines near the registrant's that are nobody's name.
_NO_NAME = re.compile(
    r"\b(?:period|commission|file|number|form|fiscal|securities|pursuant|section|exchange|washington|transition|d\.c\.|"
    r"\d{3}|jurisdiction|state of|united states|incorporat\w+ or|employer)\b|^\W*(?:or)?\W*$",
    re.IGNORECASE,
)
_LISTED = re.compile(
    r"\b((?:(?:[A-Z][\w.'’-]{0,25},?|&) ){0,4}[A-Z][\w&.'’-]{1,25}),? "
    r"\((?:NYSE|N[Aa][Ss][Dd][Aa][Qq])[^:()]{0,30}: ?([A-Z]{1,5})[,;)]"
)
_GROUP = re.compile(
    r"([A-Z][\w&.,'’ -]{1,60}?),? and (?:its |consolidated )?subsidiar(?:ies|y companies)$", re.IGNORECASE
)
_RULE = re.compile(r"_{3,}")
_TICKER = re.compile(r"\b([A-Z]{2,5})\s+(?:The )?(?:New York Stock Exchange|N(?:ASDAQ|asdaq))")
_MONTH = "january|february|march|april|may|june|july|august|september|october|november|december"
_DATE = rf"(?:{_MONTH})\s+\d{{1,2}},?\s+((?:19|20)\d\d)"
_PERIODS = (
    ("10-K", re.compile(rf"for the (?:fiscal )?year(?:ly period)?\s+ended:?\s+{_DATE}", re.IGNORECASE)),
    ("10-Q", re.compile(rf"for the (?:quarterly|quarter)(?: period)?\s+ended:?\s+{_DATE}", re.IGNORECASE)),
    ("8-K", re.compile(rf"date of (?:report|earliest event)[^:\d]{{0,60}}:?\s+{_DATE}", re.IGNORECASE)),
    ("8-K", re.compile(rf"{_DATE}\s+(?:\(?date of (?:earliest event|report))", re.IGNORECASE)),
)
_FORM = re.compile(r"\bform (10|8|20|40)-?([kqf])\b", re.IGNORECASE)
_QUARTER = re.compile(r"\b(first|second|third|fourth)[ -]quarter\b", re.IGNORECASE)
_QUARTERS = {"first": "Q1", "second": "Q2", "third": "Q3", "fourth": "Q4"}
_KIND = r"(?:10-?K|10-?Q|8-?K|EARNINGS|ANNUAL.?REPORT)"
_FILE_NAME = re.compile(
    r"([A-Za-z][A-Za-z&._ -]*?)[_ -]+"
    rf"(?:(?:19|20)\d\d[_ -]?(?:Q[1-4])?[_ -]+{_KIND}|{_KIND}[_ -]+(?:19|20)\d\d)",
    re.IGNORECASE,
)
_IN_NAME = re.compile(r"(?<!\d)((?:19|20)\d\d)[ _-]?(Q[1-4])?(?!\d)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Cover:
    """What a filing's cover says; empty where it does not.

    Attributes:
        company: the registrant, with its ticker in brackets where the cover has it.
        period: the year that the report is of, with its quarter: "2022", "2023 Q2".
        form: "10-K", "10-Q" or "8-K".
    """

    company: str = ""
    period: str = ""
    form: str = ""


def read_cover(pages: Sequence[Page]) -> Cover:
    """The company, period and form of a document; an empty `Cover` for one that is no filing."""
    texts = ["\n".join(text_lines(page)) for page in pages[:COVER_PAGES]]
    company = next((name for text in texts if (name := find_registrant(text))), "")
    ticker = next((match[1] for text in texts[:3] if (match := _TICKER.search(" ".join(text.split())))), "")
    if not company and texts and (listed := _LISTED.search(" ".join(texts[0].split()))):
        company, ticker = listed[1], listed[2]
    named = _IN_NAME.search(pages[0].document) if pages else None
    company = company or _find_group(pages) or _read_name(pages)
    if not company:
        return Cover()
    form, year = _find_period(texts)
    if named and (not year or abs(int(named[1]) - int(year)) <= 1):
        year = named[1]
    quarter = (named[2] or "").upper() if named and named[1] == year else ""
    if form == "10-Q" and not quarter:
        quarter = _find_quarter(pages)
    return Cover(f"{company} ({ticker})" if ticker else company, f"{year} {quarter}".strip(), form)


def _read_name(pages: Sequence[Page]) -> str:
    """The company of a file that is named as filings are, such as `Acme_2023Q4_EARNINGS.pdf`."""
    match = _FILE_NAME.match(pages[0].document.rpartition("/")[2]) if pages else None
    name = " ".join(re.split(r"[_ -]+", match[1])).strip() if match else ""
    return name.title() if name.islower() else _set_case(name)


def _find_group(pages: Sequence[Page]) -> str:
    """The company whose name stands with "and subsidiaries" on most pages that have such a line."""
    counts: Counter[str] = Counter()
    for page in pages:
        for line in page.text[:HEAD_CHARACTERS].splitlines()[:HEAD_LINES]:
            if match := _GROUP.match(" ".join(line.split())):
                counts[_set_case(match[1])] += 1
    name, count = counts.most_common(1)[0] if counts else ("", 0)
    return name if count >= 2 and count >= GROUP_SHARE * counts.total() else ""


def find_registrant(text: str) -> str:
    """The name that stands over "exact name of registrant" on the cover of an SEC filing; empty if there is none."""
    lines = [" ".join(line.split()) for line in text.splitlines() if line.strip()]
    at = next((at for at, line in enumerate(lines) if _EXACT_NAME.search(line)), 0)
    if not at:
        return ""
    match = _EXACT_NAME.search(lines[at])
    above = [lines[at][: match.start() if match else 0], *lines[max(0, at - 3) : at][::-1]]
    above = [_RULE.split(line)[-1].strip(" (*") for line in above]
    names = [line for line in above if 1 < len(line) <= MAX_NAME and not _NO_NAME.search(line)]
    name = next((name for name in names if any(map(str.isalpha, name))), "")
    return _set_case(name)


def _set_case(name: str) -> str:
    """A name in capitals throughout as it is written in prose; short ones, such as AMCOR PLC's first word, too."""
    if not name.isupper():
        return name
    small = {"AND": "and", "OF": "of", "THE": "The", "PLC": "plc"}
    return " ".join(
        small.get(word, word if len(word.strip(".,&")) <= 2 or not any(v in word for v in "AEIOUY") else word.title())
        for word in name.split()
    )


def _find_period(texts: Sequence[str]) -> tuple[str, str]:
    for at, text in enumerate(texts):
        joined = " ".join(text.split())
        form = f"{match[1]}-{match[2]}".upper() if (match := _FORM.search(joined)) else ""
        for own, pattern in _PERIODS:
            if form in ("", own) and (match := pattern.search(joined)):
                return own, match[1]
        if form and at == 0:
            return form, ""
    return "", ""


def _find_quarter(pages: Sequence[Page]) -> str:
    counts = Counter(
        name.lower() for page in pages[:QUARTER_PAGES] for name in _QUARTER.findall(page.text[:MAX_CHARACTERS])
    )
    name, count = counts.most_common(1)[0] if counts else ("", 0)
    return _QUARTERS[name] if count >= MIN_QUARTERS and count >= QUARTER_SHARE * counts.total() else ""
