"""uvicorn's HTTP protocol with bounds on connections and on a request's head, in bytes and in time."""

from __future__ import annotations

import asyncio

import msgspec
from httptools import HttpParserError
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from docrerank.serving.errors import ErrorBody
from docrerank.serving.settings import Limits

HEAD_BYTES = 32_768


class BoundedProtocol(HttpToolsProtocol):
    """Refuses connections beyond the bound, large heads, and heads that do not arrive in time.

    uvicorn itself closes connections that idle between requests. `limits` is set once in a process.
    """

    limits = Limits()
    _timer: asyncio.TimerHandle | None = None
    _head = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Count the connection, or refuse it."""
        super().connection_made(transport)
        if len(self.connections) > self.limits.connections:
            self._refuse(b"503 Service Unavailable", "too_many_connections", "too many connections are open")
            return
        self._await_head()

    def data_received(self, data: bytes) -> None:
        """Parse; what belongs to an unfinished head is counted."""
        super().data_received(data)
        if self._timer is not None:
            self._head += len(data)
            if self._head > HEAD_BYTES and not self.transport.is_closing():
                self.send_400_response("the request's head is too large")

    def on_message_begin(self) -> None:
        """A further request on the connection begins."""
        super().on_message_begin()
        self._head = 0
        if self._timer is None:
            self._await_head()

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header that has arrived whole."""
        super().on_header(name, value)
        if sum(len(name) + len(value) for name, value in self.headers) > HEAD_BYTES:
            raise HttpParserError("the request's head is too large")

    def on_headers_complete(self) -> None:
        """The head has arrived."""
        self._stop_waiting()
        super().on_headers_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is closed."""
        self._stop_waiting()
        super().connection_lost(exc)

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no HTTP request, or too much of one, in the server's form."""
        self._refuse(b"400 Bad Request", "bad_request", msg)

    def _await_head(self) -> None:
        self._timer = self.loop.call_later(self.limits.receive_seconds, self.transport.close)

    def _stop_waiting(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _refuse(self, status: bytes, code: str, message: str) -> None:
        body = msgspec.json.encode(ErrorBody(code, message, "", "try again later"))
        head = b"content-type: application/json\r\nretry-after: 1\r\nconnection: close\r\ncontent-length: %d\r\n\r\n"
        self.transport.write(b"HTTP/1.1 " + status + b"\r\n" + head % len(body) + body)
        self.transport.close()
