"""Words that stand in another's place in the same document: "storage class" beside "storage duration"."""

from __future__ import annotations

import functools
import random
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import pairwise

from docrerank.queries.editable_spans import Slot
from docrerank.queries.nouns import is_plural
from docrerank.queries.vocabulary import BASE_VERBS
from docrerank.retrieval import terms

#: Words between punctuation; only these stand beside each other.
_RUN = re.compile(r"[A-Za-z]{2,30}(?:[ \n][A-Za-z]{2,30}){1,60}")
_WORD = re.compile(r"(?<![\w-])[a-z]{3,30}(?![\w-])")
#: Endings of words that stand for another kind of word than a noun.
_ENDINGS = ("ed", "ing", "ly", "er", "est", "al", "ive", "ous", "able")
#: Parts of a fact in sentences and headings. Labels of tables give way to whole other labels.
_ROLES = frozenset("rest subject noun action topic goal condition role about".split())
#: What stands before a noun phrase and nowhere else.
_ARTICLES = ("the", "a", "an", "of", "our", "its", "this", "each", "any")
_ADJECTIVES = ("al", "ive", "ous")
#: Times that a word must stand in the document.
MIN_SEEN = 3
#: Different neighbours of a word that are looked at: more would make a long document's cost quadratic.
MAX_NEIGHBOURS = 400
#: Words offered for one, at most.
MOST = 12


class NearWords:
    """The pairs of words that follow each other in a document.

    Args:
        texts: of its pages.
    """

    def __init__(self, texts: Iterable[str]) -> None:
        self._after: dict[str, Counter[str]] = defaultdict(Counter)
        self._before: dict[str, Counter[str]] = defaultdict(Counter)
        for text in texts:
            for run in _RUN.findall(text):
                for one, other in pairwise(run.split()):
                    _count(self._after[one], other)
                    _count(self._before[other], one)
        self._names = functools.cache(self._is_name)

    def find_slots(self, slot: Slot, rng: random.Random) -> Iterator[tuple[Slot, Iterator[str]]]:
        """Each word of a longer slot, as a slot of its own, with the words that may take its place."""
        if slot.role not in _ROLES:
            return
        for match in _WORD.finditer(slot.text):
            if others := self._find(match.group(), *_neighbours(slot.text, match), rng):
                yield replace(slot, text=match.group(), start=slot.start + match.start()), iter(others)

    def _find(self, word: str, left: str, right: str, rng: random.Random) -> list[str]:
        """Words that the document has beside the same neighbours; beside one, if it has none beside both."""
        if not self._names(word):
            return []
        after, before = self._after.get(left, Counter()), self._before.get(right, Counter())
        for found in (after & before, after | before):
            fitting = [other for other in found if _fits(other, word) and self._names(other)]
            if fitting:
                rng.shuffle(fitting)
                return sorted(fitting, key=lambda other: -found[other])[:MOST]
        return []

    def _is_name(self, word: str) -> bool:
        """Whether it is a noun, or stands before one: by its ending, or after an article and not once only."""
        before = self._before.get(word, Counter())
        seen = before.total() >= MIN_SEEN and any(before[each] or before[each.capitalize()] for each in _ARTICLES)
        return bool(terms(word)) and (seen or word.endswith(_ADJECTIVES))


def _count(seen: Counter[str], word: str) -> None:
    if word in seen or len(seen) < MAX_NEIGHBOURS:
        seen[word] += 1


def _neighbours(text: str, match: re.Match[str]) -> tuple[str, str]:
    """The words right before and after, in the slot, if they say something."""
    before, after = text[: match.start()].split(" ")[-2:-1], text[match.end() + 1 :].split(" ")[:1]
    left = before[0] if before and text[match.start() - 1] == " " else ""
    right = after[0] if after and text[match.end() : match.end() + 1] == " " else ""
    return left if terms(left) else "", right if terms(right) else ""


def _fits(other: str, word: str) -> bool:
    """Of the same form as far as endings tell, in lower case, with a meaning of its own."""
    if not _WORD.fullmatch(other) or not terms(other) or terms(other) == terms(word) or other[:5] == word[:5]:
        return False  # `programme` and `program` are one word
    return _form(other) == _form(word)


def _form(word: str) -> tuple[str, bool, bool]:
    return next((end for end in _ENDINGS if word.endswith(end)), ""), is_plural(word), word in BASE_VERBS
