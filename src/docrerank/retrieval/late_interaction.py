"""Scores between encoded queries and encoded pages: every query token finds its best page token."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from docrerank.retrieval.encoder import Encoding, Vectors
from docrerank.retrieval.windows import group_lines

#: The score of a page on which nothing can be read, or of a query without a word: no similarity at all.
NOTHING = 0.0
#: Similarities held at once (64 MiB).
CHUNK = 16_000_000


def score_tokens(queries: Sequence[Encoding], pages: Sequence[Encoding]) -> Vectors:
    """Late interaction: mean over a query's tokens of the largest cosine with any token of the page.

    Returns:
        float32 of shape (queries, pages), in [-1, 1].

    Examples:
        >>> query = Encoding(np.eye(2, 3, dtype=np.float32), np.eye(1, 3, dtype=np.float32))
        >>> page = Encoding(np.eye(1, 3, dtype=np.float32), np.eye(1, 3, dtype=np.float32))
        >>> score_tokens([query], [page]).tolist()
        [[0.5]]
    """
    return _score([query.tokens for query in queries], [page.tokens for page in pages])


def score_windows(queries: Sequence[Encoding], pages: Sequence[Encoding]) -> Vectors:
    """The cosine of a query's window (or the mean over several vectors) with the page's best; (queries, pages)."""
    return _score([query.windows for query in queries], [page.windows for page in pages])


def _score(rows: Sequence[Vectors], columns: Sequence[Vectors]) -> Vectors:
    """The largest product with any row of each page, as the mean over a query's rows; (queries, pages)."""
    left = np.concatenate(rows).astype(np.float32, copy=False)
    best = np.full((len(left), len(columns)), NOTHING, np.float32)
    for start, end in group_lines([len(column) for column in columns], max(1, CHUNK // max(1, len(left))), 0):
        filled = [index for index in range(start, end) if len(columns[index])]
        if not filled:
            continue
        right = np.concatenate([columns[index] for index in filled]).astype(np.float32, copy=False)
        products = left @ right.T
        offsets = np.cumsum([0] + [len(columns[index]) for index in filled[:-1]])
        best[:, filled] = np.maximum.reduceat(products, offsets, axis=1)
    return _mean_rows(best, [len(row) for row in rows])


def _mean_rows(best: Vectors, sizes: Sequence[int]) -> Vectors:
    ends = np.cumsum(sizes)
    means = [
        best[end - size : end].mean(axis=0) if size else np.full(best.shape[1], NOTHING, np.float32)
        for size, end in zip(sizes, ends, strict=True)
    ]
    return np.stack(means).astype(np.float32)
