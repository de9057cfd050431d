"""Waits for work on behalf of a client, and gives it up when the client leaves."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from fastapi import Request

from docrerank.serving.errors import ApiError
from docrerank.serving.metrics import LEFT

Result = TypeVar("Result")


async def serve(request: Request, work: Coroutine[Any, Any, Result]) -> Result:
    """The work's result; what waits in the queue for a client that has left is taken out of it.

    Args:
        request: its body must be read.
        work: cancelled when the client goes.

    Raises:
        ApiError: the client has left; nobody reads it.
    """
    working = asyncio.ensure_future(work)
    leaving = asyncio.ensure_future(_wait_until_left(request))
    try:
        await asyncio.wait({working, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            return working.result()
        LEFT.inc()
        raise ApiError(499, "client_left", "the client has closed the connection")
    finally:
        working.cancel()
        leaving.cancel()


async def _wait_until_left(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
