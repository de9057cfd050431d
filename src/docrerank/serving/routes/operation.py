"""What those who run the server look at, and the web page."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from fastapi import APIRouter, Response
from fastapi.responses import FileResponse
from prometheus_client import CONTENT_TYPE_LATEST

from docrerank.serving.errors import ApiError
from docrerank.serving.metrics import write_metrics
from docrerank.serving.responses import ModelList
from docrerank.serving.routes.common import State, answer, describe

STATIC = Path(str(files("docrerank.serving") / "static"))
router = APIRouter(tags=["operation"])


@router.get("/", include_in_schema=False)
async def show_web_page() -> FileResponse:
    """The page; it asks for a token where one is needed."""
    return FileResponse(STATIC / "index.html", headers={"cache-control": "no-cache"})


@router.get("/v1/models", **describe(ModelList))
async def list_models(state: State) -> Response:
    """The models that requests can name; the first is the default."""
    bodies = []
    for model in state.models.by_name.values():
        bar = None if model.threshold is None else round(model.threshold.relevance, 4)
        body = {"id": model.name, "kind": model.kind, "fused": model.fused, "relevance_threshold": bar}
        bodies.append({**body, "object": "model", "created": 0, "owned_by": "docrerank"})
    return answer(ModelList(bodies))


@router.get("/ready")
async def tell_ready(state: State) -> dict[str, str]:
    """Models are loaded and requests are taken."""
    if not state.ready:
        message = "the server does not take requests now"
        raise ApiError(503, "not_ready", message, "", "try again later", retry_after=1)
    return {"status": "ready"}


@router.get("/metrics", include_in_schema=False)
def show_metrics() -> Response:
    """For Prometheus."""
    return Response(write_metrics(), media_type=CONTENT_TYPE_LATEST)
