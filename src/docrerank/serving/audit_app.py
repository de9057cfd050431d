"""The audit alone: the web page's audit over a run, without any model."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

from fastapi import FastAPI
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware

from docrerank.records import UserError
from docrerank.report.audit import draw_sample
from docrerank.runs import Run
from docrerank.serving.collection import open_pages
from docrerank.serving.errors import add_handlers
from docrerank.serving.middleware import Bound, Guard
from docrerank.serving.pages import Pages
from docrerank.serving.pictures import Pictures
from docrerank.serving.routes import audit, search, web
from docrerank.serving.state import ServerState, Settings
from docrerank.serving.workers import Workers


class AuditState(ServerState):
    """Loads a run's pages and the sample of its queries that people judge; no model.

    Args:
        settings: with a run and `audit`.

    Raises:
        UserError: the run has no queries.
    """

    def __init__(self, settings: Settings) -> None:
        if settings.run is None or settings.audit is None:
            raise UserError("an audit needs a run")
        self.settings, self.run = settings, Run.open(settings.run)
        self.sample = draw_sample(self.run, *settings.audit)
        self.workers = Workers()
        self.pages = Pages(open_pages(self.run), {})
        self.pictures = Pictures(settings.limits.image_pixels, self.workers, self.run.path)
        self.ready = False
        self.ending = asyncio.Event()

    async def start(self) -> None:
        """Begin to answer."""
        self.ready = True

    async def close(self) -> None:
        """End the workers that draw."""
        self.ready = False
        self.workers.close()


def create_audit_app(settings: Settings) -> FastAPI:
    """Build the application; only requests to this machine's own names are answered, and only its page may judge.

    Raises:
        UserError: the run has no queries.
    """
    state = AuditState(settings)

    @contextlib.asynccontextmanager
    async def live(app: FastAPI) -> AsyncIterator[None]:
        await state.start()
        try:
            yield
        finally:
            await state.close()

    app = FastAPI(
        title="docrerank audit",
        openapi_url=None,
        lifespan=live,
        middleware=[
            Middleware(TrustedHostMiddleware, allowed_hosts=list(settings.hosts)),
            Middleware(Guard, token=settings.token, hosts=settings.hosts),
            Middleware(Bound, limits=settings.limits),
        ],
    )
    app.state.server = state
    add_handlers(app)
    app.include_router(audit.router)
    app.include_router(web.router)
    app.get("/v1/pages/{size}/{page_id:path}")(search.show_page)
    app.mount("/static", web.static_files)
    return app
