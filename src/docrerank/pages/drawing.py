"""Pages drawn as JPEG in worker processes, where a hostile file can hang or crash without harm."""

from __future__ import annotations

import asyncio
import io
from concurrent.futures import Future

from pebble import ProcessExpired, ProcessPool

from docrerank.pages.render import render
from docrerank.records import Page, UserError
from docrerank.runs import open_pool, worker_count

SECONDS_PER_PAGE = 120.0


class PageNotDrawn(UserError):
    """A page's image cannot be had: its file is gone or damaged, or its worker ended; others may be."""


class DrawingPool:
    """Worker processes that draw pages; they start with the first page.

    Args:
        workers: processes; 0 means one per core.
    """

    def __init__(self, workers: int = 0) -> None:
        self._workers = worker_count(workers)
        self._pool: ProcessPool | None = None

    async def draw(self, page: Page, pixels: int) -> bytes:
        """A page as JPEG within a pixel budget, the same for the same page; the event loop goes on meanwhile.

        Raises:
            PageNotDrawn: it cannot be drawn.
        """
        if self._pool is None:
            self._pool = open_pool(self._workers, tasks=0)
        future: Future[bytes] = self._pool.schedule(draw_jpeg, args=[page, pixels], timeout=SECONDS_PER_PAGE)
        try:
            return await asyncio.wrap_future(future)
        except (ProcessExpired, TimeoutError, MemoryError) as error:
            raise PageNotDrawn(f"page {page.id} cannot be drawn: its worker ended ({type(error).__name__})") from None
        except UserError as error:
            raise PageNotDrawn(str(error)) from None

    def close(self) -> None:
        """End the workers, whatever they do."""
        if self._pool is not None:
            self._pool.stop()  # type: ignore[no-untyped-call]
            self._pool.join()


def draw_jpeg(page: Page, pixels: int) -> bytes:
    """In a worker: a page as JPEG bytes."""
    buffer = io.BytesIO()
    render(page, pixels).save(buffer, "JPEG", quality=90)
    return buffer.getvalue()
