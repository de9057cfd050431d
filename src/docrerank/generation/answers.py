"""The shapes of the models' answers; everything in them is bounded, because a model may write anything."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

from docrerank.records import FINANCE

QUERY = Field(min_length=3, max_length=400)

General = Literal["year", "entity", "value", "metric", "unit", "segment", "region", "comparison", "granularity"]
Finance = Literal["year", "entity", "value", "metric", "subject", "segment"]
#: The properties that an edit may change, by the recipe's `generate.taxonomy`.
TAXONOMIES: dict[str, tuple[str, ...]] = {
    "general": ("year", "entity", "value", "metric", "unit", "segment", "region", "comparison", "granularity"),
    "finance": FINANCE,
}


class WrittenQuery(BaseModel):
    """A positive, its short answer, the page's words that hold it, and where they stand."""

    query: str = QUERY
    answer: str = Field(max_length=400)
    quote: str = Field("", max_length=1_000)
    location: str = Field("", max_length=200)


class WrittenQueries(BaseModel):
    """The positives of a page; none, and the reason, where there is nothing to ask."""

    queries: list[WrittenQuery] = Field(max_length=24)
    reason: str = Field("", max_length=400)


class Edited(BaseModel):
    """A near miss of a query and the one property that was changed."""

    query: str = QUERY
    property: General
    original: str = Field("", max_length=200)
    edited: str = Field("", max_length=200)


class EditedFinance(Edited):
    """As `Edited`, for the six properties of financial reports."""

    property: Finance  # type: ignore[assignment]


class GeneralNegatives(BaseModel):
    """Near misses of a query."""

    queries: list[Edited] = Field(max_length=48)


class FinanceNegatives(BaseModel):
    """Near misses of a query about a financial report."""

    queries: list[EditedFinance] = Field(max_length=48)


class Rephrased(BaseModel):
    """A query in other words: 1 wording, 2 structure, 3 intent."""

    level: int = Field(ge=1, le=3)
    query: str = QUERY


class Rephrasings(BaseModel):
    """A query in other words, at several levels."""

    queries: list[Rephrased] = Field(max_length=12)


class Judgement(BaseModel):
    """What a judge says; the ground comes first, so that the model thinks before it decides."""

    ground: str = Field(max_length=600)
    answerable: bool


class PageAnswer(BaseModel):
    """What the judge answers from the page."""

    found: bool
    answer: str = Field("", max_length=400)
