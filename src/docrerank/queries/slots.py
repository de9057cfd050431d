"""Typed spans of a query: what of it can be edited, and as which property."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from docrerank.queries.vocabulary import EXCHANGES

_YEAR = re.compile(r"\b(?:19|20)\d\d\b")
_QUARTER = re.compile(r"\b(?:Q[1-4]|(?:first|second|third|fourth) quarter)\b")
_VALUE = re.compile(
    r"[$€£]\s?\d[\d,]{0,15}(?:\.\d{1,4})?(?: (?:million|billion|trillion|thousand))?|\b\d[\d,]{0,15}(?:\.\d{1,4})? ?%|\b\d[\d,]{0,15}(?:\.\d{1,4})?\b"
)
_NAME = re.compile(r"\b[A-Z][A-Za-z0-9&'’.\-]{1,30}(?: (?:of |and |& |the )?[A-Z][A-Za-z0-9&'’.\-]{0,30}){0,4}")
_OPENERS = frozenset(
    """what which who whom whose when where why how is are was were did does do can could according in on by for from
    list give show find tell among the if at to i a an of""".split()
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Slot:
    """A span of a query that carries one property.

    Attributes:
        property: one of `docrerank.records.PROPERTIES`.
        text: the words.
        start: where they begin in the query.
    """

    property: str
    text: str
    start: int

    def end(self) -> int:
        """Where the words end in the query."""
        return self.start + len(self.text)


def find_slots(text: str, known: Mapping[str, str]) -> list[Slot]:
    """Find what can be edited in a query, left to right.

    Args:
        text: the query.
        known: words that the writer knows the property of (a row's label, a topic); these may hold other slots.

    Example:
        >>> [(slot.property, slot.text) for slot in find_slots("What was revenue in Germany in 2019?", {})]
        [('metric', 'revenue'), ('region', 'Germany'), ('year', '2019')]
    """
    given = [Slot(name, words, text.find(words)) for words, name in known.items() if words and words in text]
    taken: list[Slot] = []
    for slot in _typed(text):
        if all(slot.end() <= other.start or other.end() <= slot.start for other in taken):
            taken.append(slot)
    spans = {(slot.start, slot.end()) for slot in given}
    return sorted([*given, *(slot for slot in taken if (slot.start, slot.end()) not in spans)], key=lambda s: s.start)


def _typed(text: str) -> Iterator[Slot]:
    """Spans in order of trust: years and quarters, the word lists, names, plain values."""
    yield from (Slot("year", match.group(), match.start()) for match in _YEAR.finditer(text))
    yield from (Slot("granularity", match.group(), match.start()) for match in _QUARTER.finditer(text))
    for match in _listed().finditer(text):
        yield Slot(_property_of()[match.group().lower()], match.group(), match.start())
    yield from _names(text)
    yield from (Slot("value", match.group(), match.start()) for match in _VALUE.finditer(text))


def _names(text: str) -> Iterator[Slot]:
    """Capitalised words, the sentence's opener left out."""
    for match in _NAME.finditer(text):
        words, start = match.group(), match.start()
        first, _, rest = words.partition(" ")
        if first.lower() in _OPENERS:
            start, words = start + len(first) + 1, rest
        words = words.rstrip(".'’-")
        if len(words) > 1 and words[:1].isupper() and not (start == 0 and " " not in words):
            yield Slot("entity", words, start)


@functools.cache
def _property_of() -> dict[str, str]:
    return {word.lower(): name for name, rows in reversed(EXCHANGES.items()) for row in rows for word in row}


@functools.cache
def _listed() -> re.Pattern[str]:
    """One alternation of fixed words, longest first: linear in the text."""
    words = sorted(_property_of(), key=len, reverse=True)
    return re.compile(r"\b(?:" + "|".join(map(re.escape, words)) + r")\b", re.IGNORECASE)
