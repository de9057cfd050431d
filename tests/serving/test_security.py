"""Who may ask, from where, and what the server never does."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from docrerank.records import UserError
from docrerank.serving import Limits, check_host, fetching
from docrerank.serving.errors import ApiError
from docrerank.serving.fetching import Fetcher, is_public

httpx = pytest.importorskip("httpx")
TOKEN = "a-token-of-some-length"


def test_an_address_that_others_reach_needs_a_token() -> None:
    with pytest.raises(UserError, match="DOCRERANK_TOKEN"):
        check_host("0.0.0.0", "")
    check_host("0.0.0.0", TOKEN)
    check_host("127.0.0.1", "")


def test_with_a_token_only_its_bearer_gets_answers(start: Any) -> None:
    served = start("minilm", "--host", "0.0.0.0", DOCRERANK_TOKEN=TOKEN)
    body = {"query": "a", "documents": ["a"]}
    for headers in ({}, {"authorization": "Bearer wrong"}, {"authorization": f"Bearer {TOKEN}x"}):
        refused = served.post("/v1/rerank", body, headers=headers)
        assert refused.status_code == 401
        assert TOKEN not in refused.text
    for path in ("/v1/models", "/metrics", "/openapi.json", "/v1/documents", "/v1/pages/page/a/1"):
        assert served.get(path).status_code == 401
    assert served.post("/v1/rerank", body, headers={"authorization": f"Bearer {TOKEN}"}).status_code == 200
    assert TOKEN not in served.log.read_text()


def test_a_foreign_name_for_this_address_is_refused(server: Any) -> None:
    """A name server that points a stranger's name at 127.0.0.1 opens nothing."""
    assert server.get("/v1/models", headers={"host": "evil.example"}).status_code == 400


def test_requests_of_other_sites_are_refused(server: Any) -> None:
    body = {"query": "a", "documents": ["a"]}
    refused = server.post("/v1/rerank", body, headers={"origin": "https://evil.example"})
    assert refused.status_code == 403
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


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "192.168.0.1",
        "169.254.169.254",
        "::1",
        "fe80::1",
        "fc00::1",
        "::ffff:10.0.0.1",
        "0.0.0.0",
        "x",
    ],
)
def test_addresses_of_this_network_are_not_public(address: str) -> None:
    assert not is_public(address)


def test_a_host_whose_addresses_are_in_part_private_is_refused() -> None:
    fetcher = Fetcher(["images.example"], Limits(), lambda host, port: ["93.184.216.34", "10.0.0.1"])
    with pytest.raises(ApiError, match="not on the public internet"):
        fetcher.fetch("https://images.example/a.png", "image")


@pytest.mark.parametrize(
    "url",
    [
        "http://other.example/a.png",
        "http://images.example:22/a",
        "http://u:p@images.example/a",
        "ftp://images.example/a",
        "http://images.example@evil.example/a",
        "http://[::1/a",
    ],
)
def test_what_is_not_allowed_is_not_even_looked_up(url: str) -> None:
    def fail(host: str, port: int) -> list[str]:
        raise AssertionError("looked up")

    with pytest.raises(ApiError, match="fetches nothing"):
        Fetcher(["images.example"], Limits(), fail).fetch(url, "image")


class Answers(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == "/moved":
            self.send_response(302)
            self.send_header("location", "http://127.0.0.1/")
            self.end_headers()
            return
        size = 5_000 if self.path == "/large" else 5
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"x" * size)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def image_host(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A web server on this machine that counts as public, whose name changes its address after the first look-up."""
    httpd = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    threading.Thread(target=httpd.serve_forever, daemon=True).start()
    answers = iter(["127.0.0.1", "10.0.0.1", "10.0.0.1"])
    asked: list[str] = []

    def change_its_mind(host: str, port: int) -> list[str]:
        asked.append(host)
        return [next(answers)]

    monkeypatch.setattr(fetching, "is_public", lambda address: address == "127.0.0.1")
    plain = fetching.socket.create_connection

    def connect(address: tuple[str, int], timeout: float) -> Any:
        assert address == ("127.0.0.1", 80)
        return plain(("127.0.0.1", httpd.server_address[1]), timeout)

    monkeypatch.setattr(fetching.socket, "create_connection", connect)
    yield Fetcher(["images.example"], Limits(image_bytes=1_000), change_its_mind), asked
    httpd.shutdown()
    httpd.server_close()


def test_the_address_that_was_judged_is_the_one_connected_to(image_host: Any) -> None:
    fetcher, asked = image_host
    assert fetcher.fetch("http://images.example/a.png", "image") == b"xxxxx"
    assert asked == ["images.example"]
    with pytest.raises(ApiError, match="not on the public internet"):
        fetcher.fetch("http://images.example/a.png", "image")


def test_redirects_are_not_followed_and_bodies_are_bounded(image_host: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    fetcher, _ = image_host
    fetcher.resolve = lambda host, port: ["127.0.0.1"]
    with pytest.raises(ApiError, match="302"):
        fetcher.fetch("http://images.example/moved", "image")
    with pytest.raises(ApiError, match="1000 bytes"):
        fetcher.fetch("http://images.example/large", "image")
