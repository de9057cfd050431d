"""What a server holds while it runs: models, pages, the queue, the workers."""

from __future__ import annotations

import asyncio
import gc

from docrerank.records import UserError
from docrerank.report.audit import Item, draw_sample
from docrerank.retrieval import Search
from docrerank.runs import Run
from docrerank.serving.batching import Batcher
from docrerank.serving.collection import open_pages, open_search
from docrerank.serving.errors import ApiError
from docrerank.serving.models import Models, load_models
from docrerank.serving.pages import Pages
from docrerank.serving.pictures import Pictures
from docrerank.serving.request_content import ContentReader
from docrerank.serving.settings import Settings
from docrerank.serving.uploads import Uploads
from docrerank.serving.workers import Workers


class ServerState:
    """Loads everything that requests need.

    Raises:
        UserError: a model or the run cannot be loaded, or without models the run has no queries to judge.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings, limits = settings, settings.limits
        self.run = Run.open(settings.run) if settings.run is not None else None
        self.search = open_search(self.run) if self.run and settings.models else None
        pages = open_pages(self.run, self.search)
        self.models: Models = load_models(settings.models, self.run, self.search)
        self.sample = draw_sample(self.run, *settings.audit) if self.run and not settings.models else None
        self.batcher = Batcher(limits.request_seconds)
        self.workers = Workers()
        self.uploads = Uploads(limits, self.workers, self.batcher, self.models.first)
        self.pages = Pages(pages, self.uploads.documents)
        self.reader = ContentReader(self.pages, limits)
        self.pictures = Pictures(limits.image_pixels, self.workers, self.run.path if self.run else None)
        self.ready = False
        self.ending = asyncio.Event()

    async def draw_sample(self) -> tuple[Run, list[Item]]:
        """The run and those of its queries that people judge, drawn once."""
        if self.run is None:
            raise ApiError(404, "no_pages", "no run is loaded", "", "start the server with --pages RUN")
        if self.sample is None:
            try:
                self.sample = await asyncio.to_thread(draw_sample, self.run, *self.settings.audit)
            except UserError:
                raise ApiError(404, "no_queries", "the run has no queries", "", "docrerank generate RUN") from None
        return self.run, self.sample

    def find_search(self, document: str | None) -> tuple[Search, str | None]:
        """Where a question is asked: an uploaded document's pages, or the run's, and which document of it."""
        uploaded = self.uploads.find(document) if document else None
        if uploaded is not None:
            return uploaded.search, None
        if self.search is None:
            hint = "start the server with --pages RUN, or upload a document and name it"
            raise ApiError(404, "no_pages", "no pages are loaded", "document", hint)
        return self.search, document

    async def start(self) -> None:
        """Begin to answer; the garbage collector leaves out what was loaded, since walking over it stalls requests."""
        gc.collect()
        gc.freeze()
        self.batcher.start()
        self.ready = True

    def stop_after(self, seconds: float) -> None:
        """Take no further work, and answer what is still in flight after so many seconds with 503."""
        self.ready = False
        asyncio.get_running_loop().call_later(seconds, self.ending.set)

    async def close(self) -> None:
        """Let go of everything."""
        self.ready = False
        await self.batcher.close()
        self.uploads.close()
        self.workers.close()
