"""Requests made from the server's own description: refused or answered, never failed."""

from __future__ import annotations

from typing import Any

import pytest

hypothesis = pytest.importorskip("hypothesis")
schemathesis = pytest.importorskip("schemathesis")

#: Of each address.
EXAMPLES = 12


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
