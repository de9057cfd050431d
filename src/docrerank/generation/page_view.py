"""How a page is shown to a model: its image, drawn once for all calls that carry it, or its text."""

from __future__ import annotations

import asyncio
import io
import multiprocessing
from types import TracebackType

from pebble import ProcessExpired, ProcessPool

from docrerank.chat import Image
from docrerank.generation.clients import View
from docrerank.pages import add_title_strip, render
from docrerank.recipe import Role
from docrerank.records import Page, UserError
from docrerank.runs import worker_count

SECONDS_PER_PAGE = 120.0
JPEG_QUALITY = 90
#: Characters of a page's text that a model is shown: about 4,000 tokens.
MAX_TEXT = 16_000


class PageNotDrawn(UserError):
    """A page's image cannot be had: its file is gone or damaged, or its worker ended; others may be."""


class Viewer:
    """Draws pages in worker processes, where a hostile file can hang or crash without harm.

    Args:
        workers: processes; 0 means one per core. They start with the first image.
        strip: written over every image (company and period); empty for none.
    """

    def __init__(self, workers: int = 0) -> None:
        self._workers = worker_count(workers)
        self._pool: ProcessPool | None = None

    async def show(self, page: Page, role: Role, strip: str = "") -> View:
        """A page as this role sees it.

        Raises:
            PageNotDrawn: it cannot be drawn.
        """
        if role.sees == "text":
            return (show_text(page, strip),)
        return (await self.draw(page, role.image_pixels, strip),)

    async def draw(self, page: Page, pixels: int, strip: str = "") -> Image:
        """A page's image within a pixel budget, ready to be sent."""
        if self._pool is None:
            self._pool = ProcessPool(self._workers, context=multiprocessing.get_context("spawn"))
        future = self._pool.schedule(draw_jpeg, args=[page, pixels, strip], timeout=SECONDS_PER_PAGE)
        try:
            return Image.encode(await asyncio.wrap_future(future))
        except (ProcessExpired, TimeoutError, MemoryError) as error:
            raise PageNotDrawn(f"page {page.id}: its worker ended ({type(error).__name__})") from None
        except UserError as error:
            raise PageNotDrawn(str(error)) from None

    def __enter__(self) -> Viewer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        if self._pool is not None:
            self._pool.stop()  # type: ignore[no-untyped-call]
            self._pool.join()


def draw_jpeg(page: Page, pixels: int, strip: str) -> bytes:
    """In a worker: a page as JPEG bytes, the same for the same page."""
    image = render(page, pixels)
    if strip:
        image = add_title_strip(image, strip)
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=JPEG_QUALITY)
    return buffer.getvalue()


def show_text(page: Page, strip: str = "") -> str:
    """A page's text between marks that it cannot close, cut where it is longer than a model should read."""
    text = page.text[:MAX_TEXT].replace("</page>", "< /page>").encode("utf-8", "replace").decode("utf-8")
    lines = ["<page>", *([strip] if strip else []), text.rstrip("\n"), "</page>", ""]
    return "\n".join(lines)
