"""Worker processes for what strangers send, and what they do: files to pages, pages to pictures.

A file that hangs or crashes its reader costs that worker alone.
"""

from __future__ import annotations

import asyncio
import io
from collections.abc import Callable
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any, TypeVar

from pebble import ProcessExpired

from docrerank.pages import read_files, render
from docrerank.recipe import Ingest
from docrerank.records import Page, Rejected, UserError
from docrerank.runs import open_pool
from docrerank.serving.errors import ApiError

Result = TypeVar("Result")

#: Address space of a worker: far above what a page needs, far below what a bomb wants.
MEMORY_BYTES = 6_000_000_000
#: A worker is replaced after this many tasks.
TASKS_PER_WORKER = 500
#: Of a WebP.
QUALITY = 84


class Workers:
    """A pool of processes that are killed when a task takes too long."""

    def __init__(self, count: int = 1, waiting: int = 64) -> None:
        self._count = count
        self._pool = open_pool(self._count, TASKS_PER_WORKER, MEMORY_BYTES)
        self._free = waiting

    async def run(self, function: Callable[..., Result], *args: Any, seconds: float, field: str = "") -> Result:
        """The function's result; it must be importable by name, and is stopped at the time limit."""
        if self._free <= 0:
            raise ApiError(429, "busy", "too many files wait to be read", field, "try again later", retry_after=5)
        self._free -= 1
        if not self._pool.active:  # its workers could not be started: perhaps memory was short
            self._pool = open_pool(self._count, TASKS_PER_WORKER, MEMORY_BYTES)
        try:
            return await asyncio.wrap_future(self._pool.schedule(function, args=list(args), timeout=seconds))
        except TimeoutError:
            raise ApiError(422, "too_slow", f"reading took longer than {seconds:g} s", field, "send less") from None
        except (ProcessExpired, MemoryError):
            raise ApiError(422, "unreadable", "its reader crashed", field, "send another file") from None
        except BrokenProcessPool:
            raise ApiError(503, "no_reader", "no reader could be started", field, retry_after=5) from None
        finally:
            self._free += 1

    def close(self) -> None:
        """Stop everything under way."""
        self._pool.stop()  # type: ignore[no-untyped-call]
        self._pool.join()


def read_upload(path: Path, max_pages: int, max_pixels: int) -> tuple[list[Page], list[Rejected]]:
    """The pages of an uploaded file; none if it cannot be read at all."""
    ingest = Ingest(max_pages=max_pages, max_image_pixels=max_pixels)
    try:
        return read_files([path], ingest)
    except UserError as error:
        reason = str(error).partition(f"{path}: ")[2].partition(")")[0]  # without the path
        return [], [Rejected("ingest", path.name, reason or "it cannot be read")]


def draw(page: Page, pixels: int, max_image_pixels: int) -> bytes | None:
    """A page as WebP; None if its file is gone or cannot be drawn."""
    buffer = io.BytesIO()
    try:
        render(page, pixels, max_image_pixels).save(buffer, "WEBP", quality=QUALITY, method=3)
    except UserError:
        return None
    return buffer.getvalue()
