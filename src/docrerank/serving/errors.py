"""One form for every error: a code for programs, a message for people, the field at fault, what to do about it."""

from __future__ import annotations

import logging

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
    """Answer every failure in the one form."""
    for kind in (ApiError, RequestValidationError, HTTPException, UserError, Exception):
        app.add_exception_handler(kind, _answer)


async def _answer(request: Request, error: Exception) -> Response:
    return explain(error).response()


def explain(error: Exception) -> ApiError:
    """What a client is told of a failure; causes that are not its own go into the log alone."""
    if isinstance(error, ApiError):
        return error
    if isinstance(error, RequestValidationError):
        first = error.errors()[0]
        return ApiError(422, "invalid_request", str(first["msg"]), str(first["loc"][-1]), SEE)
    if isinstance(error, HTTPException):
        code, hint = CODES.get(error.status_code, ("refused", SEE))
        return ApiError(error.status_code, code, str(error.detail), "", hint, **(error.headers or {}))
    hint = "the server's log says why"
    if isinstance(error, UserError):  # written for the command line, it may name paths
        logger.warning("refused", extra={"reason": str(error)})
        return ApiError(422, "unprocessable", "the request cannot be carried out", "", hint)
    logger.error("failed", exc_info=error)
    return ApiError(500, "internal", "the server failed at this request", "", hint)
