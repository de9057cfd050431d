"""What of a page's text says whether another page repeats it: its words in threes, and its numbers in order.

Two filings' tables that differ in nothing but their numbers are the best negatives there are, so words and numbers are
kept apart: how alike two pages read is measured on their words alone, and numbers are compared exactly.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from docrerank.retrieval import hash_term

Hashes = npt.NDArray[np.uint64]

_WORDS = re.compile(r"[^\W_]+")
#: Stands for every number among the words.
NUMBER = "0"
#: Odd, so that no bit of a word's hash is lost.
_FACTORS = np.random.default_rng(0).integers(0, 1 << 63, 3, np.uint64) * np.uint64(2) + np.uint64(1)


@dataclass(frozen=True, slots=True)
class Wording:
    """A page's text as it is compared.

    Attributes:
        shingles: hashes of every three words that follow each other, sorted, each once; a number is one word whatever
            it is. Of a text of one or two words all of it; none of an empty one.
        numbers: words with a digit, in order ("1,234.5" are three).
    """

    shingles: Hashes
    numbers: tuple[str, ...]

    def measure_likeness(self, other: Wording) -> float:
        """Jaccard similarity of both pages' shingles, 0 to 1; 1 for two empty ones."""
        common = len(np.intersect1d(self.shingles, other.shingles, assume_unique=True))
        union = len(self.shingles) + len(other.shingles) - common
        return common / union if union else 1.0


def read_wording(text: str) -> Wording:
    """Read a page's wording.

    Examples:
        >>> last, this = read_wording("Net sales of 2019: 41 million"), read_wording("Net sales of 2020: 44 million")
        >>> last.measure_likeness(this), last.numbers
        (1.0, ('2019', '41'))
    """
    words = _WORDS.findall(text.lower())
    hashes = np.array([hash_term(word if word.isalpha() else NUMBER) for word in words], np.uint64)
    return Wording(_join_threes(hashes), tuple(word for word in words if not word.isalpha()))


def _join_threes(hashes: Hashes) -> Hashes:
    if not len(hashes):
        return hashes
    padded = np.concatenate([hashes, np.zeros(max(0, 3 - len(hashes)), np.uint64)])
    return np.unique(padded[:-2] * _FACTORS[0] + padded[1:-1] * _FACTORS[1] + padded[2:] * _FACTORS[2])
