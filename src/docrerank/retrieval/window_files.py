"""Window vectors of many pages in a file, and an approximate index over them (FAISS)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from docrerank.recipe.extras import require
from docrerank.retrieval.encoder import Vectors
from docrerank.retrieval.word_index import Rows

#: Vectors that are put into the index at once.
AT_ONCE = 65_536
#: Vectors per list that its centre is made from, and lists that a search looks through.
PER_LIST, LISTS_SEARCHED = 40, 256
#: Times the root of the number of vectors: so many lists. Many small ones find more in less time than few large ones.
LISTS = 4


class WindowFile:
    """The windows of a segment's pages, float16, mapped.

    Args:
        folder: where `windows` (one vector after the other) and `bounds` (pages + 1 numbers) are.
        dimension: numbers in a vector.
    """

    def __init__(self, folder: Path, dimension: int) -> None:
        self.bounds = np.fromfile(folder / "bounds", np.int64)
        count = int(self.bounds[-1])
        shape = (count, dimension)
        self.vectors: Vectors = np.asarray(
            np.memmap(folder / "windows", np.float16, "r", shape=shape) if count else np.zeros(shape, np.float16)
        )

    def take(self, rows: Rows) -> tuple[Vectors, Rows]:
        """The windows of some pages one after the other, float32, and how many each page has."""
        sizes = self.bounds[rows + 1] - self.bounds[rows]
        firsts = np.repeat(self.bounds[rows] - (np.cumsum(sizes) - sizes), sizes)
        return self.vectors[firsts + np.arange(len(firsts))].astype(np.float32), sizes


def best_of(products: Vectors, sizes: Rows) -> Vectors:
    """The largest product of each page, of shape (pages,); 0 for a page without windows."""
    best, filled = np.zeros(len(sizes), np.float32), np.flatnonzero(sizes)
    if len(filled):
        best[filled] = np.maximum.reduceat(products, (np.cumsum(sizes) - sizes)[filled])
    return best


def train_index(vectors: Sequence[Vectors], dimension: int) -> Any:
    """An empty index in eight bits a number."""
    faiss, total = require("faiss", extra="scale"), sum(map(len, vectors))
    lists = 1 << round(np.log2(max(1.0, LISTS * total**0.5)))
    index = faiss.index_factory(dimension, f"IVF{lists},SQ8", faiss.METRIC_INNER_PRODUCT)
    every, rng = max(1, total // (PER_LIST * lists)), np.random.default_rng(0)
    sample = [own[np.sort(rng.choice(len(own), len(own) // every, replace=False))] for own in vectors]
    index.train(np.concatenate(sample).astype(np.float32))
    index.nprobe = LISTS_SEARCHED
    return index


def add_windows(index: Any, file: WindowFile, rows: Rows, first: int) -> None:
    """Put pages' windows into an index under their pages' rows, counted from `first`."""
    for some in _cut(rows, file.bounds):
        vectors, sizes = file.take(some)
        index.add_with_ids(vectors, np.repeat(some + first, sizes))


def read_index(path: Path) -> Any:
    """An index in memory, to be changed."""
    return require("faiss", extra="scale").read_index(str(path))


def map_index(path: Path) -> Any:
    """An index to be searched, mapped: processes share its memory, and the system may take it back."""
    faiss = require("faiss", extra="scale")
    return faiss.read_index(str(path), faiss.IO_FLAG_MMAP)


def find_pages(index: Any, windows: Vectors, found: int, count: int) -> list[Rows]:
    """Rows of the first `count` pages of the `found` windows that are closest to each of these."""
    closest = []
    for rows in index.search(windows.astype(np.float32), found)[1]:
        once, places = np.unique(rows[rows >= 0], return_index=True)
        closest.append(once[np.argsort(places)[:count]])
    return closest


def _cut(rows: Rows, bounds: Rows) -> Iterator[Rows]:
    """Rows in stretches of about `AT_ONCE` windows."""
    ends = np.cumsum(bounds[rows + 1] - bounds[rows])
    cuts = np.searchsorted(ends, np.arange(AT_ONCE, int(ends[-1]) if len(ends) else 0, AT_ONCE))
    yield from (part for part in np.split(rows, cuts) if len(part))
