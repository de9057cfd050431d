"""What a server holds while it runs: models, pages, the queue, the workers."""

from __future__ import annotations

import asyncio
import gc
from dataclasses import dataclass, field
from pathlib import Path

from docrerank.report.audit import Item
from docrerank.runs import Run
from docrerank.serving.batching import Batcher
from docrerank.serving.collection import Collection, open_collection, open_pages
from docrerank.serving.errors import ApiError
from docrerank.serving.limits import Limits
from docrerank.serving.models import Models, load_models
from docrerank.serving.pages import Pages
from docrerank.serving.pictures import Pictures
from docrerank.serving.request_content import ContentReader
from docrerank.serving.uploads import Uploads
from docrerank.serving.workers import Workers


@dataclass(frozen=True, slots=True)
class Settings:
    """How a server is started; plain values, so that every worker process can be given them.

    Attributes:
        models: names or folders of rerankers; the first is the default.
        run: a run folder whose pages can be asked; None serves models alone.
        token: that requests must bear; empty asks for none.
        hosts: names of this server, whose pages may send requests.
        is_local: whether requests under other names are refused.
        limits: of requests and of all together.
        audit: how many queries people judge and the seed of the draw, if the audit alone is served.
    """

    models: tuple[str, ...]
    run: Path | None = None
    token: str = ""
    hosts: tuple[str, ...] = ()
    is_local: bool = False
    limits: Limits = field(default_factory=Limits)
    audit: tuple[int, int] | None = None


class ServerState:
    """Loads everything that requests need; UserError if a model or the run cannot be loaded."""

    def __init__(self, settings: Settings) -> None:
        self.settings, limits = settings, settings.limits
        self.run = Run.open(settings.run) if settings.run is not None else None
        pages = open_pages(self.run)
        self.models: Models = load_models(settings.models, self.run, pages)
        self.collection = open_collection(pages, self.models.first)
        self.batcher = Batcher(limits.request_seconds)
        self.workers = Workers()
        self.uploads = Uploads(limits, self.workers, self.batcher, self.models.first)
        self.pages = Pages(pages, self.uploads.documents)
        self.reader = ContentReader(self.pages, limits, self.workers)
        self.pictures = Pictures(limits.image_pixels, self.workers, self.run.path if self.run else None)
        self.sample: list[Item] | None = None
        self.ready = False
        self.ending = asyncio.Event()

    def find_collection(self, document: str | None) -> tuple[Collection, str | None]:
        """Where a question is asked: an uploaded document's pages, or the run's, and which document of it."""
        uploaded = self.uploads.find(document) if document else None
        if uploaded is not None:
            return uploaded.collection, None
        if self.collection is None:
            hint = "start the server with --pages RUN, or upload a document and name it"
            raise ApiError(404, "no_pages", "no pages are loaded", "document", hint)
        return self.collection, document

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
