"""Rerank, score and ranking: the interfaces that clients of Cohere, Jina, vLLM and NIM speak."""

from __future__ import annotations

import asyncio
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
from docrerank.serving.requests import RankingRequest, RerankRequest, ScoreRequest, Value, read_body
from docrerank.serving.responses import AnswerBody, RankingResponse, RerankResponse, Result, ScoreResponse
from docrerank.serving.routes.common import State, answer, describe, make_id, serve
from docrerank.serving.scoring import EDGE, find_answer

router = APIRouter(tags=["rerank"])

EXAMPLE: dict[str, Any] = {
    "model": "minilm",
    "query": "How high were net sales in 2020?",
    "documents": ["Net sales rose to $41 million in 2020.", {"text": "The board met in March."}],
    "top_n": 2,
}
RERANK = describe(RerankResponse, RerankRequest, EXAMPLE)
SCORE = describe(ScoreResponse, ScoreRequest, {"text_1": "net sales", "text_2": ["a", "b"]})
NIM_EXAMPLE = {"query": {"text": "net sales"}, "passages": [{"text": "Net sales rose"}]}
#: Passages of a /v1/ranking request, as NIM's.
PASSAGES = 512


@router.post("/v1/rerank", operation_id="rerank", **RERANK)
@router.post("/v2/rerank", operation_id="rerank_v2", **RERANK)
@router.post("/rerank", operation_id="rerank_unversioned", **RERANK)
async def rerank(request: Request, state: State) -> Response:
    """Order documents by how well they answer a query."""
    body = await read_body(request, RerankRequest, state.settings.limits)

    async def work(asker: Asker) -> RerankResponse:
        model = state.models.find(body.model)
        query = await state.reader.read_query(body.query, model, body.max_tokens_per_query)
        pages = await state.reader.read_documents(body.documents, model, body.document_tokens())
        pairs = [(query, page) for page in pages]
        scores = (await state.batcher.score(asker, model, pairs)).values
        found = await state.batcher.run(lambda: find_answer(model, pairs, scores)) if model.threshold else None
        best = _order(scores)
        if body.relevance_threshold is not None:
            best = [index for index in best if scores[index] >= body.relevance_threshold]
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
        read: dict[int, str] = {}
        for query in asked:
            if id(query) not in read:
                read[id(query)] = await state.reader.read_query(query, model, body.max_tokens_per_query)
        pairs = [(read[id(query)], page) for query, page in zip(asked, pages, strict=True)]
        scores = await state.batcher.score(asker, model, pairs)
        return ScoreResponse(
            id=make_id("score"),
            created=int(time.time()),
            model=model.name,
            data=[{"index": index, "object": "score", "score": value} for index, value in enumerate(scores.values)],
            usage=await _count(model, list(dict.fromkeys(read.values())), pages),
        )

    return answer(await serve(request, state, work), ignored=body.ignored())


@router.post("/v1/ranking", operation_id="ranking", **describe(RankingResponse, RankingRequest, NIM_EXAMPLE))
async def ranking(request: Request, state: State) -> Response:
    """NIM's form: passages from the best down, by logit."""
    body = await read_body(request, RankingRequest, state.settings.limits)

    async def work(asker: Asker) -> RankingResponse:
        model = state.models.find(body.model)
        if len(body.passages) > PASSAGES:
            message = f"a request may have {PASSAGES} passages"
            raise ApiError(413, "too_many_documents", message, "passages", "send several")
        query = await state.reader.read_query(body.query, model)
        pages = await state.reader.read_documents(body.passages, model, field="passages")
        longest = model.tokens.longest_text if model.tokens and body.truncate == "NONE" else math.inf
        for index, page in enumerate(pages):
            if len(page.text) > longest:  # as NIM does
                message, hint = "the model does not read so long a passage", 'set truncate to "END"'
                raise ApiError(422, "too_long", message, f"passages[{index}]", hint)
        scores = (await state.batcher.score(asker, model, [(query, page) for page in pages])).values
        logits = [_to_logit(value, model) for value in scores]
        return RankingResponse([{"index": index, "logit": logits[index]} for index in _order(logits)])

    return answer(await serve(request, state, work))


def _order(scores: Sequence[float]) -> list[int]:
    return sorted(range(len(scores)), key=lambda index: -scores[index])


def _show(document: Value) -> dict[str, Any]:
    """A document as it came, in an object."""
    found: dict[str, Any] = msgspec.to_builtins({"text": document} if isinstance(document, str) else document)
    return found


def _to_logit(score: float, model: ServedModel) -> float:
    """A probability's logit; scores of other kinds as they are."""
    if model.fused or not 0 <= score <= 1:
        return score
    inside = min(max(score, EDGE), 1 - EDGE)
    return math.log(inside / (1 - inside))


async def _count(model: ServedModel, queries: Sequence[str], pages: Sequence[Content]) -> dict[str, int]:
    """Tokens of the texts by the model's tokenizer; images count nothing."""
    texts = [*queries, *(page.text for page in pages)]
    total = await asyncio.to_thread(model.tokens.count, texts) if model.tokens else 0
    return {"prompt_tokens": total, "total_tokens": total}
