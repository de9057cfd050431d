"""What a server holds while it runs: models, pages, the queue, the workers."""

from __future__ import annotations

import gc
from dataclasses import dataclass, field
from pathlib import Path

from docrerank.records import Query
from docrerank.report.audit import Item
from docrerank.runs import Run
from docrerank.serving.batching import Batcher
from docrerank.serving.collection import Collection, LargeCollection, open_collection, open_pages
from docrerank.serving.errors import ApiError
from docrerank.serving.fetching import Fetcher
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
        hosts: names under which requests may come; none allows all.
        allowed_urls: hosts that images may be fetched from.
        limits: of requests and of all together.
    """

    models: tuple[str, ...]
    run: Path | None = None
    token: str = ""
    hosts: tuple[str, ...] = ()
    allowed_urls: tuple[str, ...] = ()
    limits: Limits = field(default_factory=Limits)


class ServerState:
    """Loads everything that requests need.

    Args:
        settings: how the server is started.

    Raises:
        UserError: a model or the run cannot be loaded.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.run = Run.open(settings.run) if settings.run is not None else None
        pages = open_pages(self.run)
        self.models: Models = load_models(settings.models, self.run, pages)
        self.collection = open_collection(pages, self.models.first)
        self.batcher = Batcher(settings.limits)
        self.workers = Workers()
        self.uploads = Uploads(settings.limits, self.workers, self.batcher, self.models.first)
        self.pages = Pages(pages, self.uploads.documents)
        fetcher = Fetcher(settings.allowed_urls, settings.limits)
        self.reader = ContentReader(self.pages, settings.limits, self.workers, fetcher)
        self.pictures = Pictures(settings.limits, self.workers)
        self.sample: list[Item] | None = None
        self.ready = False

    def find_collection(self, document: str | None) -> tuple[Collection | LargeCollection, str | None]:
        """Where a question is asked: an uploaded document's pages, or the run's, and which document of it.

        Raises:
            ApiError: there is no such document, or none at all.
        """
        uploaded = self.uploads.find(document) if document else None
        if uploaded is not None:
            return uploaded, None
        if self.collection is None:
            hint = "start the server with --pages RUN, or upload a document and name it"
            raise ApiError(404, "no_pages", "no pages are loaded", "document", hint)
        return self.collection, document

    def read_queries(self, document: str) -> list[Query]:
        """The queries of a document of the run; of other documents there are none."""
        return list(self.run.queries.read(document)) if self.run is not None else []

    async def start(self) -> None:
        """Begin to answer; collections of garbage need not walk over what was loaded, which would stall requests."""
        gc.collect()
        gc.freeze()
        self.batcher.start()
        self.ready = True

    async def close(self) -> None:
        """Finish what is under way, then let go of everything."""
        self.ready = False
        await self.batcher.close()
        self.uploads.close()
        self.workers.close()
