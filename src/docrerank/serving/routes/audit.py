"""The audit of a run's queries, as `docrerank audit` has it, beside the search."""

from __future__ import annotations

import asyncio
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from docrerank.records import UserError
from docrerank.report.audit import Item, Journal, draw_sample
from docrerank.runs import Run
from docrerank.serving.errors import ApiError
from docrerank.serving.forms import STRICT
from docrerank.serving.routes.state import ERRORS, State
from docrerank.serving.state import ServerState

router = APIRouter(prefix="/v1/audit", tags=["audit"], responses=ERRORS)  # type: ignore[arg-type]

SAMPLE, SEED = 100, 13
Auditor = Annotated[str, Query(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$", description="who judges")]


class AuditItem(BaseModel):
    """One query to judge; its kind stays hidden."""

    id: str
    text: str
    page_id: str


class AuditSheet(BaseModel):
    """The sample, the same for everyone, and what this person judged so far."""

    items: list[AuditItem]
    judgements: dict[str, str]


class Judgement(BaseModel):
    """What a person says of one query and its page; empty takes it back."""

    model_config = STRICT
    auditor: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$")
    item: str = Field(max_length=40)
    judgement: Literal["answerable", "not", "unclear", ""]


@router.get("")
async def show_sheet(auditor: Auditor, state: State) -> AuditSheet:
    """The sample to judge."""
    run, items = await _draw(state)
    shown = [AuditItem(id=item.id, text=item.query.text, page_id=item.query.page_id) for item in items]
    judgements = await asyncio.to_thread(Journal(run, auditor).read)
    return AuditSheet(items=shown, judgements={item: str(one) for item, one in judgements.items()})


@router.post("", status_code=204)
async def judge(body: Judgement, state: State) -> None:
    """Keep a judgement; it is on the disk when this answers."""
    run, items = await _draw(state)
    if body.item not in {item.id for item in items}:
        raise ApiError(404, "unknown_item", "the sample has no such item", "item", "load the page again")
    try:
        await asyncio.to_thread(Journal(run, body.auditor).add, body.item, body.judgement)
    except UserError:
        raise ApiError(507, "not_saved", "the judgement could not be written", "", "make room, judge again") from None


async def _draw(state: ServerState) -> tuple[Run, list[Item]]:
    if state.run is None:
        raise ApiError(404, "no_pages", "no run is loaded", "", "start the server with --pages RUN")
    if state.sample is None:
        try:
            state.sample = await asyncio.to_thread(draw_sample, state.run, SAMPLE, SEED)
        except UserError:
            raise ApiError(404, "no_queries", "the run has no queries", "", "docrerank generate RUN") from None
    return state.run, state.sample
