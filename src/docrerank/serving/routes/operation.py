"""What those who run the server look at."""

from __future__ import annotations

import os

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from docrerank.serving.errors import ApiError
from docrerank.serving.responses import ModelBody, ModelList
from docrerank.serving.routes.state import ERRORS, State

router = APIRouter(tags=["operation"], responses=ERRORS)  # type: ignore[arg-type]


@router.get("/v1/models")
async def list_models(state: State) -> ModelList:
    """The models that requests can name; the first is the default."""
    bodies = []
    for model in state.models.by_name.values():
        threshold = model.threshold
        bar = None if threshold is None else round(threshold.relevance, 4)
        bodies.append(ModelBody(id=model.name, kind=model.kind, fused=model.fused, relevance_threshold=bar))
    return ModelList(data=bodies)


@router.get("/health")
async def tell_health() -> dict[str, str]:
    """The process lives."""
    return {"status": "ok"}


@router.get("/ready")
async def tell_ready(state: State) -> dict[str, str]:
    """Models are loaded and requests are taken."""
    if not state.ready:
        raise ApiError(503, "not_ready", "the server does not take requests now", "", "try again later", retry_after=1)
    return {"status": "ready"}


@router.get("/metrics", response_class=Response)
async def show_metrics() -> Response:
    """Prometheus' text form; of all workers together."""
    registry: CollectorRegistry = REGISTRY
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        registry = CollectorRegistry()
        MultiProcessCollector(registry)
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)
