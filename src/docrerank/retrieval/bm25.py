"""BM25 over page texts: English stop words, English stems, the same scores every time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from docrerank.recipe.extras import require
from docrerank.retrieval.encoder import Vectors

MAX_QUERY_CHARACTERS = 10_000


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
