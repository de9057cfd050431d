"""Rerank, score and ranking: the interfaces that clients of Cohere, Jina, vLLM and NIM speak."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter, Request

from docrerank.serving.cancel_on_leave import serve
from docrerank.serving.errors import ApiError
from docrerank.serving.forms import Form, TextImage
from docrerank.serving.models import ServedModel
from docrerank.serving.pages import Content
from docrerank.serving.requests import RankingRequest, RerankRequest, ScoreRequest
from docrerank.serving.responses import (
    AnswerBody,
    BilledUnits,
    Meta,
    Ranking,
    RankingResponse,
    RerankResponse,
    Result,
    Score,
    ScoreResponse,
    Usage,
)
from docrerank.serving.routes.state import ERRORS, State, make_id
from docrerank.serving.state import ServerState
from docrerank.serving.tokens import TokenCounter

router = APIRouter(tags=["rerank"], responses=ERRORS)  # type: ignore[arg-type]

#: A probability this near to 0 or 1 has no finite logit in float32.
EDGE = 1e-7
#: Documents whose tokens are counted at once.
COUNTED = 512


@router.post("/v1/rerank", response_model_exclude_none=True, operation_id="rerank")
@router.post("/v2/rerank", response_model_exclude_none=True, operation_id="rerank_v2")
@router.post("/rerank", response_model_exclude_none=True, operation_id="rerank_unversioned")
async def rerank(body: RerankRequest, request: Request, state: State) -> RerankResponse:
    """Order documents by how well they answer a query."""
    model = state.models.find(body.model)
    return await serve(request, _rerank(body, model, state))


@router.post("/v1/score", operation_id="score")
@router.post("/score", operation_id="score_unversioned")
async def score(body: ScoreRequest, request: Request, state: State) -> ScoreResponse:
    """Score pairs: one query with all documents, or each query with its document."""
    model = state.models.find(body.model)
    return await serve(request, _score(body, model, state))


@router.post("/v1/ranking", operation_id="ranking")
async def ranking(body: RankingRequest, request: Request, state: State) -> RankingResponse:
    """NIM's form: passages from the best down, by logit."""
    model = state.models.find(body.model)
    return await serve(request, _ranking(body, model, state))


async def _rerank(body: RerankRequest, model: ServedModel, state: ServerState) -> RerankResponse:
    query = await state.reader.read_query(body.query, model, body.max_tokens_per_query)
    pages = await state.reader.read_documents(body.documents, model, body.max_tokens_per_doc)
    scores = await state.batcher.score(model, query, pages)
    answer = await state.batcher.find_answer(model, query, pages, scores) if model.threshold else None
    order = sorted(range(len(scores)), key=lambda index: -scores[index])
    if body.relevance_threshold is not None:
        order = [index for index in order if scores[index] >= body.relevance_threshold]
    results = [
        Result(index=index, relevance_score=scores[index], document=_show(body, index))
        for index in order[: body.top_n]
    ]
    units = BilledUnits(search_units=math.ceil(len(pages) / 100))
    return RerankResponse(
        id=make_id("rerank"),
        model=model.name,
        results=results,
        usage=await _count(model, [query], pages),
        meta=Meta(billed_units=units),
        answer=AnswerBody(**answer.to_dict()) if answer else None,
    )


def _show(body: RerankRequest, index: int) -> dict[str, Any] | None:
    """A document as it came, in an object."""
    if not body.return_documents:
        return None
    document = body.documents[index]
    return {"text": document} if isinstance(document, str) else document.model_dump(exclude_none=True)


async def _score(body: ScoreRequest, model: ServedModel, state: ServerState) -> ScoreResponse:
    scores, queries, pages = await _score_pairs(body.pairs(), body, model, state)
    return ScoreResponse(
        id=make_id("score"),
        created=int(time.time()),
        model=model.name,
        data=[Score(index=index, score=value) for index, value in enumerate(scores)],
        usage=await _count(model, queries, pages),
    )


async def _score_pairs(
    pairs: Sequence[tuple[Form, Form]], body: ScoreRequest, model: ServedModel, state: ServerState
) -> tuple[list[float], list[str], list[Content]]:
    """Scores in the order of the pairs; pairs of one query are one job."""
    if model.fused:
        raise ApiError(
            422, "not_supported", f"'{model.name}' scores no pair alone", "model", "take the one without -fused"
        )
    pages = await state.reader.read_documents([document for _, document in pairs], model, body.max_tokens_per_doc)
    read: dict[str, str] = {}
    texts = []
    for query, _ in pairs:
        key = query if isinstance(query, str) else query.model_dump_json()
        if key not in read:
            read[key] = await state.reader.read_query(query, model, body.max_tokens_per_query)
        texts.append(read[key])
    places: dict[str, list[int]] = {}
    for place, text in enumerate(texts):
        places.setdefault(text, []).append(place)
    asked = [state.batcher.score(model, text, [pages[place] for place in own]) for text, own in places.items()]
    scores = [0.0] * len(pages)
    for own, found in zip(places.values(), await asyncio.gather(*asked), strict=True):
        for place, value in zip(own, found, strict=True):
            scores[place] = value
    return scores, list(places), pages


async def _ranking(body: RankingRequest, model: ServedModel, state: ServerState) -> RankingResponse:
    if len(body.passages) > state.settings.limits.passages:
        bound = state.settings.limits.passages
        raise ApiError(413, "too_many_documents", f"a request may have {bound} passages", "passages", "send several")
    query = await state.reader.read_query(body.query, model)
    pages = await state.reader.read_documents(body.passages, model, field="passages")
    if body.truncate == "NONE":
        _check_whole(model, pages, body.passages)
    scores = await state.batcher.score(model, query, pages)
    logits = [_to_logit(value, model) for value in scores]
    order = sorted(range(len(logits)), key=lambda index: -logits[index])
    return RankingResponse(rankings=[Ranking(index=index, logit=logits[index]) for index in order])


def _check_whole(model: ServedModel, pages: Sequence[Content], passages: Sequence[TextImage]) -> None:
    """Without `truncate` a passage longer than the model reads is refused, as NIM does."""
    for index, page in enumerate(pages):
        if model.tokens is not None and len(page.text) > model.tokens.longest_text:
            raise ApiError(
                422,
                "too_long",
                "the model does not read so long a passage",
                f"passages[{index}]",
                'set truncate to "END"',
            )


def _to_logit(score: float, model: ServedModel) -> float:
    """A probability's logit; scores of other kinds as they are."""
    if model.fused or not 0 <= score <= 1:
        return score
    inside = min(max(score, EDGE), 1 - EDGE)
    return math.log(inside / (1 - inside))


async def _count(model: ServedModel, queries: Sequence[str], pages: Sequence[Content]) -> Usage:
    total = await asyncio.to_thread(_count_tokens, model.tokens, queries, pages) if model.tokens else 0
    return Usage(prompt_tokens=total, total_tokens=total)


def _count_tokens(counter: TokenCounter, queries: Sequence[str], pages: Sequence[Content]) -> int:
    """A few at a time: the texts of pages on disk need not all be in memory."""
    parts = (pages[start : start + COUNTED] for start in range(0, len(pages), COUNTED))
    return counter.count(queries) + sum(counter.count([page.text for page in part]) for part in parts)
