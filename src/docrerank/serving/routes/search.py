"""Search over the loaded pages, and what a person sees of them: pictures, marks, queries."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from itertools import islice
from typing import Annotated

from fastapi import APIRouter, Header, Query, Request, Response

from docrerank.records import Page, document_of
from docrerank.records import Query as PageQuery
from docrerank.retrieval import find_snippet
from docrerank.serving.batching import Asker
from docrerank.serving.errors import ApiError
from docrerank.serving.pages import Content
from docrerank.serving.pictures import Size
from docrerank.serving.request_content import QUERY_CHARACTERS, cut_query
from docrerank.serving.requests import SearchRequest, read_body
from docrerank.serving.responses import (
    AnswerBody,
    DocumentList,
    QueryBody,
    QueryList,
    SearchHit,
    SearchResponse,
    Support,
)
from docrerank.serving.routes.common import State, answer, describe, make_id, serve
from docrerank.serving.scoring import find_answer
from docrerank.serving.state import ServerState
from docrerank.serving.support import find_support

router = APIRouter(tags=["search"])

CACHE = "private, max-age=86400"
SEARCH = describe(SearchResponse, SearchRequest, {"query": "net sales in 2020", "top_k": 5})
#: Examples that the page offers, and the queries that are looked through for them.
EXAMPLES, LOOKED_THROUGH = 6, 2_000


@router.post("/v1/search", **SEARCH)
async def search(request: Request, state: State) -> Response:
    """The first stage over all pages, the model over its best, and whether any page answers."""
    body = await read_body(request, SearchRequest, state.settings.limits)

    async def work(asker: Asker) -> SearchResponse:
        model = state.models.find(body.model)
        query = cut_query(body.query, model)
        search, document = state.find_search(body.document)
        wanted = max(body.candidates, body.top_k)
        found = await state.batcher.run(lambda: search.find(query, wanted, document))
        if not found.pages:
            message = "no document of this name is loaded"
            raise ApiError(404, "unknown_document", message, "document", "see /v1/documents")
        pairs = [(query, Content.of(page, stored=True)) for page in found.pages]
        scores = await state.batcher.score(asker, model, pairs)
        answered = await state.batcher.run(lambda: find_answer(model, pairs, scores.values))
        order = sorted(range(len(pairs)), key=lambda index: -scores.values[index])[: body.top_k]
        hits = [
            SearchHit(
                page_id=page.id,
                document=page.document,
                number=page.number,
                kind=page.kinds[0] if page.kinds else "",
                rank=rank,
                score=scores.values[at],
                probability=scores.probabilities[at] if scores.probabilities else None,
                first_stage_rank=at + 1,
                first_stage_score=float(found.scores[at]),
                snippet=find_snippet(query, page.text),
            )
            for rank, (at, page) in enumerate(((at, found.pages[at]) for at in order), 1)
        ]
        likely = sum(scores.probabilities) if scores.probabilities else None
        body_answer = AnswerBody(**answered.to_dict(), probability=likely)
        return SearchResponse(make_id("search"), model.name, hits, body_answer)

    return answer(await serve(request, state, work))


@router.get("/v1/documents", **describe(DocumentList))
async def list_documents(state: State) -> Response:
    """The run's documents; an uploaded one is known to those who uploaded it."""
    own = state.search.pages.documents() if state.search else {}
    return answer(DocumentList([{"document": name, "pages": count} for name, count in own.items()]))


@router.get("/v1/pages/{size}/{page_id:path}", response_class=Response)
async def show_page(
    size: Size, page_id: str, state: State, if_none_match: Annotated[str | None, Header()] = None
) -> Response:
    """A page's picture, WebP."""
    page = await _find(page_id, state)
    headers = {"etag": state.pictures.etag(page, size), "cache-control": CACHE}
    if if_none_match is not None and headers["etag"] in if_none_match:
        return Response(status_code=304, headers=headers)
    return Response(await state.pictures.get(page, size), media_type="image/webp", headers=headers)


@router.get("/v1/support/{page_id:path}", **describe(Support))
async def show_support(
    page_id: str,
    query: Annotated[str, Query(min_length=1, max_length=QUERY_CHARACTERS)],
    request: Request,
    state: State,
    model: Annotated[str | None, Query(max_length=200)] = None,
) -> Response:
    """Words and sentences of a page to mark for a question."""
    page, served = await _find(page_id, state), state.models.find(model)

    async def find(asker: Asker) -> Support:
        return await state.batcher.run(lambda: find_support(page, query, served))

    return answer(await serve(request, state, find))


@router.get("/v1/queries", **describe(QueryList))
async def list_examples(state: State) -> Response:
    """A few of the run's questions to begin with, first those with a hard negative."""
    return answer(QueryList(await asyncio.to_thread(_choose_examples, state)))


@router.get("/v1/queries/{page_id:path}", **describe(QueryList))
async def list_queries(page_id: str, state: State) -> Response:
    """The queries that were written for a page: positives, each with its rephrasings and hard negatives."""
    page = await _find(page_id, state)
    own = await asyncio.to_thread(lambda: list(state.run.queries.read(page.document)) if state.run else [])
    return answer(QueryList(list(_arrange([query for query in own if query.page_id == page.id]))))


def _choose_examples(state: ServerState) -> list[QueryBody]:
    """Of different documents where there are several."""
    if state.run is None:
        return []
    queries = list(islice(state.run.queries.read(), LOOKED_THROUGH))
    arranged = sorted(
        _arrange(queries),
        key=lambda one: ("hard_negative" not in {other.kind for other in one.made_from}, one.text[1:].islower()),
    )
    taken: dict[str, QueryBody] = {}
    for one in arranged:
        taken.setdefault(document_of(one.page_id), one)
    rest = [one for one in arranged if all(one is not other for other in taken.values())]
    return [*taken.values(), *rest][:EXAMPLES]


def _arrange(queries: list[PageQuery]) -> Iterator[QueryBody]:
    made: dict[str, list[QueryBody]] = {}
    for query in queries:
        made.setdefault(query.source_id or "", []).append(_to_body(query))
    for query in queries:
        if query.kind == "positive":
            body = _to_body(query)
            body.made_from = made.get(query.id, [])
            yield body


def _to_body(query: PageQuery) -> QueryBody:
    names = ("text", "kind", "page_id", "answer", "property", "original", "edited")
    return QueryBody(**{name: getattr(query, name) for name in names})


async def _find(page_id: str, state: ServerState) -> Page:
    """A page; in a thread, for it may have to be read from disk."""
    page: Page = (await asyncio.to_thread(state.pages.get, page_id)).page
    return page
