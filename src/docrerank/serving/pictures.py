"""Pages as pictures: drawn by a worker when first asked for, the last ones kept."""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np
from cachetools import LRUCache

from docrerank.records import Page
from docrerank.serving.errors import ApiError
from docrerank.serving.reading import draw
from docrerank.serving.workers import Workers

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
        self._drawing: dict[str, asyncio.Task[bytes]] = {}

    @staticmethod
    def etag(page: Page, size: Size) -> str:
        """The same for the same picture, known before it is drawn."""
        identity = f"{page.sha256}/{page.number}/{PIXELS[size]}"
        return f'"{hashlib.sha256(identity.encode()).hexdigest()[:24]}"'

    async def get(self, page: Page, size: Size) -> bytes:
        """A page's picture; who asks while it is drawn waits for the same drawing."""
        etag = self.etag(page, size)
        if etag in self._kept:
            return self._kept[etag]
        if etag not in self._drawing:
            task = asyncio.ensure_future(self._draw(page, size))
            task.add_done_callback(lambda _: self._drawing.pop(etag, None))
            self._drawing[etag] = task
        found = await asyncio.shield(self._drawing[etag])
        if len(found) <= KEPT_BYTES:
            self._kept[etag] = found
        return found

    async def _draw(self, page: Page, size: Size) -> bytes:
        source = next((root / page.source for root in self._roots if (root / page.source).is_file()), page.source)
        bare = replace(page, text="", boxes=NO_BOXES, source=str(source))
        data = await self.workers.run(draw, bare, PIXELS[size], self.max_pixels, seconds=SECONDS)
        if data is None:
            raise ApiError(404, "no_picture", "the page's file is gone or cannot be drawn", "page_id")
        return data
