"""Requests made from the server's own description, and a crowd of connections: refused or answered, never failed."""

from __future__ import annotations

import resource
import socket
import time
from typing import Any

import pytest

hypothesis = pytest.importorskip("hypothesis")
schemathesis = pytest.importorskip("schemathesis")
httpx = pytest.importorskip("httpx")

#: Of each address.
EXAMPLES = 12
CROWD = 10_000


def test_requests_from_the_description_never_fail_the_server(server: Any) -> None:
    """Answers keep the described form, errors our one form; 12 examples of each address, the same every time."""
    schema = schemathesis.openapi.from_dict(server.get("/openapi.json").json())
    schema.config.update(base_url=server.url)
    failed: list[str] = []
    for result in schema.get_all_operations():
        operation = result.ok()
        if operation.path == "/v1/documents" and operation.method == "post":
            continue  # files are in test_search

        @hypothesis.settings(
            max_examples=EXAMPLES, deadline=None, derandomize=True, suppress_health_check=list(hypothesis.HealthCheck)
        )
        @hypothesis.given(case=operation.as_strategy())
        def send(case: Any) -> None:
            answer = case.call(base_url=server.url, timeout=300)
            if answer.status_code >= 500 or (
                answer.status_code >= 400 and set(answer.json()) != {"code", "message", "field", "hint"}
            ):
                failed.append(f"{case.method} {case.path}: {answer.status_code}")

        send()
    assert failed == []
    assert server.get("/health").status_code == 200


def test_ten_thousand_connections_are_refused_politely_and_the_server_lives(start: Any) -> None:
    served = start("minilm", "--limit", "connections=200", "--limit", "receive_seconds=60")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    crowd = min(CROWD, (hard if hard > 0 else 65_536) - 1_000)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, crowd + 500), hard))
    port = int(served.url.rpartition(":")[2])
    held: list[socket.socket] = []
    try:
        while len(held) < crowd:
            sock = socket.create_connection(("127.0.0.1", port), 60)
            held.append(sock)
        refused = sum(_is_refused(sock) for sock in held[-50:])
        assert refused == 50
    finally:
        for sock in held:
            sock.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        try:
            if served.post("/v1/rerank", {"query": "a", "documents": ["b"]}).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.2)
    raise AssertionError(served.log.read_text()[-2_000:])


def _is_refused(sock: socket.socket) -> bool:
    sock.settimeout(60)
    try:
        return b"503" in sock.recv(200)
    except ConnectionResetError:
        return True
