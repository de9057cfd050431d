"""Noun phrases: whether words name a thing, whether they name a measure, one thing or several."""

from __future__ import annotations

import re
from collections.abc import Iterator

from docrerank.queries.vocabulary import (
    ARTICLES,
    COUNTABLE,
    COUNTED,
    DANGLING,
    GENERIC,
    MASS,
    MEASURES,
    PREPOSITIONS,
    VERB_FORMS,
)

MAX_NAME_WORDS = 9

_NOTE_MARK = re.compile(r"(?<=[A-Za-z)])\s?\((?:[a-z]|\d{1,2})\)|[*†‡§]")
_ASIDE = re.compile(r"\s\((?:in|as|see|unaudited|note|dollars|restated|audited)\b[^()]{0,60}\)", re.IGNORECASE)
_NO_NAME = re.compile(
    r", by |\bnil\b|\b000['’]?s?\b|\(Nos?\.?\)|[$€£%=<>@|?!;:\"“”#_\\{}\[\]…†‡•~^+]|\d{4,}|\b\d+\.\d|\.\.|,$|[/\-–—]$|\d,\d"
)
_BRACKETS = re.compile(r"\([^()]{0,60}\)")
_NUMBER = re.compile(r"^[\d.,()–-]+$")
_ORDINALS = frozenset("first second third fourth fifth last next previous same above".split())
_CAPITALS = re.compile(r"^[A-Z][a-z]+(?:[-'’/][A-Za-z]?[a-z]+){0,3},?$")


def plain_name(words: str) -> str:
    """A label without note marks and asides: `Deposits(a) (in millions)` is `Deposits`."""
    return " ".join(_NOTE_MARK.sub("", _ASIDE.sub("", words)).split()).strip(" .,")


def names_a_thing(words: str) -> bool:
    """Whether words are a noun phrase that can stand in a question: no fragment, no sentence, no bare number.

    Examples:
        >>> names_a_thing("operating lease costs"), names_a_thing("and loans(c) 395 Price"), names_a_thing("Total")
        (True, False, False)
    """
    kept = words.split()
    kept = kept[1:] if len(kept) > 1 and kept[0].lower() in ("the", "a", "an") else kept
    low = [word.lower().strip("(),'’") for word in kept]
    if not 1 <= len(kept) <= MAX_NAME_WORDS or _NO_NAME.search(words) or words.count("(") != words.count(")"):
        return False
    if not kept[0][0].isalpha() or low[-1] in PREPOSITIONS or low[-1] in DANGLING or low[-1] in VERB_FORMS:
        return False
    if low[0] in _ORDINALS or low[0] in PREPOSITIONS or low[0] in DANGLING or any(word in VERB_FORMS for word in low):
        return False
    if low[0].endswith("ed") and (len(kept) == 1 or low[1] in PREPOSITIONS):
        return False
    if any(_NUMBER.match(word) for word in kept) or len(set(low)) < len(low) - low.count("of") - low.count("and"):
        return False
    return " ".join(low) not in GENERIC and any(len(word) > 2 for word in low)


def head_noun(words: str) -> str:
    """The word that says what kind of thing a noun phrase names, in lower case.

    Examples:
        >>> head_noun("Net cash provided by operating activities"), head_noun("goodwill and other intangible assets")
        ('cash', 'assets')
    """
    kept = list(_before_preposition(words))
    while len(kept) > 1 and (kept[-1].endswith("ed") or kept[-1] in ("paid", "held", "outstanding", "sold", "net")):
        kept.pop()
    return kept[-1] if kept else ""


def is_plural(words: str) -> bool:
    head = head_noun(words)
    return head in ("people", "women", "men", "children") or (
        len(head) > 3 and head.endswith("s") and not head.endswith(("ss", "us", "is")) and head not in MASS
    )


def is_measure(words: str) -> bool:
    """Whether a label names something that has an amount."""
    head = head_noun(words)
    return head in MEASURES or head.removesuffix("s") in MEASURES or head in COUNTED


def with_article(words: str) -> str:
    """`the` before a countable measure in the singular: `the tax rate`, but `revenue`, `total assets`."""
    needs = (
        head_noun(words) in COUNTABLE
        and not words.split()[0].endswith(("'s", "’s", "s'"))
        and not is_plural(words)
        and not words.lower().startswith("the ")
    )
    return f"the {words}" if needs else words


def lower_title(words: str) -> str:
    """Title Case and CAPITALS as they stand inside a question; short capitals and mixed names stay."""
    kept = words.split()
    if words.isupper() and len(words) > 5:
        return words.lower()
    content = [word for word in kept if word[0].isalpha() and word.lower() not in PREPOSITIONS]
    if content and all(word[0].isupper() for word in content):
        return " ".join(word.lower() if _CAPITALS.match(word) or len(word) == 1 else word for word in kept)
    common = _CAPITALS.match(kept[0]) and (
        kept[0].lower() in ARTICLES or not any(word[0].isupper() for word in kept[1:2])
    )
    return kept[0].lower() + words[len(kept[0]) :] if common else words


def singular(noun: str) -> str:
    """One of several: `countries` is `country`."""
    if noun.endswith("ies") and len(noun) > 4:
        return noun[:-3] + "y"
    if noun.endswith(("sses", "xes", "ches", "shes")):
        return noun[:-2]
    return noun[:-1] if is_plural(noun) else noun


def _before_preposition(words: str) -> Iterator[str]:
    for at, word in enumerate(_BRACKETS.sub("", words.lower()).replace(",", " ").split()):
        bare = word.strip("()'’")
        if at and bare in PREPOSITIONS and bare not in ("and", "or"):
            return
        if bare:
            yield bare
