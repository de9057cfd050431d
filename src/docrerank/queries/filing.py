"""Whose a filing is and which period it covers: what a question about it must name, and its pages often do not."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from docrerank.queries.company_name import find_owner, find_registrant
from docrerank.records import Page

FIRST_PAGES = 4
MAX_CHARACTERS = 20_000

_MONTH = "January|February|March|April|May|June|July|August|September|October|November|December"
_ENDED = re.compile(
    rf"\b(fiscal year|year|quarterly period|quarter|(?:three|six|nine) months) ended:?\s{{1,3}}"
    rf"({_MONTH}) \d{{1,2}},? ((?:19|20)\d\d)\b",
    re.IGNORECASE,
)
_YEAR_OF = re.compile(
    r"\b(?:(?:annual report|fiscal(?: year)?|FY|form 10-k|for the year) ?((?:19|20)\d\d)|"
    r"((?:19|20)\d\d) (?:annual report|form 10-k|fiscal year))\b",
    re.IGNORECASE,
)
_FILE_YEAR = re.compile(r"(?<!\d)((?:19|20)\d\d)(?:[ _-]?Q([1-4]))?(?!\d)", re.IGNORECASE)
_QUARTERS = {"three": "Q1", "six": "Q2", "nine": "Q3"}


@dataclass(frozen=True, slots=True)
class Filing:
    """A document's company (or subject) and its period; each empty if it is not plain."""

    company: str
    period: str


def find_filing(pages: Sequence[Page]) -> Filing:
    """Read company and period from a document's first pages, else from its name.

    Args:
        pages: the document's pages, in order.

    Example:
        >>> find_filing([])
        Filing(company='', period='')
    """
    if not pages:
        return Filing("", "")
    text = "\n".join(page.text[:MAX_CHARACTERS] for page in pages[:FIRST_PAGES])
    return Filing(find_registrant(text) or find_owner(pages), _find_period(text, pages[0].document))


def _find_period(text: str, name: str) -> str:
    """The period of the cover's "year ended ...", else the year most spoken of as the report's, else the name's."""
    if match := _ENDED.search(text):
        kind, year = match[1].lower(), match[3]
        return f"fiscal {year}" if "year" in kind else _name_quarter(kind, match[2], year, name)
    years = Counter(_list_years(text))
    if years:
        return f"fiscal {years.most_common(1)[0][0]}"
    if match := _FILE_YEAR.search(name):
        return f"Q{match[2]} {match[1]}" if match[2] else match[1]
    return ""


def _name_quarter(kind: str, month: str, year: str, name: str) -> str:
    """The company's own quarter where the name or the months tell it, else the month in which it ends."""
    named = _FILE_YEAR.search(name)
    if named and named[2]:
        return f"Q{named[2]} {named[1]}"
    quarter = _QUARTERS.get(kind.partition(" ")[0])
    return f"{quarter} {year}" if quarter and quarter != "Q1" else f"quarter ended {month.title()} {year}"


def _list_years(text: str) -> Iterator[str]:
    for before, after in _YEAR_OF.findall(text):
        yield before or after
