"""The audit of a run's queries, beside the search or alone, as `docrerank audit` serves it."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from msgspec import Meta, Struct

from docrerank.records import UserError
from docrerank.report.audit import Journal
from docrerank.serving.errors import ApiError
from docrerank.serving.requests import read_body
from docrerank.serving.routes.common import State, describe

router = APIRouter(prefix="/v1/audit", tags=["audit"])

NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$"


class Judgement(Struct, forbid_unknown_fields=True):
    """What a person says of one query and its page; empty takes it back."""

    auditor: Annotated[str, Meta(pattern=NAME)]
    item: Annotated[str, Meta(max_length=40)]
    judgement: Literal["answerable", "not", "unclear", ""]


@router.get("")
async def show_sheet(auditor: Annotated[str, Query(pattern=NAME)], state: State) -> dict[str, Any]:
    """The sample to judge, the same for everyone, its kinds hidden; and what this person judged so far."""
    run, items = await state.draw_sample()
    shown = [{"id": item.id, "text": item.query.text, "page_id": item.query.page_id} for item in items]
    judgements = await asyncio.to_thread(Journal(run, auditor).read)
    return {"items": shown, "judgements": {item: str(one) for item, one in judgements.items()}}


@router.post("", status_code=204, **describe(Judgement, Judgement))
async def judge(request: Request, state: State) -> None:
    """Keep a judgement; it is on the disk when this answers."""
    body = await read_body(request, Judgement, state.settings.limits)
    run, items = await state.draw_sample()
    if body.item not in {item.id for item in items}:
        raise ApiError(404, "unknown_item", "the sample has no such item", "item", "load the page again")
    try:
        await asyncio.to_thread(Journal(run, body.auditor).add, body.item, body.judgement)
    except UserError:
        raise ApiError(507, "not_saved", "the judgement could not be written", "", "make room, judge again") from None
