"""Whether an endpoint is there, asked before the work that needs it."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Iterator

import pytest

from docrerank.chat import find_fault
from docrerank.recipe.endpoints import Endpoint


class Server(http.server.BaseHTTPRequestHandler):
    """A server that has one model, wants a key at one address, and knows no models at another."""

    def do_GET(self) -> None:
        keyed = self.headers.get("Authorization") == "Bearer right"
        status = 401 if self.path.startswith("/keyed") and not keyed else 200
        status = 404 if self.path.startswith("/old") else status
        body = b"<html>" if self.path.startswith("/page") else json.dumps({"data": [{"id": "some-vlm"}]}).encode()
        self.send_response(status)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *values: object) -> None:
        pass


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


@pytest.mark.parametrize("path", ["v1", "v1/", "old/v1", "page/v1", "keyed/v1"])
def test_a_server_that_answers_anything_is_there(address: str, path: str) -> None:
    assert find_fault(Endpoint(base_url=f"{address}/{path}", model="some-vlm")) == ""


def test_a_server_with_another_model_says_which(address: str) -> None:
    fault = find_fault(Endpoint(base_url=f"{address}/v1", model="other"))
    assert fault == f"the server at {address}/v1 has some-vlm, not other"


def test_a_server_that_is_not_there_is_told_with_what_to_do() -> None:
    fault = find_fault(Endpoint(base_url="http://127.0.0.1:9/v1", model="some-vlm"))
    assert fault.startswith("some-vlm at http://127.0.0.1:9/v1 does not answer (")
    assert fault.endswith("): start its server")


def test_a_key_that_is_not_set_is_told(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    endpoint = Endpoint(base_url=f"{address}/keyed/v1", model="other", api_key_env="SOME_KEY")
    assert "wants its key in $SOME_KEY, which is not set" in find_fault(endpoint)
    monkeypatch.setenv("SOME_KEY", "right")
    assert find_fault(endpoint).endswith("has some-vlm, not other")
