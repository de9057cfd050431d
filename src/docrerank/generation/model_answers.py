"""The shapes of the models' answers; everything in them is bounded, because a model may write anything."""

from __future__ import annotations

import functools
import json
from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, Field, create_model

Shape = TypeVar("Shape", bound=BaseModel)
Item = TypeVar("Item")
#: A query of a model; the bound ends one that runs in a circle.
QUERY = Field(min_length=3, max_length=240)

General = Literal["year", "entity", "value", "metric", "unit", "segment", "region", "comparison", "granularity"]
Finance = Literal["year", "entity", "value", "metric", "subject", "segment"]


def _cut(length: int) -> BeforeValidator:
    return BeforeValidator(lambda text: text[:length] if isinstance(text, str) else text)


#: Side remarks: a server that keeps the schema ends them there; another one's are cut, not refused.
Place = Annotated[str, _cut(80), Field(max_length=80)]
Remark = Annotated[str, _cut(200), Field(max_length=200)]
Quote = Annotated[str, _cut(300), Field(max_length=300)]


class WrittenQuery(BaseModel):
    """A positive, its short answer, the page's words that hold it, and where they stand."""

    query: str = QUERY
    answer: Remark
    quote: Quote = ""
    location: Place = ""


class WrittenQueries(BaseModel):
    """The positives of a page; none, and the reason, where there is nothing to ask."""

    queries: list[WrittenQuery] = Field(max_length=24)
    reason: Remark = ""


class Many(BaseModel, Generic[Item]):
    """Queries of one shape; none where there is nothing to write."""

    queries: list[Item] = Field(max_length=48)


class ShortQuery(BaseModel):
    """A positive and its answer: what a small model is asked for."""

    query: str = QUERY
    answer: Remark


class ShortEdit(BaseModel):
    """The one property that is changed, then the near miss: what a small model is asked for."""

    property: General | Literal["subject"]
    query: str = QUERY


class Edited(ShortEdit):
    """As `ShortEdit`, with the words that were taken out and put in."""

    property: General
    original: Place = ""
    edited: Place = ""


class EditedFinance(Edited):
    """As `Edited`, for the six properties of financial reports."""

    property: Finance  # type: ignore[assignment]


class Rephrased(BaseModel):
    """A query in other words: 1 wording, 2 structure, 3 intent."""

    level: int = Field(ge=1, le=3)
    query: str = QUERY


class Judgement(BaseModel):
    """What a judge says; the ground comes first, so that the model thinks before it decides."""

    ground: Quote
    answerable: bool


class PageAnswer(BaseModel):
    """What the judge answers from the page."""

    found: bool
    answer: Remark = ""


def at_most(shape: type[Shape], count: int) -> type[Shape]:
    """The shape with at most `count` queries: a server that keeps the schema ends the list there.

    Examples:
        >>> at_most(Many[Rephrased], 3).model_json_schema()["properties"]["queries"]["maxItems"]
        3
    """
    bounded: type[Shape] = _bound(shape, count)
    return bounded


@functools.cache
def _bound(shape: type[BaseModel], count: int) -> Any:
    items: Any = (shape.model_fields["queries"].annotation, Field(max_length=count))
    return create_model(shape.__name__, __base__=shape, __doc__=shape.__doc__, queries=items)


def read_probability(text: str) -> float | None:
    """The share of `yes` among the tokens that say yes or no; None if there is none.

    Examples:
        >>> read_probability('{"Yes": 0.6, " yes": 0.2, "No": 0.2}'), read_probability("No."), read_probability("Well")
        (0.8, 0.0, None)
    """
    try:
        tokens = json.loads(text)
    except ValueError:
        tokens = None
    if not isinstance(tokens, dict):
        tokens = {text: 1.0}
    said = {"yes": 0.0, "no": 0.0}
    for token, probability in tokens.items():
        if (word := token.strip(" \n.,!*").lower()) in said:
            said[word] += probability
    total = sum(said.values())
    return round(said["yes"] / total, 6) if total else None
