"""What routes share: the server's state, work that ends with its client, answers and their description."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Coroutine
from typing import Annotated, Any, TypeVar

import msgspec
from fastapi import Depends, Request, Response

from docrerank.serving.batching import Asker
from docrerank.serving.errors import ApiError, ErrorBody
from docrerank.serving.metrics import LEFT
from docrerank.serving.state import ServerState

Result = TypeVar("Result")
#: Every type that a description has named, for the components of OpenAPI.
DESCRIBED: set[Any] = {ErrorBody}


def _get_state(request: Request) -> ServerState:
    state: ServerState = request.app.state.server
    return state


State = Annotated[ServerState, Depends(_get_state)]


async def serve(
    request: Request,
    state: ServerState,
    work: Callable[[Asker], Coroutine[Any, Any, Result]],
    seconds: float | None = None,
) -> Result:
    """The result of work for a client; the work ends when the client leaves, time is up, or the server stops."""
    seconds = seconds or state.settings.limits.request_seconds
    asker = Asker(request.client.host if request.client else "", request.state.started + seconds)
    working = asyncio.ensure_future(work(asker))
    leaving, ending = asyncio.ensure_future(_wait_until_left(request)), asyncio.ensure_future(state.ending.wait())
    try:
        waited = {working, leaving, ending}
        await asyncio.wait(waited, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            return working.result()
        if leaving.done():
            LEFT.inc()
            raise ApiError(499, "client_left", "the client has closed the connection")
        if ending.done():
            raise ApiError(
                503, "stopping", "the server stops", "", "ask another one", retry_after=5, connection="close"
            )
        raise ApiError(503, "deadline", "the answer was not ready in time", "", "send less", retry_after=1)
    finally:
        for task in (working, leaving, ending):
            task.cancel()


async def _wait_until_left(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


def answer(body: Any, status: int = 200, ignored: str = "") -> Response:
    """A body as JSON; `ignored` parameters are listed in a header."""
    headers = {"x-docrerank-ignored": ignored} if ignored else None
    return Response(msgspec.json.encode(body), status, headers, "application/json")


def describe(result: Any, body: Any = None, example: dict[str, Any] | None = None) -> dict[str, Any]:
    """A route's arguments that put the types of its answer and its request into OpenAPI."""
    DESCRIBED.update({result, body} - {None})
    extra = {"requestBody": {"required": True, "content": _refer(body, example)}} if body is not None else None
    errors = {status: {"content": _refer(ErrorBody)} for status in (400, 401, 403, 404, 413, 415, 422, 429, 503)}
    answers = {200: {"content": _refer(result)}, **errors}
    return {"openapi_extra": extra, "responses": answers, "response_model": None}


def make_id(kind: str) -> str:
    """An answer's own id."""
    return f"{kind}-{secrets.token_hex(12)}"


def _refer(kind: Any, example: dict[str, Any] | None = None) -> dict[str, Any]:
    media: dict[str, Any] = {"schema": {"$ref": f"#/components/schemas/{kind.__name__}"}}
    return {"application/json": media | ({"example": example} if example else {})}
