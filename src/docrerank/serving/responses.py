"""The bodies of answers; the smallest parts are plain objects."""

from __future__ import annotations

from typing import Any, Literal

from msgspec import Struct

#: Fractions of a page from its top left corner: left, top, right, bottom.
Corners = tuple[float, float, float, float]


class Result(Struct, omit_defaults=True):
    """One document of a ranking: its place in the request from 0, and its score in float32."""

    index: int
    relevance_score: float
    document: dict[str, Any] | None = None


class AnswerBody(Struct):
    """Whether any page answers, by the model's threshold, null where it has none; and how likely one does."""

    answered: bool | None
    relevance: float
    relevance_threshold: float | None = None
    probability: float | None = None


class RerankResponse(Struct, omit_defaults=True):
    """Results from the best down; `answer` where the model has a threshold, `meta` as Cohere's client wants it."""

    id: str
    model: str
    results: list[Result]
    usage: dict[str, int]
    meta: dict[str, Any]
    answer: AnswerBody | None = None


class ScoreResponse(Struct):
    """One `{"index", "object", "score"}` for each pair, in their order."""

    id: str
    created: int
    model: str
    data: list[dict[str, Any]]
    usage: dict[str, int]
    object: Literal["list"] = "list"


class ModelList(Struct):
    """Models that requests can name; a `fused` one adds BM25 and the best window."""

    data: list[dict[str, Any]]
    object: Literal["list"] = "list"


class SearchHit(Struct):
    """A page found: its ranks from 1 after and before reranking, and how likely it answers."""

    page_id: str
    document: str
    number: int
    kind: str
    rank: int
    score: float
    probability: float | None
    first_stage_rank: int
    first_stage_score: float
    snippet: str


class SearchResponse(Struct):
    id: str
    model: str
    results: list[SearchHit]
    answer: AnswerBody


class DocumentList(Struct):
    """`{"document", "pages"}` of each."""

    data: list[dict[str, str | int]]


class Upload(Struct):
    """An uploaded document: its name here, the file's name, its pages, and what could not be read."""

    document: str
    file: str
    pages: list[str]
    left_out: list[str]


class Box(Struct):
    """A text to mark; of a question's word its best match on the page, and how alike they are, from 0 to 1."""

    box: Corners
    text: str
    word: str = ""
    similarity: float = 0.0


class Passage(Struct):
    """A sentence of a page with a box for each of its lines."""

    text: str
    boxes: list[Corners]


class Support(Struct):
    """Where a page speaks of a question: each of its words with its best match, and the closest sentences."""

    page_id: str
    text_source: str
    matches: list[Box]
    passages: list[Passage]


class QueryBody(Struct, omit_defaults=True):
    """A query written for a page; a hard negative with its one edit, a positive with those made from it."""

    text: str
    kind: str
    page_id: str
    answer: str = ""
    property: str = ""
    original: str = ""
    edited: str = ""
    made_from: list[QueryBody] = []


class QueryList(Struct):
    queries: list[QueryBody]
