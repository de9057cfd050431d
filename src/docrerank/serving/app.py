"""The application: middleware around routes, and what they share."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

from fastapi import FastAPI
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware

from docrerank.serving.errors import add_handlers
from docrerank.serving.middleware import Bound, Guard, Observe
from docrerank.serving.routes import audit, operation, rerank, search, web
from docrerank.serving.state import ServerState, Settings


def create_app(settings: Settings) -> FastAPI:
    """Load the models and the run, and build the application around them.

    Raises:
        UserError: a model or the run cannot be loaded.

    Example:
        >>> app = create_app(Settings(models=("minilm",)))  # doctest: +SKIP
    """
    state = ServerState(settings)

    @contextlib.asynccontextmanager
    async def live(app: FastAPI) -> AsyncIterator[None]:
        await state.start()
        try:
            yield
        finally:
            await state.close()

    app = FastAPI(
        title="docrerank",
        summary="Reranks document pages in Cohere's, Jina's, vLLM's and NIM's forms; searches a run's pages.",
        version="1",
        docs_url=None,  # its page would load scripts of another host
        redoc_url=None,
        lifespan=live,
        middleware=[
            Middleware(Observe),
            Middleware(TrustedHostMiddleware, allowed_hosts=list(settings.hosts) or ["*"]),
            Middleware(Guard, token=settings.token),
            Middleware(Bound, limits=settings.limits),
        ],
    )
    app.state.server = state
    add_handlers(app)
    for part in (rerank, search, audit, operation, web):
        app.include_router(part.router)
    app.mount("/static", web.static_files)
    return app
