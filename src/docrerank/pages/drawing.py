"""Draws pages as JPEG in worker processes, where a hostile file can hang or crash without harm."""

from __future__ import annotations

import io
import multiprocessing
from concurrent.futures import Future

from pebble import ProcessExpired, ProcessPool

from docrerank.pages.render import render
from docrerank.pages.strip import add_title_strip
from docrerank.records import Page
from docrerank.runs import worker_count

SECONDS_PER_PAGE = 120.0
QUALITY = 90
#: What a drawing raises, beside `UserError`, if its worker ended: it crashed, took too long, or had no memory.
WORKER_ENDED = (ProcessExpired, TimeoutError, MemoryError)


class PageDrawer:
    """A pool of workers, which start with the first page; close it in the end.

    Args:
        workers: processes; 0 means one per core.
    """

    def __init__(self, workers: int = 0) -> None:
        self._pool = ProcessPool(worker_count(workers), context=multiprocessing.get_context("spawn"))

    def draw(self, page: Page, pixels: int, strip: str = "", quality: int = QUALITY) -> Future[bytes]:
        """A page as JPEG bytes within a pixel budget, the same for the same page.

        Args:
            page: its file is opened in the worker.
            pixels: at most.
            strip: written over the image; empty for none.
            quality: of the JPEG, to 95.

        Returns:
            a future; it raises `UserError` if the page cannot be drawn, or one of `WORKER_ENDED`.
        """
        future: Future[bytes] = self._pool.schedule(
            draw_jpeg, args=[page, pixels, strip, quality], timeout=SECONDS_PER_PAGE
        )
        return future

    def close(self) -> None:
        """Stop the workers, whatever they do."""
        self._pool.stop()  # type: ignore[no-untyped-call]
        self._pool.join()


def draw_jpeg(page: Page, pixels: int, strip: str = "", quality: int = QUALITY) -> bytes:
    """In the worker: see `PageDrawer.draw`."""
    image = render(page, pixels)
    if strip:
        image = add_title_strip(image, strip)
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()
