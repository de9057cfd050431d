"""What is too large, too slow or too much is refused in words, and the server goes on."""

from __future__ import annotations

import json
import socket
import time
from typing import Any

import pytest

from docrerank.records import UserError
from docrerank.serving import Limits

httpx = pytest.importorskip("httpx")


def connect(served: Any, timeout: float = 20) -> socket.socket:
    return socket.create_connection(("127.0.0.1", int(served.url.rpartition(":")[2])), timeout)


def read_all(sock: socket.socket) -> bytes:
    data = b""
    try:
        while chunk := sock.recv(65_536):
            data += chunk
    except ConnectionResetError:
        pass
    return data


def test_limits_are_set_by_name_and_unknown_ones_told() -> None:
    assert Limits.parse(["documents=5"]).documents == 5
    with pytest.raises(UserError, match="limits are body_bytes"):
        Limits.parse(["docs=5"])
    with pytest.raises(UserError, match="greater than 0"):
        Limits.parse(["documents=0"])
    with pytest.raises(UserError, match="integer"):
        Limits.parse(["documents=many"])


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A server with small limits."""
    from fixtures.servers import start_server

    limits = "body_bytes=20000 document_characters=1000 query_characters=100 images=1 head_seconds=1 receive_seconds=1"
    arguments = [word for limit in (limits + " connections=40 idle_seconds=2").split() for word in ("--limit", limit)]
    served = start_server(tmp_path_factory.mktemp("small"), "minilm", *arguments)
    yield served
    served.process.kill()
    served.process.wait()


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"query": "a", "documents": ["a" * 1_001]}, "document_too_long"),
        ({"query": "a " * 60, "documents": ["a"]}, "query_too_long"),
        ({"query": "a", "documents": ["a" * 900] * 30}, "too_large"),
        ({"query": "a", "documents": [{"image": "aaaa"}] * 2}, "too_many_images"),
    ],
)
def test_what_is_too_large_is_refused_with_the_limit(small: Any, body: Any, code: str) -> None:
    answer = small.post("/v1/rerank", body)
    assert answer.status_code == 413
    assert answer.json()["code"] == code
    assert any(character.isdigit() for character in answer.json()["message"])


def test_a_body_without_a_length_is_bounded_as_well(small: Any) -> None:
    def drip() -> Any:
        yield b'{"query": "'
        for _ in range(50):
            yield b"a" * 1_000

    answer = httpx.post(small.url + "/v1/rerank", content=drip(), headers={"content-type": "application/json"})
    assert answer.status_code == 413


def test_a_head_that_drips_is_cut_off(small: Any) -> None:
    with connect(small) as sock:
        sock.sendall(b"POST /v1/rerank HTTP/1.1\r\nhost: localhost\r\n")
        started = time.monotonic()
        assert read_all(sock) == b""
        assert time.monotonic() - started < 10


def test_a_body_that_drips_is_told_so(small: Any) -> None:
    with connect(small) as sock:
        head = "POST /v1/rerank HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
        sock.sendall(f"{head}content-length: 900\r\n\r\n".encode() + b'{"query"')
        answer = read_all(sock)
    assert b" 408 " in answer.splitlines()[0]
    assert b"took too long" in answer


def test_connections_beyond_the_bound_are_refused_politely(small: Any) -> None:
    held = [connect(small) for _ in range(40)]
    time.sleep(0.3)
    with connect(small) as sock:
        answer = read_all(sock)
    assert b"503 Service Unavailable" in answer
    assert b"retry-after" in answer
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["code"] == "too_many_connections"
    for sock in held:
        sock.close()
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        try:
            if small.get("/health").status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise AssertionError("the server did not recover")


@pytest.mark.parametrize(
    "raw",
    [
        b"{",
        b"",
        b"[]",
        b"null",
        b'"text"',
        b"{}",
        b"\xff\xfe",
        b'{"query": NaN}',
        b"[" * 5_000,
        b'{"query":"a","documents":["\\ud800"]}',
    ],
)
def test_broken_bodies_are_the_clients_fault(small: Any, raw: bytes) -> None:
    answer = httpx.post(small.url + "/v1/rerank", content=raw, headers={"content-type": "application/json"})
    assert answer.status_code in (200, 400, 422)
    assert answer.status_code == 200 or set(answer.json()) == {"code", "message", "field", "hint"}


def test_another_content_type_is_told(small: Any) -> None:
    answer = httpx.post(small.url + "/v1/rerank", content=b'{"query":"a"}', headers={"content-type": "text/plain"})
    assert answer.status_code == 422
    assert "application/json" in answer.json()["hint"]
