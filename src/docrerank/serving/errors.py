"""One form for every error: a code for programs, a message for people, the field at fault, what to do about it."""

from __future__ import annotations

import logging
from typing import Any

import msgspec
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from docrerank.records import UserError

logger = logging.getLogger("docrerank.serving")

SEE = "see /openapi.json"
#: For what the framework refuses by itself.
CODES = {
    404: ("not_found", f"{SEE} for the addresses there are"),
    405: ("method_not_allowed", f"{SEE} for the methods there are"),
    408: ("too_slow", "send the body at once"),
    413: ("too_large", "send fewer or smaller documents"),
}


class ErrorBody(msgspec.Struct):
    """The body of every answer that is not a success."""

    code: str
    message: str
    field: str = ""
    hint: str = ""


class ApiError(Exception):
    """A request that is refused.

    Args:
        status: of HTTP.
        code: a short fixed phrase for programs.
        message: what is wrong.
        field: the part of the request at fault.
        hint: what to do.
        headers: of the answer.
    """

    def __init__(
        self, status: int, code: str, message: str, field: str = "", hint: str = "", **headers: str | int
    ) -> None:
        super().__init__(message)
        self.status = status
        self.headers = {name.replace("_", "-"): str(value) for name, value in headers.items()}
        self.body = ErrorBody(code, message, field, hint)

    def response(self) -> Response:
        """The answer."""
        return Response(msgspec.json.encode(self.body), self.status, self.headers, "application/json")


def add_handlers(app: FastAPI) -> None:
    """Answer every failure in the one form; an unexpected one reveals nothing of its cause."""
    app.add_exception_handler(ApiError, _answer)
    app.add_exception_handler(RequestValidationError, _answer_invalid)
    app.add_exception_handler(HTTPException, _answer_http)
    app.add_exception_handler(UserError, _answer_user)
    app.add_exception_handler(Exception, _answer_unexpected)


async def _answer(request: Request, error: Exception) -> Response:
    assert isinstance(error, ApiError)
    return error.response()


async def _answer_invalid(request: Request, error: Exception) -> Response:
    """A parameter in the address that does not fit."""
    assert isinstance(error, RequestValidationError)
    first: dict[str, Any] = error.errors()[0]
    return ApiError(422, "invalid_request", str(first["msg"]), str(first["loc"][-1]), SEE).response()


async def _answer_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    code, hint = CODES.get(error.status_code, ("refused", SEE))
    response = ApiError(error.status_code, code, str(error.detail), "", hint).response()
    response.headers.update(error.headers or {})
    return response


async def _answer_user(request: Request, error: Exception) -> Response:
    """Messages for the command line may name paths: they go into the log, not to the client."""
    logger.warning("refused", extra={"reason": str(error)})
    message = "the request cannot be carried out"
    return ApiError(422, "unprocessable", message, "", "the server's log says why").response()


async def _answer_unexpected(request: Request, error: Exception) -> Response:
    logger.error("failed", exc_info=error)
    return ApiError(500, "internal", "the server failed at this request", "", "the server's log says why").response()
