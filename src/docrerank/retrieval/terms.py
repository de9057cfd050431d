"""Text to comparable terms: stems, numbers in one form, words that mean the same as one."""

from __future__ import annotations

import functools
import re
from importlib.resources import files
from typing import Any

import Stemmer
import yaml

_TOKEN = re.compile(r"[A-Za-z]{1,40}(?:['’][A-Za-z]{1,3})?|\d[\d,]{0,20}(?:\.\d{1,6})?|[%$€£]")
_YEAR = re.compile(r"(?:19|20)\d\d")
_SHORT_YEAR = re.compile(r"(?:FY|fy|['’])\s?(\d\d)\b(?!\d)")
_YEAR_RANGE = re.compile(r"\b((?:19|20)\d\d)\s?(?:-|–|—|to|through|and)\s?((?:19|20)?\d\d)\b")
_NOT_WORDS = re.compile(r"[^a-z0-9&]+")
_stemmer = Stemmer.Stemmer("english")
_words: dict[str, Any] = yaml.safe_load(files("docrerank.retrieval").joinpath("word_meanings.yaml").read_text("utf-8"))
STOP_WORDS = frozenset(_words["stop words"].split())


def terms(text: str) -> list[str]:
    """Comparable terms of a text in order, stop words left out: stems, and numbers without separators.

    Examples:
        >>> terms("How much did net sales grow, to $1,234.50?")
        ['net', 'sale', 'grow', '$', '1234.5']
    """
    return [stem(token) for token in tokens(text) if token.lower() not in STOP_WORDS]


def tokens(text: str) -> list[str]:
    """Words, numbers and currency or percent signs of a text, in order."""
    return _TOKEN.findall(text)


@functools.lru_cache(maxsize=200_000)
def stem(token: str) -> str:
    """One token as a term."""
    if token[0].isdigit():
        number = token.replace(",", "")
        return number.rstrip("0").rstrip(".") if "." in number else number
    return str(_stemmer.stemWord(token.lower().removesuffix("'s").removesuffix("’s")))


def plain(text: str) -> str:
    """Lower-case words with one space between them, without punctuation; an ampersand inside a word stays.

    Examples:
        >>> plain("Total Shareholders’ Equity (Note 12), PP&E")
        'total shareholders equity note 12 pp&e'
    """
    return _NOT_WORDS.sub(" ", text.lower().replace("’", "").replace("'", "")).strip()


def years(text: str) -> set[str]:
    """Years that a text speaks of: written out, as FY21 or '21, or inside a range such as 2015-2018."""
    found = set(_YEAR.findall(text))
    found.update(_century(short) for short in _SHORT_YEAR.findall(text))
    for first, last in _YEAR_RANGE.findall(text):
        start, end = int(first), int(last if len(last) == 4 else first[:2] + last)
        if start < end <= start + 60:
            found.update(str(year) for year in range(start, end + 1))
    return found


def same_meaning(term: str) -> tuple[tuple[str, ...], ...]:
    """Stem sequences that mean the same as a term or phrase, itself first.

    Examples:
        >>> ("revenu",) in same_meaning("sales")
        True
    """
    own = tuple(terms(term))
    return (own, *(row for row in _RINGS.get(own, ()) if row != own))


def similarity(one: str, other: str) -> float:
    """Jaccard similarity of two texts' terms, 0 to 1."""
    a, b = set(map(stem, tokens(one))), set(map(stem, tokens(other)))
    return len(a & b) / len(a | b) if a or b else 1.0


def _century(short: str) -> str:
    return ("19" if int(short) > 50 else "20") + short


def _build_rings() -> dict[tuple[str, ...], tuple[tuple[str, ...], ...]]:
    rings: dict[tuple[str, ...], tuple[tuple[str, ...], ...]] = {}
    for row in _words["same meaning"]:
        ring = tuple(dict.fromkeys(tuple(map(stem, tokens(word))) for word in row if tokens(word)))
        for member in ring:
            rings[member] = rings.get(member, ()) + ring
    return rings


_RINGS = _build_rings()
