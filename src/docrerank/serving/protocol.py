"""uvicorn's HTTP protocol, with a bound on connections and on the time that a request's head may take."""

from __future__ import annotations

import asyncio
import json

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from docrerank.serving.errors import ErrorBody
from docrerank.serving.limits import Limits


class BoundedProtocol(HttpToolsProtocol):
    """Tells a connection beyond the bound 503 and closes it; closes one whose first head does not come in time.

    uvicorn itself closes connections that idle between requests. `limits` is set once in a process.
    """

    limits = Limits()
    _timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Count it, or turn it away."""
        super().connection_made(transport)
        if len(self.connections) > self.limits.connections:
            transport.write(REFUSAL)
            transport.close()
            return
        self._await_head()

    def on_headers_complete(self) -> None:
        """The head is there."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        super().on_headers_complete()

    def on_message_begin(self) -> None:
        """A further request on the connection begins."""
        super().on_message_begin()
        if self._timer is None:
            self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """The client went, or was turned away."""
        if self._timer is not None:
            self._timer.cancel()
        super().connection_lost(exc)

    def _await_head(self) -> None:
        self._timer = self.loop.call_later(self.limits.head_seconds, self.transport.close)


def _refusal() -> bytes:
    body = ErrorBody(
        code="too_many_connections", message="too many connections are open", hint="try again later"
    ).model_dump()
    data = json.dumps(body).encode()
    head = (
        "HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json\r\nretry-after: 1\r\nconnection: close\r\n"
    )
    return head.encode() + b"content-length: %d\r\n\r\n" % len(data) + data


REFUSAL = _refusal()
