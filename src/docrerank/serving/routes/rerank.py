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
from docrerank.serving.scoring import EDGE
from docrerank.serving.state import ServerState
from docrerank.serving.tokens import TokenCounter

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
#: Documents whose tokens are counted at once: the texts of pages on disk need not all be in memory.
COUNTED = 512


@router.post("/v1/rerank", operation_id="rerank", **RERANK)
@router.post("/v2/rerank", operation_id="rerank_v2", **RERANK)
@router.post("/rerank", operation_id="rerank_unversioned", **RERANK)
async def rerank(request: Request, state: State) -> Response:
    """Order documents by how well they answer a query."""
    body = await read_body(request, RerankRequest, state.settings.limits)
    found = await serve(request, state, lambda asker: _rerank(body, asker, state))
    return answer(found, ignored=body.ignored())


@router.post("/v1/score", operation_id="score", **SCORE)
@router.post("/score", operation_id="score_unversioned", **SCORE)
async def score(request: Request, state: State) -> Response:
    """Score pairs: one query with all documents, or each query with its document."""
    body = await read_body(request, ScoreRequest, state.settings.limits)
    found = await serve(request, state, lambda asker: _score(body, asker, state))
    return answer(found, ignored=body.ignored())


@router.post("/v1/ranking", operation_id="ranking", **describe(RankingResponse, RankingRequest, NIM_EXAMPLE))
async def ranking(request: Request, state: State) -> Response:
    """NIM's form: passages from the best down, by logit."""
    body = await read_body(request, RankingRequest, state.settings.limits)
    return answer(await serve(request, state, lambda asker: _ranking(body, asker, state)))


async def _rerank(body: RerankRequest, asker: Asker, state: ServerState) -> RerankResponse:
    model = state.models.find(body.model)
    _check_instruction(body.instruction)
    query = await state.reader.read_query(body.query, model, body.max_tokens_per_query)
    pages = await state.reader.read_documents(body.documents, model, body.document_tokens())
    scores = (await state.batcher.score(asker, model, [query] * len(pages), pages)).values
    found = await state.batcher.find_answer(model, query, pages, scores) if model.threshold else None
    order = sorted(range(len(scores)), key=lambda index: -scores[index])
    if body.relevance_threshold is not None:
        order = [index for index in order if scores[index] >= body.relevance_threshold]
    shown = body.documents if body.return_documents else []
    return RerankResponse(
        id=make_id("rerank"),
        model=model.name,
        results=[Result(at, scores[at], _show(shown[at]) if shown else None) for at in order[: body.top_n]],
        usage=await _count(model, [query], pages),
        meta={"api_version": {"version": "2"}, "billed_units": {"search_units": math.ceil(len(pages) / 100)}},
        answer=AnswerBody(**found.to_dict()) if found else None,
    )


def _show(document: Value) -> dict[str, Any]:
    """A document as it came, in an object."""
    found: dict[str, Any] = msgspec.to_builtins({"text": document} if isinstance(document, str) else document)
    return found


async def _score(body: ScoreRequest, asker: Asker, state: ServerState) -> ScoreResponse:
    model = state.models.find(body.model)
    _check_instruction(body.instruction)
    if model.fused:
        message, hint = f"'{model.name}' scores no pair alone", "take the one without -fused"
        raise ApiError(422, "not_supported", message, "model", hint)
    asked, documents = body.pairs()
    pages = await state.reader.read_documents(documents, model, body.document_tokens())
    read: dict[int, str] = {}
    for query in asked:
        if id(query) not in read:
            read[id(query)] = await state.reader.read_query(query, model, body.max_tokens_per_query)
    texts = [read[id(query)] for query in asked]
    scores = await state.batcher.score(asker, model, texts, pages)
    return ScoreResponse(
        id=make_id("score"),
        created=int(time.time()),
        model=model.name,
        data=[{"index": index, "object": "score", "score": value} for index, value in enumerate(scores.values)],
        usage=await _count(model, list(dict.fromkeys(texts)), pages),
    )


async def _ranking(body: RankingRequest, asker: Asker, state: ServerState) -> RankingResponse:
    model = state.models.find(body.model)
    if len(body.passages) > PASSAGES:
        message = f"a request may have {PASSAGES} passages"
        raise ApiError(413, "too_many_documents", message, "passages", "send several")
    query = await state.reader.read_query(body.query, model)
    pages = await state.reader.read_documents(body.passages, model, field="passages")
    longest = model.tokens.longest_text if model.tokens and body.truncate == "NONE" else None
    for index, page in enumerate(pages):
        if longest and len(page.text) > longest:  # as NIM does
            message, hint = "the model does not read so long a passage", 'set truncate to "END"'
            raise ApiError(422, "too_long", message, f"passages[{index}]", hint)
    scores = (await state.batcher.score(asker, model, [query] * len(pages), pages)).values
    logits = [_to_logit(value, model) for value in scores]
    order = sorted(range(len(logits)), key=lambda index: -logits[index])
    return RankingResponse([{"index": index, "logit": logits[index]} for index in order])


def _check_instruction(instruction: str | None) -> None:
    if instruction:
        message, hint = "no served model takes an instruction", "leave it out: it would change nothing"
        raise ApiError(422, "not_supported", message, "instruction", hint)


def _to_logit(score: float, model: ServedModel) -> float:
    """A probability's logit; scores of other kinds as they are."""
    if model.fused or not 0 <= score <= 1:
        return score
    inside = min(max(score, EDGE), 1 - EDGE)
    return math.log(inside / (1 - inside))


async def _count(model: ServedModel, queries: Sequence[str], pages: Sequence[Content]) -> dict[str, int]:
    """Tokens of the texts by the model's tokenizer; images count nothing."""
    total = await asyncio.to_thread(_count_tokens, model.tokens, queries, pages) if model.tokens else 0
    return {"prompt_tokens": total, "total_tokens": total}


def _count_tokens(counter: TokenCounter, queries: Sequence[str], pages: Sequence[Content]) -> int:
    parts = (pages[start : start + COUNTED] for start in range(0, len(pages), COUNTED))
    return counter.count(queries) + sum(counter.count([page.text for page in part]) for part in parts)
