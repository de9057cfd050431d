"""The application: middleware around routes, and what they share."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from typing import Any

import msgspec
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.staticfiles import StaticFiles

from docrerank.serving.errors import add_handlers
from docrerank.serving.middleware import Bound, Guard, Observe
from docrerank.serving.routes import audit, operation, rerank, search, uploads
from docrerank.serving.routes.common import DESCRIBED
from docrerank.serving.settings import Settings
from docrerank.serving.state import ServerState

SUMMARY = "Reranks document pages in Cohere's, Jina's and vLLM's forms; searches a run's pages."


def create_app(settings: Settings) -> FastAPI:
    """Load the models and the run, and build the application around them.

    Raises:
        UserError: a model or the run cannot be loaded.

    Examples:
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
        docs_url=None,  # its page would load scripts of another host
        redoc_url=None,
        lifespan=live,
        middleware=[
            Middleware(Observe),
            Middleware(TrustedHostMiddleware, allowed_hosts=list(settings.hosts) if settings.is_local else ["*"]),
            Middleware(Guard, token=settings.token, hosts=settings.hosts),
            Middleware(Bound, limits=settings.limits),
        ],
    )
    app.state.server = state
    add_handlers(app)
    for part in (rerank, search, uploads, audit, operation):
        app.include_router(part.router)
    app.mount("/static", StaticFiles(directory=operation.STATIC))
    app.openapi = lambda: _describe(app)  # type: ignore[method-assign]
    return app


def _describe(app: FastAPI) -> dict[str, Any]:
    """OpenAPI with the types of bodies, which FastAPI does not know."""
    described = get_openapi(title=app.title, version="1", summary=SUMMARY, routes=app.routes)
    _, schemas = msgspec.json.schema_components(DESCRIBED, ref_template="#/components/schemas/{name}")
    described.setdefault("components", {}).setdefault("schemas", {}).update(schemas)
    return described
