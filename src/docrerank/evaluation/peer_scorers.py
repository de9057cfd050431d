"""Scorers that are no rerankers of ours: embedders, and models whose own code scores."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import lru_cache
from typing import Any

import numpy as np

from docrerank.evaluation.scorers import HELD, STEP, UNREADABLE, Asked, Scores
from docrerank.pages import render
from docrerank.records import Page, UserError
from docrerank.retrieval import Vectors

#: Characters of a page's text that an embedder is given.
MAX_TEXT = 100_000
#: Pixels of a page's image for models without a budget of their own.
PIXELS = 768 * 28 * 28
#: Pairs that such a model reads together.
BATCH = 8


class EmbedderScorer:
    """A bi-encoder of sentence-transformers, dense or multi-vector.

    Args:
        model: a `SentenceTransformer` or `MultiVectorEncoder`.
        images: encode page images instead of text.
        name: for messages.
    """

    step = STEP

    def __init__(self, model: Any, images: bool, name: str) -> None:
        self.model, self.images, self.name = model, images, name
        self.needs_text, self.reading = not images, ""
        self._ask_one = lru_cache(HELD)(lambda query: self.ask([query])[0])

    def score(self, asked: Sequence[Asked]) -> Iterator[Scores]:
        """See `Scorer`; the model's own similarity."""
        rows, tokens = [], list[int]()
        for vector, (page, queries) in zip(self.encode([page for page, _ in asked]), asked, strict=True):
            rows.append(self.compare(_join([self._ask_one(query) for query in queries]), [vector]))
            tokens += [0 if self.images else self._count(page.text)] * len(queries)
        yield Scores(range(len(tokens)), np.concatenate(rows), np.array(tokens, np.int64))

    def count_query(self, query: str) -> int:
        """See `Scorer`; 0 beside images, which are no tokens of the tokenizer."""
        return 0 if self.images else self._count(query)

    def encode(self, pages: Sequence[Page]) -> list[Any]:
        """One vector, or matrix of token vectors, for each page."""
        given: list[Any] = [render(page, PIXELS) if self.images else page.text[:MAX_TEXT] for page in pages]
        return list(self.model.encode_document(given, show_progress_bar=False, convert_to_numpy=True))

    def ask(self, queries: Sequence[str]) -> Any:
        """Vectors of queries, as `compare` takes them."""
        return self.model.encode_query(list(queries), show_progress_bar=False, convert_to_numpy=True)

    def compare(self, asked: Any, pages: Sequence[Any]) -> Vectors:
        """The model's own similarity; float32 of shape (queries, pages)."""
        return np.asarray(self.model.similarity(asked, _join(pages)), np.float32).reshape(len(asked), len(pages))

    def _count(self, text: str) -> int:
        ids = self.model.tokenizer(text[:MAX_TEXT], truncation=True, max_length=self.model.max_seq_length)["input_ids"]
        return len(ids)


class ImageScorer:
    """A model of another library that is given pairs of a query and a page's image, some pages at a time.

    Args:
        compare: scores of (query, image) pairs, of shape (pairs,).
        pixels: that a page is drawn with at most; the model's own processor may shrink it further.
    """

    needs_text, step = False, STEP

    def __init__(self, compare: Callable[[list[tuple[str, Any]]], Any], pixels: int = PIXELS) -> None:
        self.compare, self.pixels = compare, pixels
        self.reading = "" if pixels == PIXELS else str(pixels)

    def score(self, asked: Sequence[Asked]) -> Iterator[Scores]:
        """See `Scorer`; a page is drawn once, and encoded for each of its queries."""
        pairs, places, count = list[tuple[str, Any]](), list[int](), 0
        for page, queries in asked:
            with suppress(UserError):
                image = render(page, self.pixels)
                pairs += [(query, image) for query in queries]
                places += range(count, count + len(queries))
            count += len(queries)
        values = np.full((count, 1), UNREADABLE, np.float32)
        if pairs:
            values[places, 0] = self.compare(pairs)
        yield Scores(range(count), values, np.zeros(count, np.int64))

    def count_query(self, query: str) -> int:
        """Unknown: the library hides them."""
        return 0


def predict_images(model: Any, pairs: list[tuple[str, Any]]) -> Vectors:
    """Bare logits of a multimodal CrossEncoder: a sigmoid would make equal scores of two good pages."""
    found = model.predict(pairs, batch_size=BATCH, show_progress_bar=False, activation_fn=lambda scores: scores)
    return np.asarray(found, np.float32).reshape(len(pairs), -1)[:, 0]


def run_own_code(model: Any, pairs: list[tuple[str, Any]]) -> Vectors:
    """Scores by a model's own `compute_score` of text and image, as jina-reranker-m0 has it."""
    asked = [list(pair) for pair in pairs]
    return np.ravel(model.compute_score(asked, batch_size=BATCH, max_length=8192, doc_type="image"))


def _join(vectors: Sequence[Any]) -> Any:
    """One matrix of dense vectors; matrices of token vectors as they are."""
    return np.stack(vectors) if all(np.ndim(each) == 1 for each in vectors) else [np.asarray(each) for each in vectors]
