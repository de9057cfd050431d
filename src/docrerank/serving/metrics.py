"""What Prometheus reads."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)

REQUESTS = Counter("docrerank_requests", "Requests answered.", ["route", "status"])
LATENCY = Histogram("docrerank_request_seconds", "From a request's head to its answer.", ["route"], buckets=SECONDS)
QUEUED_PAIRS = Gauge("docrerank_queued_pairs", "Pairs that wait to be scored.", multiprocess_mode="livesum")
BATCH_PAIRS = Histogram(
    "docrerank_batch_pairs", "Pairs scored together.", buckets=(1, 4, 16, 64, 128, 256, 512, 1024, 4096)
)
REUSED_PAIRS = Counter("docrerank_reused_pages", "Pairs of a batch whose page stood in another pair of it.")
LEFT = Counter("docrerank_clients_left", "Requests whose client went before the answer.")
