"""Pages as pictures: drawn by a worker when first asked for, the last ones kept."""

from __future__ import annotations

import asyncio
import hashlib
from collections import OrderedDict
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from docrerank.records import Page
from docrerank.serving.errors import ApiError
from docrerank.serving.limits import Limits
from docrerank.serving.reading import draw
from docrerank.serving.workers import Workers

Size = Literal["thumbnail", "page"]
PIXELS: dict[Size, int] = {"thumbnail": 60_000, "page": 2_200_000}
KEPT_BYTES = 64_000_000
NO_BOXES = np.zeros((0, 4), np.float32)


@dataclass(frozen=True, slots=True)
class Picture:
    """A WebP picture and the name of its content, for caches."""

    data: bytes
    etag: str


class Pictures:
    """Draws pages.

    Args:
        limits: of pixels and time.
        workers: that draw.
    """

    def __init__(self, limits: Limits, workers: Workers) -> None:
        self.limits, self.workers = limits, workers
        self._kept: OrderedDict[str, Picture] = OrderedDict()
        self._bytes = 0
        self._drawing: dict[str, asyncio.Task[Picture]] = {}

    @staticmethod
    def etag(page: Page, size: Size) -> str:
        """The same for the same picture, known before it is drawn."""
        identity = f"{page.sha256}/{page.number}/{PIXELS[size]}"
        return f'"{hashlib.sha256(identity.encode()).hexdigest()[:24]}"'

    async def get(self, page: Page, size: Size) -> Picture:
        """A page's picture; who asks while it is drawn waits for the same drawing.

        Raises:
            ApiError: its file is gone or cannot be drawn.
        """
        etag = self.etag(page, size)
        if etag in self._kept:
            self._kept.move_to_end(etag)
            return self._kept[etag]
        if etag not in self._drawing:
            task = asyncio.ensure_future(self._draw(page, size, etag))
            task.add_done_callback(lambda _: self._drawing.pop(etag, None))
            self._drawing[etag] = task
        return await asyncio.shield(self._drawing[etag])

    async def _draw(self, page: Page, size: Size, etag: str) -> Picture:
        bare, limits = replace(page, text="", boxes=NO_BOXES), self.limits
        data = await self.workers.run(draw, bare, PIXELS[size], limits.image_pixels, seconds=limits.image_seconds)
        if data is None:
            raise ApiError(404, "no_picture", "the page's file is gone or cannot be drawn", "page_id")
        self._kept[etag] = Picture(data, etag)
        self._bytes += len(data)
        while self._bytes > KEPT_BYTES:
            _, gone = self._kept.popitem(last=False)
            self._bytes -= len(gone.data)
        return self._kept.get(etag, Picture(data, etag))
