"""Which candidates must not become negatives: the own page, its copies, and pages that answer too, or may."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from docrerank.pages.wording import Wording, read_wording
from docrerank.records import Query
from docrerank.retrieval import FirstStage, LargePages, Vectors

_WORDS = re.compile(r"[^\W_]+")
#: Words of a query shorter than this carry little of what it asks.
KEY_TERM_LETTERS = 4
#: Pages whose words are held: those that queries one after the other meet again.
KEPT_PAGES = 4_096


class Exclusions:
    """Decides which pages are left out for a query; word sets of the last pages asked for are held.

    Args:
        first: the first stage over the collection.
        near_identical: Jaccard similarity of shingles from which two pages read alike.
        sees: whether a page without text may be a negative: its image is compared.
    """

    def __init__(self, first: FirstStage | LargePages, near_identical: float, sees: bool = False) -> None:
        self._first, self._sees = first, sees
        self._near_identical = near_identical
        keep = functools.lru_cache(KEPT_PAGES)
        self._wording: Callable[[int], Wording] = keep(lambda row: read_wording(first.text(row)))
        self._words: Callable[[int], frozenset[str]] = keep(lambda row: find_words(first.text(row)))
        self._flat: Callable[[int], str] = keep(lambda row: flatten(first.text(row)))

    def find_reason(self, query: Query, own: int, row: int) -> str:
        """Why a page may not be a negative of this query, or nothing; `own` and `row` are rows of the collection."""
        if row == own:
            return "own page"
        if self._first.name(row) in query.answered_by:
            return "answers the query"
        if not self._words(row):
            return "" if self._sees else "no text"
        if self._repeats(query, own, row):
            return "near-identical page"
        if self._answers(query, row):
            return "holds the answer"
        return ""

    def _repeats(self, query: Query, own: int, row: int) -> bool:
        """The page reads like the own page, and the own page's numbers that the query or its answer has are on it.

        So a page that repeats the own one is left out, and last year's too if no number that differs is asked for.
        """
        asked = find_words(f"{query.text} {query.answer}") & set(self._wording(own).numbers)
        if not asked <= set(self._wording(row).numbers):
            return False
        return self._wording(own).measure_likeness(self._wording(row)) >= self._near_identical

    def _answers(self, query: Query, row: int) -> bool:
        """The answer stands on the page and so does every key term of the query."""
        answer = flatten(query.answer)
        if not answer or f" {answer} " not in f" {self._flat(row)} ":
            return False
        return find_key_terms(query.text) <= self._words(row)


def is_above_margin(scores: Vectors, own: int, margin: float, lowest: float | None = None) -> npt.NDArray[np.bool_]:
    """The relative-margin rule: a page scoring almost as high as the own page may answer as well.

    Sums of z-scores have no zero of their own, so the lowest score of the collection is taken as zero: a page is left
    out if its height above that is at least (1 - margin) times the own page's height. The rule is then the same
    whatever is added to all scores. A query whose own page scores low loses all its candidates, which is meant.

    Args:
        scores: of shape (n,).
        own: where the own page is.
        margin: 0 to 1.
        lowest: the collection's lowest score, if these are not all of it.

    Examples:
        >>> is_above_margin(np.array([2.0, 1.95, 1.0, -1.0], np.float32), 0, 0.05).tolist()
        [True, True, False, False]
    """
    heights = scores.astype(np.float64) - (float(scores.min()) if lowest is None else lowest)
    bar = (1 - margin) * float(heights[own])
    return (heights >= bar) & (bar > 0)


def find_words(text: str) -> frozenset[str]:
    """The words of a text, lower case."""
    return frozenset(_WORDS.findall(text.lower()))


def find_key_terms(query: str) -> frozenset[str]:
    """The query's words that say what it asks: long ones and numbers."""
    words = find_words(query)
    return frozenset(word for word in words if len(word) >= KEY_TERM_LETTERS or word.isdigit()) - _ASKING


def flatten(text: str) -> str:
    """Words of a text in order, lower case, single spaces."""
    return " ".join(_WORDS.findall(text.lower()))


_ASKING = frozenset(
    """what which when where whose does have many much that this these those with from were will would could
    about according between than list name show tell give find come came compare compared difference value figure
    reported percentage higher lower""".split()
)
