"""Who a document is about: the name that a question needs when it is asked of many documents."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from docrerank.pages import blocks
from docrerank.queries.headings import clean_heading
from docrerank.records import Page

FIRST_PAGES = 4
MAX_TITLE_WORDS = 8

_COMPANY = re.compile(
    r"\b((?:[A-Z][A-Za-z&.'’-]{1,20},? ){1,4})(?:Inc\b|Incorporated|Corporation|Corp\b|Company|plc|PLC|LLC|Ltd|Limited|Group|AG|GmbH|S\.A\.)"
)
_CAPITAL_COMPANY = re.compile(
    r"\b((?:[A-Z][A-Z&.'’-]{1,20},? ){1,4})(?:INC|INCORPORATED|CORPORATION|CORP|COMPANY|GROUP)\b"
)


def find_owner(pages: Sequence[Page]) -> str:
    """The company a document is of, else its title; empty if neither is plain.

    Args:
        pages: the document's pages, in order; the first few are read.
    """
    return _company(pages[:FIRST_PAGES]) or _title(pages[:1])


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
            if title and len(title.split()) <= MAX_TITLE_WORDS:
                return title
    return ""
