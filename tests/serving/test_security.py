"""Who may ask, from where, and what the server never does."""

from __future__ import annotations

from typing import Any

import pytest
from fixtures.servers import BEARER, TOKEN

from docrerank.records import UserError
from docrerank.serving import check_host

httpx = pytest.importorskip("httpx")


def test_an_address_that_others_reach_needs_a_token() -> None:
    with pytest.raises(UserError, match="DOCRERANK_TOKEN"):
        check_host("0.0.0.0", "")
    check_host("0.0.0.0", TOKEN)
    check_host("127.0.0.1", "")


def test_with_a_token_only_its_bearer_gets_answers(guarded: Any) -> None:
    served = guarded
    body = {"query": "a", "documents": ["a"]}
    for headers in ({}, {"authorization": "Bearer wrong"}, {"authorization": f"Bearer {TOKEN}x"}):
        refused = served.post("/v1/rerank", body, headers=headers)
        assert refused.status_code == 401
        assert TOKEN not in refused.text
        assert refused.headers["www-authenticate"] == "Bearer"
    for path in ("/v1/models", "/metrics", "/openapi.json", "/v1/documents", "/v1/pages/page/a/1"):
        assert served.get(path).status_code == 401
    for scheme in ("Bearer", "bearer"):
        assert served.post("/v1/rerank", body, headers={"authorization": f"{scheme} {TOKEN}"}).status_code == 200
    assert TOKEN not in served.log.read_text()


def test_a_foreign_name_for_this_address_is_refused(server: Any) -> None:
    """A name server that points a stranger's name at 127.0.0.1 opens nothing."""
    assert server.get("/v1/models", headers={"host": "evil.example"}).status_code == 400


def test_only_the_operator_allows_the_name_of_a_proxy(guarded: Any) -> None:
    body, origin = {"query": "a", "documents": ["a"]}, {"origin": "https://pages.example", **BEARER}
    assert guarded.post("/v1/rerank", body, headers={"host": "pages.example", **origin}).status_code == 200
    assert guarded.post("/v1/rerank", body, headers=origin).status_code == 200
    assert guarded.post("/v1/rerank", body, headers={"host": "other.example", **BEARER}).status_code == 400


def test_requests_of_other_sites_are_refused(server: Any) -> None:
    body = {"query": "a", "documents": ["a"]}
    for origin in ("https://evil.example", "null", "https://localhost.evil.example"):
        assert server.post("/v1/rerank", body, headers={"origin": origin}).status_code == 403
    assert server.post("/v1/rerank", body, headers={"origin": server.url}).status_code == 200


@pytest.mark.parametrize("path", ["/", "/v1/models", "/nothing", "/v1/pages/page/x"])
def test_every_answer_bears_the_strict_headers(server: Any, path: str) -> None:
    headers = server.get(path).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "unsafe" not in headers["content-security-policy"]
    assert "server" not in headers


@pytest.mark.parametrize(
    "path",
    [
        "/v1/pages/page/../../../../etc/passwd",
        "/v1/pages/page/%2e%2e/%2e%2e/etc/passwd",
        "/v1/pages/thumbnail/..%2f..%2frecipe.yaml",
        "/static/../app.py",
        "/static/%2e%2e/app.py",
        "/static//etc/passwd",
        "/v1/queries/../../etc/passwd",
    ],
)
def test_no_path_leaves_the_run_or_the_web_page(server: Any, path: str) -> None:
    with httpx.Client(base_url=server.url) as client:
        request = client.build_request("GET", server.url)
        request.url = request.url.copy_with(raw_path=path.encode())
        answer = client.send(request)
    assert answer.status_code in (404, 422)
    assert "root:" not in answer.text


def test_errors_reflect_no_markup_and_no_path(server: Any, served_run: Any) -> None:
    hostile = "<script>alert(1)</script>"
    answers = [server.get(f"/{hostile}"), server.get(f"/v1/pages/page/{hostile}")]
    answers += [server.post("/v1/rerank", {"query": "a", "documents": ["a"], "model": hostile})]
    for answer in answers:
        assert answer.headers["content-type"] == "application/json"
        assert str(served_run.path) not in answer.text


def test_the_log_has_no_text_of_queries_and_documents(server: Any) -> None:
    server.post("/v1/rerank", {"query": "secretquery", "documents": ["secretdocument"]})
    server.post("/v1/rerank", {"query": "secretquery", "documents": [{"image": "secretimage"}]})
    server.get("/v1/support/x/1", params={"query": "secretquery"})
    assert "secret" not in server.log.read_text()
    assert '"route": "/v1/rerank"' in server.log.read_text()
