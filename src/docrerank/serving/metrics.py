"""What Prometheus reads."""

from __future__ import annotations

import os

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)

REQUESTS = Counter("docrerank_requests", "Requests answered.", ["route", "status"])
LATENCY = Histogram("docrerank_request_seconds", "From a request's head to its answer.", ["route"], buckets=SECONDS)
QUEUED = Gauge("docrerank_queued_seconds", "Estimated work that waits.", multiprocess_mode="livesum")
BATCH_PAIRS = Histogram("docrerank_batch_pairs", "Pairs scored together.", buckets=(1, 4, 16, 64, 256, 1024, 4096))
REFUSED = Counter("docrerank_refused", "Requests refused because they could not be answered in time.")
LEFT = Counter("docrerank_clients_left", "Requests whose client left before the answer.")


def write_metrics() -> bytes:
    """Prometheus' text form, of all worker processes together."""
    registry = REGISTRY
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        registry = CollectorRegistry()
        MultiProcessCollector(registry)
    return bytes(generate_latest(registry))
