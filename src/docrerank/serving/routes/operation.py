"""What those who run the server look at."""

from __future__ import annotations

from fastapi import APIRouter, Response

from docrerank.serving.errors import ApiError
from docrerank.serving.responses import ModelList
from docrerank.serving.routes.common import State, answer, describe

router = APIRouter(tags=["operation"])


@router.get("/v1/models", **describe(ModelList))
async def list_models(state: State) -> Response:
    """The models that requests can name; the first is the default."""
    bodies = []
    for model in state.models.by_name.values():
        bar = None if model.threshold is None else round(model.threshold.relevance, 4)
        body = {"id": model.name, "kind": model.kind, "fused": model.fused, "relevance_threshold": bar}
        bodies.append({**body, "object": "model", "created": 0, "owned_by": "docrerank"})
    return answer(ModelList(bodies))


@router.get("/health")
async def tell_health() -> dict[str, str]:
    """The process lives."""
    return {"status": "ok"}


@router.get("/ready")
async def tell_ready(state: State) -> dict[str, str]:
    """Models are loaded and requests are taken."""
    if not state.ready:
        message = "the server does not take requests now"
        raise ApiError(503, "not_ready", message, "", "try again later", retry_after=1)
    return {"status": "ready"}
