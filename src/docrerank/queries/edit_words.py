"""What a hard negative's edit may put in: words of the same property, from the same document before any list."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Iterable, Iterator

from docrerank.queries.derived_measures import similar_measures
from docrerank.queries.editable_spans import Slot
from docrerank.queries.grammar import possessive
from docrerank.queries.nouns import head_noun, is_plural
from docrerank.queries.phrasing import Draft
from docrerank.queries.vocabulary import COUNTABLE, EXCHANGES
from docrerank.retrieval import terms

MAX_PER_PROPERTY = 400
#: A year gives way to one that is as near.
MAX_YEARS = 5
#: Roles whose words are labels of tables.
_LABELS = ("row", "member ", "group")
#: Share of a longer part's terms that what takes its place must have.
MIN_SHARED = 0.33

_DIGITS = re.compile(r"\d[\d,]*(?:\.\d+)?")
_QUARTERS = ("Q1", "Q2", "Q3", "Q4")
_QUARTER_WORDS = ("first quarter", "second quarter", "third quarter", "fourth quarter")


class Pools:
    """Words of a document by role, as its own queries use them; most frequent first.

    Args:
        drafts: the queries drafted for all pages of the document.
    """

    def __init__(self, drafts: Iterable[Draft]) -> None:
        counts: dict[str, Counter[str]] = {}
        for draft in drafts:
            for slot in draft.slots:
                counts.setdefault(slot.role, Counter())[slot.text] += 1
        self._words = {name: [word for word, _ in seen.most_common(MAX_PER_PROPERTY)] for name, seen in counts.items()}

    def alternatives(self, slot: Slot, rng: random.Random) -> Iterator[str]:
        """Yield words to put in a slot's place, closest first, never the slot's own."""
        own = terms(slot.text)
        seen = {slot.text.lower()}
        for word in self._ordered(slot, rng):
            if word.lower() not in seen and terms(word) != own:
                seen.add(word.lower())
                yield word

    def _ordered(self, slot: Slot, rng: random.Random) -> Iterator[str]:
        if slot.property == "year" and slot.text.isdigit():
            yield from self._years(slot, rng)
        elif slot.property == "value":
            yield from _values(slot.text, rng)
        elif slot.text in (*_QUARTERS, *_QUARTER_WORDS):
            yield from rng.sample(_QUARTERS if slot.text in _QUARTERS else _QUARTER_WORDS, 4)
        elif slot.role == "derived":
            yield from similar_measures(slot.text)
        elif slot.role in ("year", "comparison", "granularity", "unit", "entity"):
            yield from _listed(slot, rng)
        else:
            yield from self._own(slot, rng)
            yield from _listed(slot, rng)

    def _own(self, slot: Slot, rng: random.Random) -> Iterator[str]:
        """The document's words of this role, those that share most with the slot first.

        Only the labels of tables, which are alike in kind, give way to one that shares no word. A longer part must
        share a good half of its words: otherwise the negative would be about something else, not a near miss.
        """
        own, row = set(terms(slot.text)), _row(slot)
        words = [word for word in self._words.get(slot.role, []) if _alike(word, slot.text)]
        words = [word for word in words if not row or word.lower() in row]
        shared = {word: len(own & set(terms(word))) for word in words}
        least = 0 if slot.role.startswith(_LABELS) and len(own) <= 3 else MIN_SHARED * len(own)
        rng.shuffle(words)
        yield from sorted((word for word in words if shared[word] >= least), key=lambda word: -shared[word])

    def _years(self, slot: Slot, rng: random.Random) -> Iterator[str]:
        """Years of the document first, then its neighbours; nearest first within each."""
        year = int(slot.text)
        known = [int(word) for word in self._words.get("year", []) if word.isdigit()]
        near = [year + step for step in (-1, 1, -2, -3)]
        known = [other for other in known if year - MAX_YEARS <= other <= year + 2]
        rng.shuffle(known)
        known.sort(key=lambda other: abs(other - year) // 3)
        yield from (str(other) for other in known)
        yield from (str(other) for other in sorted(near, key=lambda other: (abs(other - year) // 2, rng.random())))


def _alike(word: str, other: str) -> bool:
    """Of about the same length, both names or neither, both one or both several, both with an article or neither."""
    if abs(len(word.split()) - len(other.split())) > 3 or word[:1].isupper() != other[:1].isupper():
        return False
    return is_plural(word) == is_plural(other) and (head_noun(word) in COUNTABLE) == (head_noun(other) in COUNTABLE)


def _listed(slot: Slot, rng: random.Random) -> Iterator[str]:
    low = _row(slot)
    others = [word for row in EXCHANGES.get(slot.property, ()) for word in row if word.lower() in low]
    capital = slot.text[:1].isupper() and not any(word[0].isupper() for word in others)
    others = [word for word in others if word.lower() != slot.text.lower()]
    owns = slot.text.endswith(("'", "'s"))
    for word in rng.sample(others, len(others)):
        yield possessive(word) if owns else word.capitalize() if capital else word


def _row(slot: Slot) -> frozenset[str]:
    """The words of the list that holds the slot's, in lower case: only these are of its kind. Empty if none does."""
    for row in EXCHANGES.get(slot.role, ()):
        low = frozenset(word.lower() for word in row)
        if slot.text.lower() in low or (slot.role == "entity" and slot.text.lower().startswith(tuple(low))):
            return low
    return frozenset()


def _values(text: str, rng: random.Random) -> Iterator[str]:
    """The same amount with another number: near it, and written alike."""
    match = _DIGITS.search(text)
    if match is None:
        return
    digits = match.group().replace(",", "")
    decimals = len(digits.partition(".")[2])
    for factor in rng.sample((0.5, 0.8, 0.9, 1.1, 1.2, 1.5, 2.0), 7):
        value = float(digits) * factor
        written = f"{value:,.{decimals}f}" if "," in match.group() or value >= 10_000 else f"{value:.{decimals}f}"
        yield text[: match.start()] + written + text[match.end() :]
