"""Documents that people upload, ask and delete."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response
from starlette.datastructures import UploadFile

from docrerank.serving.batching import Asker
from docrerank.serving.errors import ApiError
from docrerank.serving.responses import Upload
from docrerank.serving.routes.common import State, answer, describe, serve
from docrerank.serving.uploads import UPLOAD_SECONDS

router = APIRouter(prefix="/v1/documents", tags=["search"])

FILE = {"type": "object", "required": ["file"], "properties": {"file": {"type": "string", "format": "binary"}}}
FORM = {"requestBody": {"required": True, "content": {"multipart/form-data": {"schema": FILE}}}}
UNKNOWN = ApiError(404, "unknown_document", "no uploaded document of this name is there", "document")
ROUTE: dict[str, Any] = describe(Upload) | {"openapi_extra": FORM}


@router.post("", status_code=201, **ROUTE)
async def upload_document(request: Request, state: State) -> Response:
    """Take in a PDF or an image to ask; it is kept for a while, and only who knows its name can ask it."""
    async with request.form(max_files=1, max_fields=4) as form:
        file = form.get("file")
        if not isinstance(file, UploadFile):
            raise ApiError(422, "invalid_request", "no file was sent", "file", "send it as multipart/form-data")

        async def add(asker: Asker) -> Upload:
            return await state.uploads.add(file)

        return answer(await serve(request, state, add, UPLOAD_SECONDS), 201)


@router.get("/{document}", **describe(Upload))
async def show_document(document: str, state: State) -> Response:
    """An uploaded document, if it is still there."""
    found = state.uploads.find(document)
    if found is None:
        raise UNKNOWN
    return answer(found.describe(document))


@router.delete("/{document}", status_code=204)
async def delete_document(document: str, state: State) -> None:
    """Delete an uploaded document."""
    if not state.uploads.remove(document):
        raise UNKNOWN
