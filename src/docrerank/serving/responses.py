"""The bodies of answers."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, Field


class Usage(BaseModel):
    """Tokens of the texts by the model's tokenizer; images count for nothing here."""

    prompt_tokens: int
    total_tokens: int


class Result(BaseModel):
    """One document of a ranking."""

    index: int = Field(description="its place in the request, from 0")
    relevance_score: float = Field(description="float32; higher is better")
    document: dict[str, Any] | None = Field(None, description="if return_documents is true")


class AnswerBody(BaseModel):
    """Whether any of the pages answers, by the model's threshold."""

    answered: bool | None = Field(description="null where the model has no threshold")
    relevance: float = Field(description="0 to 1")
    relevance_threshold: float | None = None


class ApiVersion(BaseModel):
    version: str = "2"


class BilledUnits(BaseModel):
    search_units: int = Field(description="one for every hundred documents, as Cohere counts; nothing is billed")


class Meta(BaseModel):
    """What Cohere's client looks for."""

    api_version: ApiVersion = ApiVersion()
    billed_units: BilledUnits


class RerankResponse(BaseModel):
    """Results from the best down."""

    id: str
    model: str
    results: list[Result]
    usage: Usage
    meta: Meta
    answer: AnswerBody | None = Field(None, description="where the model has a threshold")


class Score(BaseModel):
    index: int
    object: Literal["score"] = "score"
    score: float


class ScoreResponse(BaseModel):
    """One score for each pair, in their order."""

    id: str
    object: Literal["list"] = "list"
    created: int
    model: str
    data: list[Score]
    usage: Usage


class Ranking(BaseModel):
    index: int
    logit: float


class RankingResponse(BaseModel):
    """NIM's: from the best down."""

    rankings: list[Ranking]


class ModelBody(BaseModel):
    """A model that can be named in requests."""

    id: str
    object: Literal["model"] = "model"
    created: int = 0
    owned_by: str = "docrerank"
    kind: str = Field(description="late_interaction, cross_encoder or vision")
    fused: bool = Field(description="adds BM25 and the best window to the model's score")
    relevance_threshold: float | None = None


class ModelList(BaseModel):
    object: Literal["list"] = "list"
    data: list[ModelBody]


class SearchHit(BaseModel):
    """A page found."""

    page_id: str
    document: str
    number: int
    rank: int = Field(description="after reranking, from 1")
    score: float
    first_stage_rank: int = Field(description="before it, from 1")
    first_stage_score: float
    snippet: str = Field(description="the page's line closest to the query")


class SearchResponse(BaseModel):
    id: str
    model: str
    results: list[SearchHit]
    answer: AnswerBody


class DocumentBody(BaseModel):
    """A document whose pages can be asked."""

    document: str
    pages: int
    uploaded: bool = False


class DocumentList(BaseModel):
    data: list[DocumentBody]


class Upload(BaseModel):
    """An uploaded document, and what of it could not be read."""

    document: str
    pages: list[str]
    left_out: list[str]


class Box(BaseModel):
    """A word or line to mark: fractions of the page from its top left corner."""

    box: tuple[float, float, float, float]
    text: str


class Support(BaseModel):
    """Where a page speaks of a query."""

    page_id: str
    width: float
    height: float
    text_source: str
    words: list[Box] = Field(description="words of the query, by their stems")
    lines: list[Box] = Field(description="the page's lines closest to the query by the model; none for vision models")


class QueryBody(BaseModel):
    """A query written for a page."""

    text: str
    kind: str
    answer: str = ""
    property: str = Field("", description="of a hard negative: what its one edit changed")
    original: str = ""
    edited: str = ""
    made_from: list[QueryBody] = Field(default_factory=list, description="rephrasings and hard negatives of it")


class PageQueries(BaseModel):
    page_id: str
    queries: list[QueryBody]
