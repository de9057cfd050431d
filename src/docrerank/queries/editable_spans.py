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
_NAME = re.compile(r"\b[A-Z][A-Za-z0-9&.\-]{1,30}(?: (?:of |and |& |the )?[A-Z][A-Za-z0-9&.\-]{0,30}){0,4}")
_OPENERS = frozenset(
    """what which who whom whose when where why how is are was were did does do can could according in on by for from
    list give show find tell among the if at to i a an of
    explain compare summarise describe name tell report fiscal year note item table figure""".split()
)  # fmt: skip
#: Words before and after a measure that stands for itself.
_LEADERS = frozenset("the of in was were is are did does for total and much many our".split())
_FOLLOWERS = frozenset(
    "in of for from at between rise change as by per on during go increase decrease reported and or come".split()
)
_TRADES = frozenset(word for row in EXCHANGES["segment"][:3] for word in row)
_TRADED = frozenset("segment revenue revenues sales business customers division income market banking".split())


@dataclass(frozen=True, slots=True)
class Slot:
    """A span of a query that carries one property.

    Attributes:
        property: one of `docrerank.records.PROPERTIES`.
        text: the words.
        start: where they begin in the query.
        role: what may take its place: the part of a fact it fills (`topic`, `row`), or its property.
    """

    property: str
    text: str
    start: int
    role: str

    def end(self) -> int:
        """Where the words end in the query."""
        return self.start + len(self.text)


def find_slots(text: str, known: Mapping[str, tuple[str, str]]) -> list[Slot]:
    """Find what can be edited in a query, left to right.

    Args:
        text: the query.
        known: words whose property and role the writer knows (a row's label, a topic); these may hold other slots.

    Examples:
        >>> [(slot.property, slot.text) for slot in find_slots("What was revenue in Germany in 2019?", {})]
        [('metric', 'revenue'), ('region', 'Germany'), ('year', '2019')]
    """
    given = [Slot(name, words, text.find(words), role) for words, (name, role) in known.items() if words in text]
    taken: list[Slot] = []
    for slot in _typed(text):
        if all(slot.end() <= other.start or other.end() <= slot.start for other in taken):
            taken.append(slot)
    spans = {(slot.start, slot.end()) for slot in given}
    free = (slot for slot in taken if (slot.start, slot.end()) not in spans and not _is_fixed(text, slot))
    return sorted([*given, *free], key=lambda slot: slot.start)


def _is_fixed(text: str, slot: Slot) -> bool:
    """A day of a month is no amount, a weighted average no median, and `the United Kingdom` fits few others."""
    before = text[: slot.start].split()[-1:]
    if re.match(r"\.\w", text[slot.end() : slot.end() + 2]) or before == ["weighted"]:
        return True  # the name goes on: Amazon.com
    if slot.property == "value":
        return text[: slot.start].endswith(("'", "’")) or (bool(before) and before[0] in EXCHANGES["year"][0])
    return slot.property == "region" and before == ["the"]


def _typed(text: str) -> Iterator[Slot]:
    """Spans in order of trust: years and quarters, the word lists, names, plain values."""
    yield from (_slot("year", match) for match in _YEAR.finditer(text))
    yield from (_slot("granularity", match) for match in _QUARTER.finditer(text))
    for match in _listed().finditer(text):
        name = _property_of()[match.group().lower()]
        if name == "entity" and match.group() not in _entities():
            continue  # a palm is no PaLM
        if not _inside_name(text, match) and not _in_brackets(text, match) and _stands_alone(text, match, name):
            yield _slot(name, match)
    yield from _names(text)
    yield from (_slot("value", match) for match in _VALUE.finditer(text))


def _slot(name: str, match: re.Match[str]) -> Slot:
    return Slot(name, match.group(), match.start(), name)


def _inside_name(text: str, match: re.Match[str]) -> bool:
    """Whether a capitalised word is only a part of a longer name: `Europe` in `Central Europe`."""
    if not match.group()[0].isupper():
        return False
    before, after = text[: match.start()].split(" ")[-2:-1], text[match.end() + 1 :].split(" ")[:1]
    led = bool(before) and before[0][:1].isupper() and before[0].lower() not in _OPENERS
    return led or (bool(after) and after[0][:1].isupper() and text[match.end() : match.end() + 1] == " ")


def _in_brackets(text: str, match: re.Match[str]) -> bool:
    """Whether a word alone is in brackets: "net income (loss)" is one word for either."""
    return text[match.start() - 1 : match.start()] == "(" and text[match.end() : match.end() + 1] == ")"


def _stands_alone(text: str, match: re.Match[str], name: str) -> bool:
    """Whether a measure or a line of business is a word of its own: no `capacity` in `storage capacity planning`."""
    before, after = text[: match.start()].split(), text[match.end() :].split()
    last, following = before[-1].lower() if before else "", after[0].strip("?.,").lower() if after else ""
    if match.group().lower() == "fiscal year":
        return following[:2] in ("19", "20") and last != "the"
    if name == "entity":
        return last not in ("a", "an")
    if name == "metric":
        led = last in _LEADERS or last.endswith(("'s", "’s", "s'"))
        return led and (following in _FOLLOWERS or not following)
    return name != "segment" or match.group().lower() not in _TRADES or following in _TRADED or not following


def _names(text: str) -> Iterator[Slot]:
    """Capitalised words, the sentence's opener left out."""
    for match in _NAME.finditer(text):
        words, start = match.group(), match.start()
        first, _, rest = words.partition(" ")
        if first.lower() in _OPENERS:
            start, words = start + len(first) + 1, rest
        words = words.rstrip(".'’-")
        if text[:start].lower().endswith((" a ", " an ")):
            continue
        if len(words) > 2 and words[:1].isupper() and "." not in words and not (start == 0 and " " not in words):
            yield Slot("entity", words, start, "entity")


@functools.cache
def _property_of() -> dict[str, str]:
    return {word.lower(): name for name, rows in reversed(EXCHANGES.items()) for row in rows for word in row}


@functools.cache
def _entities() -> frozenset[str]:
    return frozenset(word for row in EXCHANGES["entity"] for word in row)


@functools.cache
def _listed() -> re.Pattern[str]:
    """One alternation of fixed words, longest first: linear in the text."""
    words = sorted(_property_of(), key=len, reverse=True)
    return re.compile(r"\b(?:" + "|".join(map(re.escape, words)) + r")\b", re.IGNORECASE)
