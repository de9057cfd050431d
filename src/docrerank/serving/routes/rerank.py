"""Rerank and score: the interfaces that clients of Cohere, Jina and vLLM speak."""

from __future__ import annotations

import asyncio
import functools
import math
import time
from collections.abc import Sequence
from typing import Any

import msgspec
from fastapi import APIRouter, Request, Response

from docrerank.serving.batching import Asker
from docrerank.serving.errors import ApiError
from docrerank.serving.models import ServedModel
from docrerank.serving.pages import Content
from docrerank.serving.request_content import clean, cut_query
from docrerank.serving.requests import RerankRequest, ScoreRequest, Value, read_body
from docrerank.serving.responses import AnswerBody, RerankResponse, Result, ScoreResponse
from docrerank.serving.routes.common import State, answer, describe, make_id, serve
from docrerank.serving.scoring import find_answer

router = APIRouter(tags=["rerank"])

EXAMPLE: dict[str, Any] = {
    "model": "minilm",
    "query": "How high were net sales in 2020?",
    "documents": ["Net sales rose to $41 million in 2020.", {"text": "The board met in March."}],
    "top_n": 2,
}
RERANK = describe(RerankResponse, RerankRequest, EXAMPLE)
SCORE = describe(ScoreResponse, ScoreRequest, {"text_1": "net sales", "text_2": ["a", "b"]})


@router.post("/v1/rerank", operation_id="rerank", **RERANK)
@router.post("/v2/rerank", operation_id="rerank_v2", **RERANK)
@router.post("/rerank", operation_id="rerank_unversioned", **RERANK)
async def rerank(request: Request, state: State) -> Response:
    """Order documents by how well they answer a query."""
    body = await read_body(request, RerankRequest, state.settings.limits)

    async def work(asker: Asker) -> RerankResponse:
        model = state.models.find(body.model)
        query = cut_query(body.query, model, body.max_tokens_per_query)
        pages = await state.reader.read_documents(body.documents, model, body.document_tokens())
        pairs = [(query, page) for page in pages]
        scores = (await state.batcher.score(asker, model, pairs)).values
        found = await state.batcher.run(lambda: find_answer(model, pairs, scores)) if model.threshold else None
        best = _order(scores)
        shown = body.documents if body.return_documents else []
        return RerankResponse(
            id=make_id("rerank"),
            model=model.name,
            results=[Result(at, scores[at], _show(shown[at]) if shown else None) for at in best[: body.top_n]],
            usage=await _count(model, [query], pages),
            meta={"api_version": {"version": "2"}, "billed_units": {"search_units": math.ceil(len(pages) / 100)}},
            answer=AnswerBody(**found.to_dict()) if found else None,
        )

    return answer(await serve(request, state, work), ignored=body.ignored())


@router.post("/v1/score", operation_id="score", **SCORE)
@router.post("/score", operation_id="score_unversioned", **SCORE)
async def score(request: Request, state: State) -> Response:
    """Score pairs: one query with all documents, or each query with its document."""
    body = await read_body(request, ScoreRequest, state.settings.limits)

    async def work(asker: Asker) -> ScoreResponse:
        model = state.models.find(body.model)
        if model.fused:
            message, hint = f"'{model.name}' scores no pair alone", "take the one without -fused"
            raise ApiError(422, "not_supported", message, "model", hint)
        asked, documents = body.pairs()
        pages = await state.reader.read_documents(documents, model, body.document_tokens())
        cut = functools.partial(cut_query, model=model, tokens=body.max_tokens_per_query)
        read = await asyncio.to_thread(lambda: {query: cut(query) for query in dict.fromkeys(asked)})
        pairs = [(read[query], page) for query, page in zip(asked, pages, strict=True)]
        scores = await state.batcher.score(asker, model, pairs)
        return ScoreResponse(
            id=make_id("score"),
            created=int(time.time()),
            model=model.name,
            data=[{"index": index, "object": "score", "score": value} for index, value in enumerate(scores.values)],
            usage=await _count(model, list(read.values()), pages),
        )

    return answer(await serve(request, state, work), ignored=body.ignored())


def _order(scores: Sequence[float]) -> list[int]:
    return sorted(range(len(scores)), key=lambda index: -scores[index])


def _show(document: Value) -> dict[str, Any]:
    """A document as it came, in an object."""
    found: dict[str, Any] = msgspec.to_builtins({"text": document} if isinstance(document, str) else document)
    return found


async def _count(model: ServedModel, queries: Sequence[str], pages: Sequence[Content]) -> dict[str, int]:
    """Tokens of the texts that a request brought, by the model's tokenizer."""
    texts = [clean(text) for text in (*queries, *(page.text for page in pages if not page.stored))]
    total = sum(await asyncio.to_thread(model.cutter.count, texts)) if model.cutter else 0
    return {"prompt_tokens": total, "total_tokens": total}
