"""What every request passes on its way in and out: its limits, its token, its headers, its line in the log."""

from __future__ import annotations

import asyncio
import hmac
import logging
import secrets
import time
from collections.abc import Collection
from urllib.parse import urlsplit

from fastapi.security import HTTPBearer
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from docrerank.serving.errors import ApiError, explain
from docrerank.serving.metrics import LATENCY, REQUESTS
from docrerank.serving.settings import Limits

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
    "cache-control": "no-store",
}
#: Answered before anything else, so that it tells of the process alone.
HEALTH = "/health"
#: Open without a token: what reveals nothing of documents and models, and the web page, which asks for the token.
OPEN_PATHS = frozenset({"/", "/ready"})
OPEN_FOLDER = "/static/"
UPLOAD_PATH = "/v1/documents"
#: What a multipart form adds to its file.
FORM_BYTES = 10_000


class Observe:
    """Outermost: gives every answer its headers and every request an id, a line in the log and its numbers.

    It answers `/health` itself. Neither queries nor documents are written anywhere.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        if scope["path"] == HEALTH:
            await Response(b'{"status":"ok"}', headers=HEADERS, media_type="application/json")(scope, receive, send)
            return
        started, status, identity = time.monotonic(), 499, secrets.token_hex(8)
        scope.setdefault("state", {})["started"] = started

        async def send_headed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = int(message["status"])
                headers = MutableHeaders(scope=message)
                headers["x-request-id"] = identity
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        try:
            await self.app(scope, receive, send_headed)
        finally:
            seconds = time.monotonic() - started
            route = getattr(scope.get("route"), "path", "other")
            REQUESTS.labels(route, str(status)).inc()
            LATENCY.labels(route).observe(seconds)
            line = {"id": identity, "method": scope["method"], "route": route, "status": status}
            logger.info("request", extra={**line, "ms": round(1000 * seconds, 1)})


class Guard:
    """Refuses a request from another site's page, or without the token."""

    def __init__(self, app: ASGIApp, token: str, hosts: Collection[str] = ()) -> None:
        self.app, self.hosts = app, frozenset(hosts)
        self.token, self.bearer = token.encode(), HTTPBearer(auto_error=False)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and (error := await self._check(HTTPConnection(scope))):
            await error.response()(scope, receive, send)
            return
        await self.app(scope, receive, send)

    async def _check(self, request: HTTPConnection) -> ApiError | None:
        path, origin = request.scope["path"], request.headers.get("origin")
        if origin and not self._is_own(urlsplit(origin).netloc, request.headers.get("host")):
            message, hint = "requests from other sites are refused", "use the server's own page, or --allow-host"
            return ApiError(403, "foreign_origin", message, "", hint)
        if not self.token or path in OPEN_PATHS or path.startswith(OPEN_FOLDER):
            return None
        given = await self.bearer(request)
        if given and hmac.compare_digest(given.credentials.encode(), self.token):
            return None
        message, hint = "the token is missing or wrong", "send the header: Authorization: Bearer TOKEN"
        return ApiError(401, "unauthorized", message, "authorization", hint, www_authenticate="Bearer")

    def _is_own(self, origin: str, host: str | None) -> bool:
        return bool(origin) and (origin == host or origin.rpartition(":")[0] in self.hosts or origin in self.hosts)


class Bound:
    """Bounds a request's body in bytes and in the time it takes to arrive."""

    def __init__(self, app: ASGIApp, limits: Limits) -> None:
        self.app, self.limits = app, limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        length = Headers(scope=scope).get("content-length", "0")
        bound = self.limits.upload_bytes + FORM_BYTES if scope["path"] == UPLOAD_PATH else self.limits.body_bytes
        too_large = HTTPException(413, f"a request's body may have {bound} bytes", {"connection": "close"})
        if not length.isascii() or not length.isdigit() or int(length) > bound:
            await explain(too_large).response()(scope, receive, send)
            return
        deadline = asyncio.get_running_loop().time() + self.limits.receive_seconds
        read, whole = 0, False

        async def receive_bounded() -> Message:
            nonlocal read, whole
            if whole:  # what comes now is that the client leaves
                return await receive()
            try:
                async with asyncio.timeout_at(deadline):
                    part = await receive()
            except TimeoutError:
                raise HTTPException(408, "the body took too long to arrive", {"connection": "close"}) from None
            read += len(part.get("body", b""))
            whole = not part.get("more_body", False)
            if read > bound:
                raise too_large
            return part

        await self.app(scope, receive_bounded, send)
