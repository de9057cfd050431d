"""Search over the loaded pages, and what a person sees of them: pictures, marks, queries."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Annotated, Literal

from fastapi import APIRouter, File, Header, Query, Request, Response, UploadFile

from docrerank.records import Page
from docrerank.records import Query as PageQuery
from docrerank.serving.cancel_on_leave import serve
from docrerank.serving.collection import Candidate
from docrerank.serving.errors import ApiError
from docrerank.serving.models import ServedModel
from docrerank.serving.pages import to_content
from docrerank.serving.requests import SearchRequest
from docrerank.serving.responses import (
    AnswerBody,
    DocumentBody,
    DocumentList,
    PageQueries,
    QueryBody,
    SearchHit,
    SearchResponse,
    Support,
    Upload,
)
from docrerank.serving.routes.state import ERRORS, State, make_id
from docrerank.serving.state import ServerState
from docrerank.serving.support import find_support

router = APIRouter(tags=["search"], responses=ERRORS)  # type: ignore[arg-type]

SNIPPET = 200
CACHE = "private, max-age=86400"


@router.post("/v1/search")
async def search(body: SearchRequest, request: Request, state: State) -> SearchResponse:
    """The first stage over all pages, the model over its best, and whether any page answers."""
    model = state.models.find(body.model)
    return await serve(request, _search(body, model, state))


async def _search(body: SearchRequest, model: ServedModel, state: ServerState) -> SearchResponse:
    query = await state.reader.read_query(body.query, model)
    collection, document = state.find_collection(body.document)
    wanted = max(body.candidates, body.top_k)
    found = await state.batcher.run(lambda: collection.find(query, wanted, document))
    pages = [to_content(candidate.page) for candidate in found]
    scores = await state.batcher.score(model, query, pages)
    answer = await state.batcher.find_answer(model, query, pages, scores)
    order = sorted(range(len(scores)), key=lambda index: -scores[index])[: body.top_k]
    hits = [_to_hit(query, found[index], rank, scores[index]) for rank, index in enumerate(order, 1)]
    return SearchResponse(id=make_id("search"), model=model.name, results=hits, answer=AnswerBody(**answer.to_dict()))


@router.get("/v1/documents")
async def list_documents(state: State) -> DocumentList:
    """The documents that can be asked."""
    own = state.collection.documents().items() if state.collection else ()
    data = [DocumentBody(document=name, pages=count) for name, count in own]
    return DocumentList(data=data)


@router.post("/v1/documents", status_code=201)
async def upload_document(
    file: Annotated[UploadFile, File(description="A PDF or an image.")], request: Request, state: State
) -> Upload:
    """Take in a document to ask right away; it is kept for a while, and only who knows its name can ask it."""
    name, collection, left_out = await serve(request, state.uploads.add(file))
    return Upload(document=name, pages=list(collection.pages), left_out=left_out)


@router.delete("/v1/documents/{document}", status_code=204)
async def delete_document(document: str, state: State) -> None:
    """Delete an uploaded document."""
    if not state.uploads.remove(document):
        raise ApiError(404, "unknown_document", "no uploaded document of this name is there", "document")


@router.get("/v1/pages/{size}/{page_id:path}", response_class=Response)
async def show_page(
    size: Literal["thumbnail", "page"],
    page_id: str,
    state: State,
    if_none_match: Annotated[str | None, Header()] = None,
) -> Response:
    """A page's picture, WebP."""
    page = await _find(page_id, state)
    headers = {"etag": state.pictures.etag(page, size), "cache-control": CACHE}
    if if_none_match is not None and headers["etag"] in if_none_match:
        return Response(status_code=304, headers=headers)
    picture = await state.pictures.get(page, size)
    return Response(picture.data, media_type="image/webp", headers=headers)


@router.get("/v1/support/{page_id:path}")
async def show_support(
    page_id: str,
    query: Annotated[str, Query(min_length=1, max_length=4_000)],
    request: Request,
    state: State,
    model: Annotated[str | None, Query(max_length=200)] = None,
) -> Support:
    """Words and lines of a page to mark for a query."""
    page, served = await _find(page_id, state), state.models.find(model)
    return await serve(request, state.batcher.run(lambda: find_support(page, query, served)))


@router.get("/v1/queries/{page_id:path}", response_model_exclude_defaults=True)
async def list_queries(page_id: str, state: State) -> PageQueries:
    """The queries that were written for a page: positives, each with its rephrasings and hard negatives."""
    page = await _find(page_id, state)
    own = [query for query in state.read_queries(page.document) if query.page_id == page.id]
    return PageQueries(page_id=page.id, queries=list(_arrange(own)))


def _arrange(queries: list[PageQuery]) -> Iterator[QueryBody]:
    for query in queries:
        if query.kind == "positive":
            made = [_to_body(other) for other in queries if other.source_id == query.id]
            yield _to_body(query).model_copy(update={"made_from": made})


def _to_body(query: PageQuery) -> QueryBody:
    names = ("text", "kind", "answer", "property", "original", "edited")
    return QueryBody(**{name: getattr(query, name) for name in names})


def _to_hit(query: str, found: Candidate, rank: int, score: float) -> SearchHit:
    wanted = set(query.lower().split())
    lines = found.page.text.splitlines() or [""]
    closest = max(lines, key=lambda line: len(wanted & set(line.lower().split())))
    return SearchHit(
        page_id=found.page.id,
        document=found.page.document,
        number=found.page.number,
        rank=rank,
        score=score,
        first_stage_rank=found.rank,
        first_stage_score=found.score,
        snippet=" ".join(closest.split())[:SNIPPET],
    )


async def _find(page_id: str, state: ServerState) -> Page:
    """A page; in a thread, for it may have to be read from disk."""
    page = await asyncio.to_thread(state.pages.get, page_id)
    if page is None:
        raise ApiError(404, "unknown_page", "no page of this id is loaded", "page_id", "see /v1/documents")
    return page
