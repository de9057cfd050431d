"""The bodies of requests, one model for each interface."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AliasChoices, BaseModel, BeforeValidator, Field, JsonValue, model_validator

from docrerank.serving.forms import STRICT, Document, Form, Query, TextImage, refuse

EXAMPLE: dict[str, JsonValue] = {
    "model": "minilm",
    "query": "How high were net sales in 2020?",
    "documents": ["Net sales rose to $41 million in 2020.", {"text": "The board met in March."}],
    "top_n": 2,
}


def _check_documents(value: Any) -> Any:
    """vLLM reads one bare `content` as one document, however many parts it has; people mean many documents."""
    if isinstance(value, dict):
        hint = '"documents": [{"content": [part]}, {"content": [part]}] is two documents of one part each'
        raise refuse("documents must be a list, one entry for each document", hint)
    if isinstance(value, str):
        raise refuse("documents must be a list, one entry for each document", '"documents": ["..."]')
    return value


def _check_instruction(value: Any) -> Any:
    if value:
        raise refuse("no served model takes an instruction", "leave it out: it would change nothing", "not_supported")
    return value


Documents = Annotated[list[Document], BeforeValidator(_check_documents), Field(min_length=1)]
Instruction = Annotated[str | None, BeforeValidator(_check_instruction)]
TokenLimit = Annotated[int | None, Field(ge=1, description="cut what is longer, by the model's tokens; text models")]
ModelName = Annotated[str | None, Field(description="one of /v1/models; the first of them by default", max_length=200)]


class RerankRequest(BaseModel):
    """Cohere's, Jina's and vLLM's rerank request."""

    model_config = {**STRICT, "json_schema_extra": {"examples": [EXAMPLE]}}
    model: ModelName = None
    query: Query
    documents: Documents
    top_n: int | None = Field(None, ge=1, description="how many results; all by default")
    return_documents: bool = False
    relevance_threshold: float | None = Field(None, description="leave out results that score less")
    max_tokens_per_doc: TokenLimit = None
    max_tokens_per_query: TokenLimit = None
    instruction: Instruction = None


def _listed(value: Any) -> Any:
    return value if isinstance(value, list) else [value]


Several = Annotated[list[Query], BeforeValidator(_listed), Field(min_length=1)]


class ScoreRequest(BaseModel):
    """vLLM's score request: one query for all documents, or one for each."""

    model_config = {**STRICT, "json_schema_extra": {"examples": [{"text_1": "net sales", "text_2": ["a", "b"]}]}}
    model: ModelName = None
    queries: Several = Field(validation_alias=AliasChoices("queries", "text_1", "data_1"))
    documents: Several = Field(validation_alias=AliasChoices("documents", "text_2", "data_2"))
    max_tokens_per_doc: TokenLimit = None
    max_tokens_per_query: TokenLimit = None
    instruction: Instruction = None

    @model_validator(mode="after")
    def _pairs(self) -> ScoreRequest:
        if len(self.queries) not in (1, len(self.documents)):
            message = f"{len(self.queries)} queries and {len(self.documents)} documents make no pairs"
            raise refuse(message, "give one query, or one for each document")
        return self

    def pairs(self) -> list[tuple[Form, Form]]:
        """Each document with its query."""
        queries = self.queries if len(self.queries) > 1 else self.queries * len(self.documents)
        return list(zip(queries, self.documents, strict=True))


class RankingRequest(BaseModel):
    """NVIDIA NIM's ranking request."""

    model_config = {
        **STRICT,
        "json_schema_extra": {
            "examples": [{"query": {"text": "net sales"}, "passages": [{"text": "Net sales rose"}]}]
        },
    }
    model: ModelName = None
    query: TextImage
    passages: list[TextImage] = Field(min_length=1)
    truncate: Literal["NONE", "END"] = Field("NONE", description="END cuts a passage the model cannot read whole")


class SearchRequest(BaseModel):
    """A question asked of the loaded pages."""

    model_config = {**STRICT, "json_schema_extra": {"examples": [{"query": "net sales in 2020", "top_k": 5}]}}
    model: ModelName = None
    query: str
    top_k: int = Field(10, ge=1, le=100, description="how many pages")
    candidates: int = Field(20, ge=1, le=200, description="pages that the first stage hands to the model")
    document: str | None = Field(None, max_length=300, description="ask this document alone, or an uploaded one")
