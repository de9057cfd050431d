"""What every request passes on its way in and out: its limits, its token, its headers, its line in the log."""

from __future__ import annotations

import asyncio
import hmac
import logging
import secrets
import time
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from docrerank.serving.errors import ApiError
from docrerank.serving.limits import Limits
from docrerank.serving.metrics import LATENCY, REQUESTS

logger = logging.getLogger("docrerank.serving.access")

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
}
#: Without a token: what says nothing of documents and models, and the web page itself, which asks for the token.
OPEN_PATHS = frozenset({"/", "/health", "/ready"})
OPEN_FOLDER = "/static/"


class Observe:
    """Outermost: headers of every answer, an id for every request, its line in the log and its numbers.

    Neither queries nor documents are written anywhere.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started, status, identity = time.perf_counter(), 499, secrets.token_hex(8)
        scope.setdefault("state", {})["request_id"] = identity

        async def send_headed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = int(message["status"])
                headers = MutableHeaders(scope=message)
                headers["x-request-id"] = identity
                for name, value in {**HEADERS, "cache-control": "no-store"}.items():
                    headers.setdefault(name, value)
            await send(message)

        try:
            await self.app(scope, receive, send_headed)
        finally:
            seconds = time.perf_counter() - started
            route = getattr(scope.get("route"), "path", "other")
            REQUESTS.labels(route, str(status)).inc()
            LATENCY.labels(route).observe(seconds)
            line = {"id": identity, "method": scope["method"], "route": route, "status": status}
            logger.info("request", extra={**line, "ms": round(1000 * seconds, 1)})


class Guard:
    """Refuses a request whose origin is another site, or which does not bear the token.

    Args:
        app: what is guarded.
        token: empty asks for none.
    """

    def __init__(self, app: ASGIApp, token: str) -> None:
        self.app = app
        self.token = token.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and (error := self._check(scope)):
            await error.response()(scope, receive, send)
            return
        await self.app(scope, receive, send)

    def _check(self, scope: Scope) -> ApiError | None:
        headers, path = Headers(scope=scope), scope["path"]
        origin = headers.get("origin")
        if origin and origin != "null" and urlsplit(origin).netloc != headers.get("host"):
            return ApiError(
                403, "foreign_origin", "requests of other sites are refused", "", "use the server's own page"
            )
        if not self.token or path in OPEN_PATHS or path.startswith(OPEN_FOLDER):
            return None
        given = headers.get("authorization", "").removeprefix("Bearer ").encode()
        if hmac.compare_digest(given, self.token):
            return None
        error = ApiError(401, "unauthorized", "the token is missing or wrong", "authorization", "send: Bearer TOKEN")
        return error


class Bound:
    """Bounds a request's body in bytes and in the time it takes to arrive.

    Args:
        app: what reads the body.
        limits: the bounds.
    """

    def __init__(self, app: ASGIApp, limits: Limits) -> None:
        self.app, self.limits = app, limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        length = Headers(scope=scope).get("content-length", "0")
        bound = self.limits.body_bytes
        if not length.isascii() or not length.isdigit() or int(length) > bound:
            await self._too_large().response()(scope, receive, send)
            return
        deadline = asyncio.get_running_loop().time() + self.limits.receive_seconds
        read, whole = 0, False

        async def receive_bounded() -> Message:
            nonlocal read, whole
            if whole:  # what comes now is that the client leaves
                return await receive()
            try:
                async with asyncio.timeout_at(deadline):
                    message = await receive()
            except TimeoutError:
                raise HTTPException(408, "the body took too long to arrive", {"connection": "close"}) from None
            read += len(message.get("body", b""))
            whole = not message.get("more_body", False)
            if read > bound:
                raise HTTPException(413, self._too_large().body.message, {"connection": "close"})
            return message

        await self.app(scope, receive_bounded, send)

    def _too_large(self) -> ApiError:
        message = f"a request's body may have {self.limits.body_bytes} bytes"
        return ApiError(413, "too_large", message, "", "send fewer or smaller documents")
