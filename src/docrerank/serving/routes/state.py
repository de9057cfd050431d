"""How a route gets at what the server holds."""

from __future__ import annotations

import secrets
from typing import Annotated

from fastapi import Depends, Request

from docrerank.serving.errors import ErrorBody
from docrerank.serving.state import ServerState


def _get_state(request: Request) -> ServerState:
    state: ServerState = request.app.state.server
    return state


State = Annotated[ServerState, Depends(_get_state)]

#: Errors that any route may answer with, for OpenAPI.
ERRORS = {status: {"model": ErrorBody} for status in (400, 401, 403, 404, 405, 408, 413, 415, 422, 429, 503)}


def make_id(kind: str) -> str:
    """An answer's own id."""
    return f"{kind}-{secrets.token_hex(12)}"
