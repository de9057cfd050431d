"""One form for every error: a code for programs, a message for people, the field at fault, what to do about it."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from docrerank.records import UserError

logger = logging.getLogger("docrerank.serving")

#: Tags of union members begin like this; they are ours and no part of a field's name.
TAG = "form:"
HINTS = {
    "missing": "give this field",
    "extra_forbidden": "this server does not know the field and ignores none: leave it out",
    "json_invalid": "send valid JSON",
    "model_attributes_type": "send a JSON object with content-type: application/json",
}
#: Of what the framework refuses by itself.
CODES = {
    400: ("invalid_request", "see /openapi.json for the forms there are"),
    404: ("not_found", "see /openapi.json for what there is"),
    405: ("method_not_allowed", "see /openapi.json for what there is"),
    408: ("too_slow", "send the body at once"),
    413: ("too_large", "send fewer or smaller documents"),
}


class ErrorBody(BaseModel):
    """The body of every answer that is not a success."""

    code: str = Field(examples=["unknown_page"])
    message: str = Field(examples=["the run has no page 'report/99'"])
    field: str = Field("", description="the part of the request at fault", examples=["documents[3].page_id"])
    hint: str = Field("", examples=["ask /v1/documents for the pages there are"])


class ApiError(Exception):
    """A request that is not carried out.

    Args:
        status: of HTTP.
        code: a short fixed phrase for programs.
        message: what is wrong, for people.
        field: the part of the request at fault.
        hint: what to do.
        retry_after: seconds after which it may go through.
    """

    def __init__(
        self, status: int, code: str, message: str, field: str = "", hint: str = "", retry_after: int = 0
    ) -> None:
        super().__init__(message)
        self.status, self.retry_after = status, retry_after
        self.body = ErrorBody(code=code, message=message, field=field, hint=hint)

    def response(self) -> JSONResponse:
        """As it goes out."""
        headers = {"retry-after": str(self.retry_after)} if self.retry_after else None
        return JSONResponse(self.body.model_dump(), self.status, headers)


def add_handlers(app: FastAPI) -> None:
    """Every failure leaves in the one form; an unexpected one says nothing of its cause."""
    app.add_exception_handler(ApiError, _tell)
    app.add_exception_handler(RequestValidationError, _tell_invalid)
    app.add_exception_handler(HTTPException, _tell_http)
    app.add_exception_handler(UserError, _tell_user)
    app.add_exception_handler(Exception, _tell_unexpected)


async def _tell(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, ApiError)
    return error.response()


async def _tell_invalid(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    context = first.get("ctx") or {}
    hint = context.get("hint") or HINTS.get(first["type"], "see /openapi.json for the forms there are")
    code = "invalid_json" if first["type"] == "json_invalid" else str(context.get("code") or "invalid_request")
    message = str(first["msg"]).removeprefix("Value error, ")
    status = 400 if code == "invalid_json" else 422
    return ApiError(status, code, message, name_field(first["loc"]), str(hint)).response()


async def _tell_http(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    code, hint = CODES.get(error.status_code, ("refused", ""))
    response = ApiError(error.status_code, code, str(error.detail), "", hint).response()
    response.headers.update(error.headers or {})
    return response


async def _tell_user(request: Request, error: Exception) -> JSONResponse:
    """Messages for the command line may name paths: the log has them, the client does not."""
    logger.warning("refused", extra={"reason": str(error)})
    return ApiError(
        422, "unprocessable", "the request cannot be carried out", "", "the server's log says why"
    ).response()


async def _tell_unexpected(request: Request, error: Exception) -> JSONResponse:
    logger.error("failed", extra={"error": type(error).__name__}, exc_info=error)
    return ApiError(500, "internal", "the server failed at this request", "", "the server's log says why").response()


def name_field(location: Sequence[Any]) -> str:
    """A field's place as people write it.

    Example:
        >>> name_field(("body", "documents", 3, "form:content", "content", 0, "type"))
        'documents[3].content[0].type'
    """
    name = ""
    for part in location:
        if isinstance(part, int):
            name += f"[{part}]"
        elif part not in ("body", "query", "path") and not str(part).startswith(TAG):
            name += f".{part}" if name else str(part)
        elif part == "query" and location[0] == "body":
            name += ".query" if name else "query"
    return name
