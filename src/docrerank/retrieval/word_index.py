"""BM25 over many pages, on disk: segments that are written once, and pages that are no longer counted.

How common a word is and how long pages are is counted when a query is asked, so that nothing is indexed again when
pages come or go, and the scores are those of `Bm25` over the pages that are left.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from pathlib import Path

import numpy as np
import numpy.typing as npt

from docrerank.retrieval.bm25 import MAX_QUERY_CHARACTERS, Tokenizer
from docrerank.retrieval.encoder import Vectors
from docrerank.retrieval.fusion import order
from docrerank.retrieval.postings import SHIFT, Places, Postings, hash_term, write_postings

#: As bm25s has them.
K1, B = 1.5, 0.75
#: Places of words that are looked through for one query, those of its rarest word aside.
MAX_PLACES = 100_000
TEXTS_AT_ONCE = 1_024
MAX_COUNT = (1 << 16) - 1
#: Queries whose words are held: each is asked for several times, one after the other.
KEPT_QUERIES = 16
#: Words whose scores on the sample are held (8 KiB each).
KEPT_WORDS = 4_096

Rows = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Found:
    """Pages by a query's words.

    Attributes:
        rows: ascending.
        scores: in their order.
        sample: the scores of the sample.
        usual: mean and deviation of all pages' scores.
    """

    rows: Rows
    scores: Vectors
    sample: Vectors
    usual: tuple[float, float]


class WordIndex:
    """BM25 over segments.

    Args:
        folders: as `write_words` wrote them, in the order of their pages.
        alive: which pages count, of shape (pages,).
        sample: rows of some of them.
    """

    def __init__(self, folders: Sequence[Path], alive: npt.NDArray[np.bool_], sample: Rows) -> None:
        self._segments = [Postings(folder) for folder in folders]
        sizes = [np.fromfile(folder / "lengths", np.uint32) for folder in folders]
        self._offsets = np.cumsum([0, *map(len, sizes)])
        self._alive, self._pages, self._tokenizer = alive, int(alive.sum()), Tokenizer()
        lengths = np.concatenate([np.zeros(0, np.uint32), *sizes]).astype(np.float32)
        mean = max(float(lengths[alive].mean(dtype=np.float64)) if self._pages else 0.0, 1e-9)
        self._spread = lru_cache(65_536)(lambda word: len(self._find(word)[0]))
        self._norms = np.asarray(K1 * (1 - B + B * lengths / mean), np.float32)
        self._cut = lru_cache(KEPT_QUERIES)(self._cut_query)
        self._sample = sample
        self._score_sample = lru_cache(KEPT_WORDS)(lambda word: self._score_word(word, sample))

    def score(self, query: str) -> Vectors:
        """Scores of shape (pages,); 0 for pages that do not count."""
        scores = np.zeros(len(self._alive), np.float32)
        for word in self._cut(query):
            self._add(word, scores)
        return scores

    def score_rows(self, query: str, rows: Rows) -> Vectors:
        """The scores of some pages that count, of shape (rows,)."""
        return sum((self._score_word(word, rows) for word in self._cut(query)), np.zeros(len(rows), np.float32))

    def find(self, query: str, count: int, rows: Rows) -> Found:
        """Score these pages and the best of all.

        The best are found by the query's rarest words: as many of them as stand in `MAX_PLACES` places. Mean and
        deviation are exact as far as these words go; what the others add to them is measured on the sample.
        """
        scores, left = np.zeros(len(self._alive), np.float32), MAX_PLACES
        words = sorted(self._cut(query), key=self._spread)
        while words and (left == MAX_PLACES or self._spread(words[0]) <= left):
            left -= self._add(words.pop(0), scores)
        found = np.flatnonzero(scores)  # most pages hold none of the words
        rows = np.union1d(rows, found[order(scores[found], count)])
        own = sum((self._score_word(word, rows) for word in words), scores[rows])
        rare = scores[self._sample]
        common = sum(map(self._score_sample, words), np.zeros(len(self._sample), np.float32))
        mean = float(scores[found].sum(dtype=np.float64)) / max(1, self._pages)
        variance = float(np.square(scores[found], dtype=np.float64).sum()) / max(1, self._pages) - mean**2
        variance += float(common.var() + 2 * np.mean((rare - rare.mean()) * common))
        return Found(rows, own, rare + common, (mean + float(common.mean()), max(0.0, variance) ** 0.5))

    def _add(self, word: int, scores: Vectors) -> int:
        """Add a word's part to the scores of all pages; returns how many hold it."""
        rows, counts = self._find(word)
        scores[rows] += self._weigh(word, rows, counts)
        return len(rows)

    def _score_word(self, word: int, rows: Rows) -> Vectors:
        return self._weigh(word, rows, self._look_up(word, rows))

    def _cut_query(self, query: str) -> list[int]:
        return [hash_term(word) for word in self._tokenizer.cut([query[:MAX_QUERY_CHARACTERS]])[0]]

    def _weigh(self, word: int, rows: Rows, counts: Vectors) -> Vectors:
        spread = self._spread(word)
        rarity = np.float32(np.log(1 + (self._pages - spread + 0.5) / (spread + 0.5)))
        return np.asarray(rarity * counts / (counts + self._norms[rows]), np.float32)

    def _find(self, word: int) -> tuple[Rows, Vectors]:
        """Rows of the pages that hold a word, and how often."""
        found = [segment.find(word) for segment in self._segments]
        shifts = np.repeat(self._offsets[:-1], [len(own) for own in found])
        places = np.concatenate([np.zeros(0, np.uint64), *found])
        rows = (places >> SHIFT).astype(np.int64) + shifts
        counted = self._alive[rows]
        return rows[counted], (places[counted] & np.uint64(MAX_COUNT)).astype(np.float32)

    def _look_up(self, word: int, rows: Rows) -> Vectors:
        """How often a word stands on each of these pages."""
        counts = np.zeros(len(rows), np.float32)
        for segment, first, last in zip(self._segments, self._offsets, self._offsets[1:], strict=False):
            inside, places = np.flatnonzero((rows >= first) & (rows < last)), segment.find(word)
            if len(inside) and len(places):
                wanted = (rows[inside] - first).astype(np.uint64)
                found = places[np.minimum(np.searchsorted(places, wanted << SHIFT), len(places) - 1)]
                counts[inside] = np.where(found >> SHIFT == wanted, found & np.uint64(MAX_COUNT), 0)
        return counts


def write_words(folder: Path, texts: Iterable[str]) -> None:
    """Index the texts of a segment, in memory that does not grow with their number."""
    lengths: list[npt.NDArray[np.uint32]] = []
    write_postings(folder, _count_words(texts, lengths))
    np.concatenate([np.zeros(0, np.uint32), *lengths]).tofile(folder / "lengths")


def _count_words(texts: Iterable[str], lengths: list[npt.NDArray[np.uint32]]) -> Iterator[tuple[Places, Places]]:
    stream, first, tokenizer = iter(texts), 0, Tokenizer()
    while batch := list(islice(stream, TEXTS_AT_ONCE)):
        words = tokenizer.cut(batch)
        sizes = np.array([len(own) for own in words])
        every = np.array([hash_term(word) for own in words for word in own], np.uint64)
        hashes, numbers = np.unique(every, return_inverse=True)
        pairs = np.repeat(np.arange(len(batch)), sizes) * max(1, len(hashes)) + numbers
        once, counts = np.unique(pairs, return_counts=True)
        rows, at = np.divmod(once, max(1, len(hashes)))
        lengths.append(sizes.astype(np.uint32))
        yield hashes[at], ((rows + first).astype(np.uint64) << SHIFT) | _clip(counts)
        first += len(batch)


def _clip(counts: npt.NDArray[np.int64]) -> Places:
    return np.minimum(counts, MAX_COUNT).astype(np.uint64)
