"""Pages as pictures: drawn by a worker when first asked for, the last ones kept."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np
from cachetools import LRUCache

from docrerank.records import Page
from docrerank.serving.errors import ApiError
from docrerank.serving.workers import Workers, draw

Size = Literal["thumbnail", "page"]
PIXELS: dict[Size, int] = {"thumbnail": 90_000, "page": 2_200_000}
KEPT_BYTES = 64_000_000
SECONDS = 60.0
NO_BOXES = np.zeros((0, 4), np.float32)


class Pictures:
    """Draws pages as WebP."""

    def __init__(self, max_pixels: int, workers: Workers, run: Path | None) -> None:
        self.max_pixels, self.workers = max_pixels, workers
        self._roots = [Path(), *(run.resolve().parents if run else ())]
        self._kept: LRUCache[str, bytes] = LRUCache(KEPT_BYTES, getsizeof=len)

    @staticmethod
    def etag(page: Page, size: Size) -> str:
        """The same for the same picture, known before it is drawn."""
        identity = f"{page.sha256}/{page.number}/{PIXELS[size]}"
        return f'"{hashlib.sha256(identity.encode()).hexdigest()[:24]}"'

    async def get(self, page: Page, size: Size) -> bytes:
        """A page's picture."""
        etag = self.etag(page, size)
        if (known := self._kept.get(etag)) is not None:
            return known
        source = next((root / page.source for root in self._roots if (root / page.source).is_file()), page.source)
        bare = replace(page, text="", boxes=NO_BOXES, source=str(source))
        data = await self.workers.run(draw, bare, PIXELS[size], self.max_pixels, seconds=SECONDS)
        if data is None:
            raise ApiError(404, "no_picture", "the page's file is gone or cannot be drawn", "page_id")
        if len(data) <= KEPT_BYTES:
            self._kept[etag] = data
        return data
