"""BM25 over page texts: English stop words, English stems, the same scores in memory and on disk."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path

import numpy as np
import numpy.typing as npt

from docrerank.recipe.extras import require
from docrerank.retrieval.encoder import Vectors
from docrerank.retrieval.postings import LARGEST, SHIFT, Places, Postings, hash_term, write_postings

MAX_QUERY_CHARACTERS = 10_000
#: The constants that bm25s has.
K1, B = 1.5, 0.75
TEXTS_AT_ONCE = 1_024


class Bm25:
    """An index over page texts.

    Args:
        texts: one for each page.

    Examples:
        >>> Bm25(["net sales rose", "the board met"]).score("sales").argmax()  # doctest: +SKIP
        0
    """

    def __init__(self, texts: Sequence[str]) -> None:
        self._pages, self._tokenizer = len(texts), Tokenizer()
        tokens = self._tokenizer.cut(texts)
        self._index = require("bm25s", extra="mine").BM25() if any(tokens) else None
        if self._index is not None:
            self._index.index(tokens, show_progress=False)

    def score(self, query: str) -> Vectors:
        """Scores of shape (pages,), 0 and up; all 0 where no word of the query is on any page."""
        tokens = self._tokenizer.cut([query[:MAX_QUERY_CHARACTERS]])[0]
        if not tokens or self._index is None:
            return np.zeros(self._pages, np.float32)
        return np.asarray(self._index.get_scores(tokens), np.float32)


class StoredBm25:
    """The same over texts on disk, whose words are mapped; it is made in memory that does not grow with the texts.

    Args:
        folder: that `write` filled.
    """

    def __init__(self, folder: Path) -> None:
        self._places, self._tokenizer = Postings(folder), Tokenizer()
        lengths = np.fromfile(folder / "lengths", np.uint32).astype(np.float32)
        mean = max(float(lengths.mean(dtype=np.float64)) if len(lengths) else 0.0, 1e-9)
        self._norms = np.asarray(K1 * (1 - B + B * lengths / mean), np.float32)

    @classmethod
    def write(cls, folder: Path, texts: Iterable[str]) -> None:
        """Index texts, in a folder that may hold other files."""
        lengths = [np.zeros(0, np.uint32)]
        write_postings(folder, _count_words(texts, lengths))
        np.concatenate(lengths).tofile(folder / "lengths")

    def score(self, query: str) -> Vectors:
        """As `Bm25.score`."""
        scores, pages = np.zeros(len(self._norms), np.float32), len(self._norms)
        for word in self._tokenizer.cut([query[:MAX_QUERY_CHARACTERS]])[0]:
            places = self._places.find(hash_term(word))
            rows = (places >> SHIFT).astype(np.int64)
            counts = (places & np.uint64(LARGEST)).astype(np.float32)
            rarity = np.float32(np.log(1 + (pages - len(rows) + 0.5) / (len(rows) + 0.5)))
            scores[rows] += rarity * counts / (counts + self._norms[rows])
        return scores


class Tokenizer:
    """Texts to the words that are compared."""

    def __init__(self) -> None:
        self._stemmer = require("Stemmer", extra="mine").Stemmer("english")
        self._library = require("bm25s", extra="mine")

    def cut(self, texts: Sequence[str]) -> list[list[str]]:
        """The words of each text in order, as stems, without stop words."""
        found: list[list[str]] = self._library.tokenize(
            list(texts), stopwords="en", stemmer=self._stemmer, return_ids=False, show_progress=False
        )
        return found


def _count_words(texts: Iterable[str], lengths: list[npt.NDArray[np.uint32]]) -> Iterator[tuple[Places, Places]]:
    """Every word of each text with the text's row and how often it stands there; adds the texts' lengths in words."""
    stream, first, tokenizer = iter(texts), 0, Tokenizer()
    while batch := list(islice(stream, TEXTS_AT_ONCE)):
        words = tokenizer.cut(batch)
        sizes = np.array([len(own) for own in words])
        rows = np.repeat(np.arange(first, first + len(batch), dtype=np.uint64), sizes)
        hashes = np.array([hash_term(word) for own in words for word in own], np.uint64)
        by_word = np.argsort(hashes, kind="stable")  # and then by text
        hashes, rows = hashes[by_word], rows[by_word]
        starts = np.flatnonzero(np.diff(hashes, prepend=~hashes[:1]) | np.diff(rows, prepend=rows[:1]))
        counts = np.minimum(np.diff(starts, append=len(rows)), LARGEST).astype(np.uint64)
        yield hashes[starts], (rows[starts] << SHIFT) | counts
        lengths.append(sizes.astype(np.uint32))
        first += len(batch)
