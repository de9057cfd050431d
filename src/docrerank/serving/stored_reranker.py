"""What is encoded once: a run's pages, whose encodings every worker and every search finds on disk, and queries."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence

import numpy as np
from cachetools import LRUCache

from docrerank.records import Page
from docrerank.reranker import Reranker
from docrerank.retrieval import Encoding, FirstStage, LargePages, ModelCard, PageStore, TokenEncoder

logger = logging.getLogger("docrerank.serving")

#: Encodings from disk that stay in memory, in float32 as scoring wants them (about 0.5 MB each).
KEPT = 512


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
        self._kept: LRUCache[str, Encoding] = LRUCache(KEPT)

    def encode_pages(self, pages: Sequence[Page | str]) -> list[Encoding]:
        """As `Reranker.encode_pages`, pages of the run from the store."""
        own = {id(page): page for page in pages if isinstance(page, Page) and self._pages.get(page.id) == page}
        found = self._recall({page.id: page for page in own.values()})
        stored = [found.get(own[id(page)].id) if id(page) in own else None for page in pages]
        rest = [page for page, encoding in zip(pages, stored, strict=True) if encoding is None]
        encoded = iter(super().encode_pages(rest) if rest else ())
        return [next(encoded) if encoding is None else encoding for encoding in stored]

    def _recall(self, pages: Mapping[str, Page]) -> dict[str, Encoding]:
        """Encodings by page id, from memory or from disk; those on disk are none if a file is gone or damaged."""
        found = {page_id: self._kept[page_id] for page_id in pages if page_id in self._kept}
        missing = [page for page_id, page in pages.items() if page_id not in found]
        try:
            read = self._store.read(missing) if missing else []
        except Exception as error:  # whatever a damaged file raises
            logger.warning("page store unreadable", extra={"error": type(error).__name__})
            return found
        for page, one in zip(missing, read, strict=True):
            found[page.id] = Encoding(one.tokens.astype(np.float32), one.windows.astype(np.float32))
        self._kept.update(found)
        return found


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
