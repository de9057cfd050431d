"""Any embedder that reads images, as a first stage: page images to vectors, once for all queries."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

import numpy as np

from docrerank.pages import render
from docrerank.recipe import fingerprint
from docrerank.records import Page, UserError
from docrerank.retrieval import Encoding, Vectors
from docrerank.retrieval.encoder import Precision

#: Pixels of a page's image at most; the model's own processor may shrink it further.
PIXELS = 768 * 28 * 28
#: Pages that are drawn and encoded together.
BATCH = 8


class PageEmbedder:
    """A SentenceTransformer or MultiVectorEncoder (ColPali, ColQwen2) that encodes page images.

    Args:
        model: as loaded.
        weights: names the weights (a hash).
        opener: loads the same encoder in another process.

    Attributes:
        late: whether a page has many vectors, and the best one counts for each vector of a query.
    """

    precision: Precision = "float32"

    def __init__(self, model: Any, weights: str, opener: Callable[[], Any] | None = None) -> None:
        self.model, self.weights, self.opener = model, weights, opener
        self.late = type(model).__name__ == "MultiVectorEncoder"

    @property
    def fingerprint(self) -> str:
        """Names all that a page's encoding depends on, beside its image."""
        return fingerprint("page images", self.weights, PIXELS)

    @property
    def dimension(self) -> int:
        """Numbers in a vector."""
        return int(self.model.get_embedding_dimension())

    def key(self, page: Page) -> list[Any]:
        """What a page's encoding is made from."""
        return [page.id, page.sha256, page.number, page.strip]

    def read(self, pages: Sequence[Page]) -> list[Encoding]:
        """Encode pages; one that cannot be drawn has no vectors, and no query finds it."""
        found = [_empty(self.dimension)] * len(pages)
        for start in range(0, len(pages), BATCH):
            images = {}
            for place, page in enumerate(pages[start : start + BATCH], start):
                with suppress(UserError):
                    images[place] = render(page, PIXELS)
            if images:
                found_now = self._encode(self.model.encode_document, list(images.values()))
                for place, one in zip(images, found_now, strict=True):
                    found[place] = one
        return found

    def encode_queries(self, texts: Sequence[str]) -> list[Encoding]:
        """Encode queries."""
        return self._encode(self.model.encode_query, list(texts))

    def _encode(self, encode: Callable[..., Any], given: list[Any]) -> list[Encoding]:
        vectors = encode(given, show_progress_bar=False, convert_to_numpy=True)
        return [Encoding(np.zeros((0, self.dimension), np.float32), self._as_rows(each)) for each in vectors]

    def _as_rows(self, vectors: Vectors) -> Vectors:
        rows = np.atleast_2d(np.asarray(vectors, np.float32))
        if self.model.similarity_fn_name == "cosine":
            rows = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)
        return rows


def _empty(dimension: int) -> Encoding:
    return Encoding(np.zeros((0, dimension), np.float32), np.zeros((0, dimension), np.float32))
