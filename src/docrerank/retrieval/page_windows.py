"""The windows of many pages, and which pages have the one that is closest to a query."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from docrerank.recipe.extras import require
from docrerank.retrieval.encoder import Vectors
from docrerank.retrieval.windows import group_lines

#: Windows that are compared together; more than these (late interaction's) stay in the precision of the disk.
BLOCK = 1_000_000
#: Products that are held at once (64 MiB).
MAX_PRODUCTS = 16_000_000
#: Vectors that are put into the index at once.
AT_ONCE = 65_536
#: Vectors per list that its centre is made from, and lists that a search looks through.
PER_LIST, LISTS_SEARCHED = 40, 256
#: Times the root of the number of vectors: so many lists. Many small ones find more in less time than few large ones.
LISTS = 4

Rows = npt.NDArray[np.int64]


class PageWindows:
    """Window vectors, one page after the other.

    Args:
        vectors: (windows, d); float32, or float16 where they are mapped or very many.
        sizes: how many windows each page has.
    """

    def __init__(self, vectors: Vectors, sizes: Rows) -> None:
        self.vectors, self.sizes = vectors, sizes.astype(np.int64)
        self.bounds = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)

    @classmethod
    def join(cls, windows: Sequence[Vectors]) -> PageWindows:
        """In memory, of the windows of each page, (w, d)."""
        vectors = np.concatenate(windows) if windows else np.zeros((0, 1), np.float32)
        if len(vectors) <= BLOCK:
            vectors = vectors.astype(np.float32, copy=False)
        return cls(vectors, np.array([len(own) for own in windows], np.int64))

    def take(self, rows: Rows) -> PageWindows:
        """Those of some pages, float32."""
        sizes = self.sizes[rows]
        firsts = np.repeat(self.bounds[rows] - (np.cumsum(sizes) - sizes), sizes)
        return PageWindows(self.vectors[firsts + np.arange(len(firsts))].astype(np.float32), sizes)

    def match(self, queries: Sequence[Vectors]) -> Vectors:
        """Each query's product with the best window of every page, of shape (queries, pages).

        Of a query of several vectors (late interaction) the mean of theirs; 0 without a vector on either side.
        """
        best = self._match(np.concatenate(queries).astype(np.float32, copy=False))
        ends = np.cumsum([len(query) for query in queries])
        parts = [best[end - len(query) : end] for query, end in zip(queries, ends, strict=True)]
        return np.stack([part.mean(axis=0) if len(part) else np.zeros(len(self.sizes), np.float32) for part in parts])

    @cached_property
    def _blocks(self) -> list[tuple[int, int]]:
        """Stretches of pages whose windows are compared together."""
        return group_lines(self.sizes.tolist(), BLOCK, 0)

    def _match(self, vectors: Vectors) -> Vectors:
        """The largest product of each vector with any window of each page, of shape (vectors, pages)."""
        best = np.zeros((len(vectors), len(self.sizes)), np.float32)
        for first, last in self._blocks:
            filled = first + np.flatnonzero(self.sizes[first:last])
            own = self.vectors[self.bounds[first] : self.bounds[last]].astype(np.float32, copy=False)
            at_once = max(1, MAX_PRODUCTS // max(1, len(own)))
            for start in range(0, len(vectors) if len(filled) else 0, at_once):
                products = vectors[start : start + at_once] @ own.T
                starts = self.bounds[filled] - self.bounds[first]
                best[start : start + at_once, filled] = np.maximum.reduceat(products, starts, axis=1)
        return best


def write_index(windows: PageWindows, path: Path) -> None:
    """Write an approximate index over windows (FAISS, eight bits a number), which names the page of each."""
    faiss, total = require("faiss", extra="scale"), len(windows.vectors)
    lists = 1 << round(np.log2(max(1.0, LISTS * total**0.5)))
    index = faiss.index_factory(windows.vectors.shape[1], f"IVF{lists},SQ8", faiss.METRIC_INNER_PRODUCT)
    sample = np.random.default_rng(0).choice(total, min(total, PER_LIST * lists), replace=False)
    index.train(windows.vectors[np.sort(sample)].astype(np.float32))
    pages = np.repeat(np.arange(len(windows.sizes)), windows.sizes)
    for start in range(0, total, AT_ONCE):
        own = slice(start, start + AT_ONCE)
        index.add_with_ids(windows.vectors[own].astype(np.float32), pages[own])
    index.nprobe = LISTS_SEARCHED
    faiss.write_index(index, str(path))


def map_index(path: Path) -> Any:
    """An index to be searched, mapped: processes share its memory, and the system may take it back."""
    faiss = require("faiss", extra="scale")
    return faiss.read_index(str(path), faiss.IO_FLAG_MMAP)


def find_pages(index: Any, queries: Vectors, found: int, count: int) -> list[Rows]:
    """Rows of the first `count` pages of the `found` windows that are closest to each query."""
    closest = []
    for rows in index.search(queries, found)[1]:
        once, places = np.unique(rows[rows >= 0], return_index=True)
        closest.append(once[np.argsort(places)[:count]])
    return closest
