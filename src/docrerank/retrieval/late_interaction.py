"""Scores between encoded queries and encoded pages: every query token finds its best page token."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from docrerank.retrieval.encoder import Encoding, Vectors
from docrerank.retrieval.page_windows import PageWindows
from docrerank.retrieval.windows import group_lines

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


def _score(queries: Sequence[Vectors], pages: Sequence[Vectors]) -> Vectors:
    """Mean over a query's rows of the largest product with any row of the page, of shape (queries, pages)."""
    rows = max(1, sum(map(len, queries)))
    scores = [np.zeros((len(queries), 0), np.float32)]
    for start, end in group_lines([len(page) for page in pages], max(1, CHUNK // rows), 0):
        scores.append(PageWindows.join(pages[start:end]).match(queries))
    return np.concatenate(scores, axis=1)
