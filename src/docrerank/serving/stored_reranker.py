"""A text reranker over a run: its pages' encodings come from disk, where every worker and every search finds them."""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Mapping, Sequence

import numpy as np

from docrerank.records import Page
from docrerank.reranker import Reranker
from docrerank.retrieval import Encoding, LargePages, ModelCard, PageStore, TokenEncoder

logger = logging.getLogger("docrerank.serving")

#: Encodings from disk that stay in memory, in float32 as scoring wants them (about 0.5 MB each).
KEPT = 512


class StoredReranker(Reranker):
    """A late-interaction reranker that reads the encodings of a run's pages from its store.

    Args:
        scorer: the encoder.
        card: the model's card.
        store: filled with the run's pages; a part of it that cannot be read is encoded again.
        pages: the run's pages by id; a page that is another than the run's of its id is encoded.
        first: see `Reranker`.
    """

    def __init__(
        self,
        scorer: TokenEncoder,
        card: ModelCard,
        store: PageStore,
        pages: Mapping[str, Page] | LargePages,
        first: Reranker | None = None,
    ) -> None:
        super().__init__(scorer, card, first)
        self._store, self._pages = store, pages
        self._kept: OrderedDict[str, Encoding] = OrderedDict()

    def encode_pages(self, pages: Sequence[Page | str]) -> list[Encoding]:
        """As `Reranker.encode_pages`, pages of the run from the store."""
        own = [page if isinstance(page, Page) and self._pages.get(page.id) == page else None for page in pages]
        found = self._recall({page.id: page for page in own if page})
        stored = [found.get(page.id) if page else None for page in own]
        rest = [page for page, encoding in zip(pages, stored, strict=True) if encoding is None]
        encoded = iter(super().encode_pages(rest) if rest else ())
        return [next(encoded) if encoding is None else encoding for encoding in stored]

    def _recall(self, pages: Mapping[str, Page]) -> dict[str, Encoding]:
        missing = [page for page_id, page in pages.items() if page_id not in self._kept]
        for page, encoding in zip(missing, self._read(missing), strict=False):
            self._kept[page.id] = Encoding(encoding.tokens.astype(np.float32), encoding.windows.astype(np.float32))
        found = {page_id: self._kept[page_id] for page_id in pages if page_id in self._kept}
        for page_id in found:
            self._kept.move_to_end(page_id)
        while len(self._kept) > KEPT:
            self._kept.popitem(last=False)
        return found

    def _read(self, pages: list[Page]) -> list[Encoding]:
        """Encodings from disk; none if the disk's file is gone or damaged: the caller encodes the pages anew."""
        if not pages:
            return []
        try:
            return self._store.read(pages)
        except Exception as error:  # whatever a damaged file raises
            logger.warning("page store unreadable", extra={"error": type(error).__name__})
            return []
