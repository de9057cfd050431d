"""What Prometheus reads."""

from __future__ import annotations

import os

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge, Histogram, make_asgi_app
from prometheus_client.multiprocess import MultiProcessCollector
from starlette.types import ASGIApp, Receive, Scope, Send

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)

REQUESTS = Counter("docrerank_requests", "Requests answered.", ["route", "status"])
LATENCY = Histogram("docrerank_request_seconds", "From a request's head to its answer.", ["route"], buckets=SECONDS)
QUEUED = Gauge("docrerank_queued_seconds", "Estimated work that waits.", multiprocess_mode="livesum")
BATCH_PAIRS = Histogram("docrerank_batch_pairs", "Pairs scored together.", buckets=(1, 4, 16, 64, 256, 1024, 4096))
REFUSED = Counter("docrerank_refused", "Requests refused because they could not be answered in time.")
LEFT = Counter("docrerank_clients_left", "Requests whose client left before the answer.")


class Metrics:
    """An ASGI application: Prometheus' text form, of all worker processes together."""

    def __init__(self) -> None:
        registry: CollectorRegistry = REGISTRY
        if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
            registry = CollectorRegistry()
            MultiProcessCollector(registry)
        self._app: ASGIApp = make_asgi_app(registry)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, send)
