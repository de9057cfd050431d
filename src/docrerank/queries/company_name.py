"""Who a document is about: the name that a question needs when it is asked of many documents."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from docrerank.pages import blocks
from docrerank.queries.headings import clean_heading
from docrerank.queries.nouns import names_a_thing
from docrerank.records import Page

FIRST_PAGES = 4
MAX_TITLE_WORDS = 8

_COMPANY = re.compile(
    r"\b((?:[A-Z][A-Za-z&.'’-]{1,20},? ){1,4})(?:Inc\b|Incorporated|Corporation|Corp\b|Company|plc|PLC|LLC|Ltd|Limited|Group|AG|GmbH|S\.A\.)"
)
_CAPITAL_COMPANY = re.compile(
    r"\b((?:[A-Z][A-Z&.'’-]{1,20},? ){1,4})(?:INC|INCORPORATED|CORPORATION|CORP|COMPANY|GROUP)\b"
)

_KIND = re.compile(r",?(?: &)? (?:Inc|Incorporated|Corporation|Corp|Company|Co|Ltd|plc)\.?,?$", re.IGNORECASE)
#: A document's subject of more words is a title: it owns nothing.
MAX_NAME_WORDS = 4
#: Heads of a form's cover that are no title.
_FORM_TITLE = re.compile(r"\b(?:securities and exchange commission|form (?:10|20|8)-?[kqf]\b)", re.IGNORECASE)
_TICKER = re.compile(r" \([A-Z]{1,6}\)$")


def find_owner(pages: Sequence[Page]) -> str:
    """The company a document is of, else its title; empty if neither is plain.

    Args:
        pages: the document's pages, in order; a filing's name its company, of others the first few are read.
    """
    if pages and pages[0].company:
        return _TICKER.sub("", pages[0].company)
    return _company(pages[:FIRST_PAGES]) or _title(pages[:1])


def call_by_name(owner: str) -> str:
    """A company as people call it: without `Inc`, without capitals throughout; empty for a long title.

    Examples:
        >>> call_by_name("BEST BUY CO., INC")
        'Best Buy'
    """
    short = _KIND.sub("", _KIND.sub("", owner))
    short = short.title() if short.isupper() and len(short) > 5 else short
    return short if len(short.split()) <= MAX_NAME_WORDS and names_a_thing(short) else ""


def _company(pages: Sequence[Page]) -> str:
    counts: Counter[str] = Counter()
    for page in pages:
        for line in page.text.split("\n"):
            found = [*_COMPANY.findall(line), *(name.title() for name in _CAPITAL_COMPANY.findall(line))]
            counts.update(_trim(name) for name in found)
    counts.pop("", None)
    name, count = counts.most_common(1)[0] if counts else ("", 0)
    return name if count >= 3 else ""


def _trim(name: str) -> str:
    words = name.replace(",", " ").split()
    while words and words[0].lower() in ("the", "of", "and", "by", "a", "our", "each", "parent"):
        words = words[1:]
    return " ".join(words)


def _title(pages: Sequence[Page]) -> str:
    for page in pages:
        for block in blocks(page):
            title = clean_heading(block.text) if block.is_heading else ""
            if title and len(title.split()) <= MAX_TITLE_WORDS and not _FORM_TITLE.search(title):
                return title
    return ""
