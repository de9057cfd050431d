"""The passage of a page to show beside its score."""

from __future__ import annotations

import re
from collections import Counter

from docrerank.retrieval.terms import terms

MAX_CHARACTERS, MAX_LINES = 200, 500
_SENTENCE = re.compile(r"(?<=[.?!])\s+(?=[A-Z0-9“\"])")
#: A first or last line of a page that begins or ends with a number is a running header or footer.
_FOOTER = re.compile(r"\d+\b.{0,80}|.{0,80}\b\d+")


def find_snippet(query: str, text: str) -> str:
    """The sentence or line of a page with most of a query's words, and as much of what follows as there is room for.

    A word counts the less, the more sentences or lines of the page have it.

    A running header or footer counts only if the page has nothing else.

    Examples:
        >>> find_snippet("sales in Chile", "Acme 2020\\nWe act. Sales in Chile\\nrose by 3%. Costs fell.\\nPage 4")
        'Sales in Chile rose by 3%. Costs fell.'
    """
    lines = [line.strip() for line in text.splitlines()[:MAX_LINES] if line.strip()]
    inner = [line for at, line in enumerate(lines) if 0 < at < len(lines) - 1 or not _FOOTER.fullmatch(line)]
    pieces = _SENTENCE.split(_join(inner or lines))
    pieces = [part for piece in pieces for part in piece.split("\n") if part]
    if not pieces:
        return ""
    wanted = set(terms(query))
    own = [wanted & set(terms(piece)) for piece in pieces]
    counts = Counter(term for each in own for term in each)
    best = max(range(len(pieces)), key=lambda at: sum(1 / counts[term] for term in own[at]))
    found = pieces[best]
    for piece in pieces[best + 1 :]:
        if len(found) + len(piece) >= MAX_CHARACTERS:
            break
        found += f" {piece}"
    return found if len(found) <= MAX_CHARACTERS else found[:MAX_CHARACTERS].rsplit(" ", 1)[0] + " …"


def _join(lines: list[str]) -> str:
    """Lines of prose run together, lines of tables and headings kept apart."""
    joined = ""
    for line in lines:
        runs_on = bool(joined) and joined[-1] not in ".:?!\n" and line[:1].islower()
        joined += (" " if runs_on else "\n" if joined else "") + line
    return joined
