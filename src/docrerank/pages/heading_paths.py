"""The headings above a page: Item 8 > Note 7 Debt > Maturities."""

from __future__ import annotations

import re
from collections.abc import Sequence

from docrerank.pages.layout import text_lines
from docrerank.records import Page
from docrerank.retrieval.page_heading import find_heading

MAX_LINES, MAX_CHARACTERS, MAX_WORDS, MAX_DEPTH = 400, 90, 14, 6

_NAMED = re.compile(
    r"(?:(ITEM|Item) \d{1,2}[A-C]?|(PART|Part|CHAPTER|Chapter|UNIT|Unit|"
    r"Appendix|APPENDIX) (?:\d{1,2}|[IVX]{1,4}|[A-Z])|"
    r"(NOTE|Note) \d{1,2})[.:–— -]+(?=\S)"
)
_NUMBERED = re.compile(r"(\d{1,2}(?:\.\d{1,2}){0,3})\.? +(?=[A-Z])")
#: Numbered headings stand inside these, the rank of which is that of the word that they begin with.
_RANKS = (1, 0, 2)
_FIRST_NUMBER = 3


def find_paths(pages: Sequence[Page]) -> list[tuple[str, ...]]:
    """The path of headings of each page of one document, the widest first; its own heading last.

    A numbered heading counts if its number follows on from the one before, so that no row of a table is one.
    """
    paths: list[tuple[str, ...]] = []
    above: list[tuple[int, str]] = []
    last: tuple[int, ...] = ()
    for page in pages:
        for line in map(str.strip, text_lines(page)[:MAX_LINES]):
            if len(line) > MAX_CHARACTERS or len(line.split()) > MAX_WORDS or line[-1:].isdigit():
                continue
            rank = _rank(line)
            if match := _NUMBERED.match(line):
                number = tuple(map(int, match[1].split(".")))
                rank = _FIRST_NUMBER + len(number) if _follows(number, last) else -1
                last = number if rank > 0 else last
            if rank >= 0:
                above = [*((own, text) for own, text in above if own < rank), (rank, line)]
        own = find_heading(page)
        path = [text for _, text in above]
        paths.append(tuple([*path, *([own] if own and own not in path else [])][-MAX_DEPTH:]))
    return paths


def _rank(line: str) -> int:
    match = _NAMED.match(line)
    return next((rank for rank, word in zip(_RANKS, match.groups(), strict=True) if word), -1) if match else -1


def _follows(number: tuple[int, ...], last: tuple[int, ...]) -> bool:
    """Whether a numbered heading may come after another: the next of its own rank, or the first of a deeper one."""
    if not last:
        return number == (1,)
    if len(number) == len(last) + 1:
        return number[:-1] == last and number[-1] == 1
    return (
        len(number) <= len(last) and number[:-1] == last[: len(number) - 1] and number[-1] == last[len(number) - 1] + 1
    )
