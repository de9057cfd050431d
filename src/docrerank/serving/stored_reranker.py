"""What is encoded once: a run's pages, whose encodings every worker and every search finds on disk, and queries."""

from __future__ import annotations

import logging
from collections.abc import Sequence

import numpy as np
from cachetools import LRUCache

from docrerank.records import Page
from docrerank.reranker import Reranker
from docrerank.retrieval import Encoding, FirstStage, LargePages, ModelCard, PageStore, TokenEncoder

logger = logging.getLogger("docrerank.serving")


class StoredReranker(Reranker):
    """A late-interaction reranker that reads the encodings of a run's pages from disk."""

    def __init__(
        self,
        scorer: TokenEncoder,
        card: ModelCard,
        store: PageStore,
        pages: FirstStage | LargePages,
        first: Reranker | None = None,
    ) -> None:
        super().__init__(scorer, card, first)
        self._store, self._pages = store, pages

    def _encode(self, pages: Sequence[Page | str]) -> list[Encoding]:
        own = [page for page in pages if isinstance(page, Page) and self._pages.get(page.id) == page]
        stored = dict(zip(map(id, own), self._read(own), strict=False))
        fresh = [page for page in pages if id(page) not in stored]
        encoded = iter(super()._encode(fresh) if fresh else ())
        return [stored[id(page)] if id(page) in stored else next(encoded) for page in pages]

    def _read(self, pages: Sequence[Page]) -> list[Encoding]:
        """Encodings in float32, as scoring wants them; none if a file is gone or damaged."""
        try:
            read = self._store.read(pages) if pages else []
        except Exception as error:  # whatever a damaged file raises
            logger.warning("page store unreadable", extra={"error": type(error).__name__})
            return []
        return [Encoding(one.tokens.astype(np.float32), one.windows.astype(np.float32)) for one in read]


class QueryMemory(TokenEncoder):
    """A token encoder that remembers the last queries (about 0.05 MB each); for one thread."""

    def __init__(self, encoder: TokenEncoder) -> None:
        super().__init__(encoder.model, encoder.settings, encoder.weights, encoder.precision)
        self._queries: LRUCache[str, Encoding] = LRUCache(1_024)

    def encode_queries(self, texts: Sequence[str]) -> list[Encoding]:
        """As `TokenEncoder.encode_queries`, those that are new together."""
        known = {text: self._queries[text] for text in texts if text in self._queries}
        fresh = [text for text in dict.fromkeys(texts) if text not in known]
        known |= zip(fresh, super().encode_queries(fresh) if fresh else (), strict=True)
        self._queries.update(known)
        return [known[text] for text in texts]
