"""The bodies of requests: their forms, and how they are read without holding up other clients."""

from __future__ import annotations

import asyncio
import re
from typing import Annotated, Any, TypeVar

import msgspec
from fastapi import Request
from msgspec import UNSET, Meta, Struct, UnsetType

from docrerank.serving.errors import SEE, ApiError
from docrerank.serving.settings import Limits

#: A body below this many bytes is parsed in under a millisecond, and needs no thread.
SMALL = 65_536
#: JSON values that a document takes at most, in the longest form there is.
VALUES_PER_DOCUMENT = 16
_TOKENS = re.compile(rb'\\.|["\[{,]', re.DOTALL)
_PLACE = re.compile(r"^(?P<message>.*?)(?: - at `\$\.?(?P<field>.*)`)?$", re.DOTALL)


class ImageUrl(Struct, forbid_unknown_fields=True):
    """Where a content part's image is: base64 or a data URL."""

    url: str
    detail: str | None = None


class TextPart(Struct, forbid_unknown_fields=True, tag_field="type", tag="text"):
    """A part of vLLM's `content` that is text."""

    text: str


class ImagePart(Struct, forbid_unknown_fields=True, tag_field="type", tag="image_url"):
    """A part of vLLM's `content` that is an image."""

    image_url: ImageUrl


class Form(Struct, forbid_unknown_fields=True, omit_defaults=True):
    """A document: Cohere's `text`, Jina's `image` (or both), vLLM's `content`, or a loaded page's id."""

    text: str | None = None
    image: str | None = None
    content: Annotated[list[TextPart | ImagePart], Meta(min_length=1, max_length=16)] | None = None
    page_id: Annotated[str, Meta(max_length=300)] | None = None

    def all_text(self) -> str | None:
        """Its text; the texts of a content are lines of one text."""
        if self.content is None:
            return self.text
        texts = [part.text for part in self.content if isinstance(part, TextPart)]
        return "\n".join(texts) if texts else None

    def images(self) -> list[tuple[str, str]]:
        """Its images, each with its field's name."""
        if self.content is None:
            return [] if self.image is None else [("image", self.image)]
        parts = enumerate(self.content)
        return [
            (f"content[{at}].image_url.url", part.image_url.url) for at, part in parts if isinstance(part, ImagePart)
        ]


Value = str | Form
Documents = Annotated[list[Value], Meta(min_length=1)]
Queries = Annotated[list[str], Meta(min_length=1)]
Count = Annotated[int, Meta(ge=1)]
ModelName = Annotated[str, Meta(max_length=200, description="one of /v1/models; the first of them by default")]


class _Ignored(Struct, forbid_unknown_fields=True, kw_only=True):
    """Parameters of other servers that change no result here; the answer's header lists those that came."""

    priority: Any | UnsetType = UNSET
    rank_fields: Any | UnsetType = UNSET
    max_chunks_per_doc: Any | UnsetType = UNSET
    truncate_prompt_tokens: Any | UnsetType = UNSET
    truncation: Any | UnsetType = UNSET
    user: Any | UnsetType = UNSET
    encoding_format: Any | UnsetType = UNSET

    def ignored(self) -> str:
        """The names of those that were given."""
        return ", ".join(name for name in _Ignored.__struct_fields__ if getattr(self, name) is not UNSET)


class _Scored(_Ignored, kw_only=True):
    """What rerank and score requests share; `max_doc_length` is Jina's name for `max_tokens_per_doc`."""

    model: ModelName | None = None
    max_tokens_per_doc: Count | None = None
    max_doc_length: Count | None = None
    max_tokens_per_query: Count | None = None

    def document_tokens(self) -> int | None:
        """At most so many tokens of a document count."""
        return self.max_tokens_per_doc or self.max_doc_length


class RerankRequest(_Scored, kw_only=True):
    """Cohere's, Jina's and vLLM's rerank request."""

    query: str
    documents: Documents
    top_n: Count | None = None
    return_documents: bool = False


class ScoreRequest(_Scored, kw_only=True):
    """vLLM's score request: one query for all documents, or one for each."""

    queries: str | Queries | None = None
    text_1: str | Queries | None = None
    documents: Value | Documents | None = None
    text_2: Value | Documents | None = None

    def pairs(self) -> tuple[list[str], list[Value]]:
        """The queries and documents, one query for each document."""
        queries = _list_one("queries", self.queries, self.text_1)
        documents = _list_one("documents", self.documents, self.text_2)
        if len(queries) not in (1, len(documents)):
            message = f"{len(queries)} queries and {len(documents)} documents make no pairs"
            raise ApiError(422, "invalid_request", message, "queries", "give one query, or one for each document")
        return (queries if len(queries) > 1 else queries * len(documents)), documents


class SearchRequest(Struct, forbid_unknown_fields=True):
    """A question about the loaded pages."""

    query: str
    model: ModelName | None = None
    top_k: Annotated[int, Meta(ge=1, le=100)] = 10
    candidates: Annotated[int, Meta(ge=1, le=200, description="pages that the first stage gives the model")] = 20
    document: Annotated[str, Meta(max_length=300, description="a document of the run, or an uploaded one")] | None = (
        None
    )


Body = TypeVar("Body")


async def read_body(request: Request, kind: type[Body], limits: Limits) -> Body:
    """A request's body in its form; a large one is parsed beside the event loop."""
    if not request.headers.get("content-type", "").partition(";")[0].strip().lower().endswith("json"):
        hint = "send a JSON object with content-type: application/json"
        raise ApiError(415, "not_json", "the body is not declared as JSON", "", hint)
    data = await request.body()
    if len(data) < SMALL:
        return parse(data, kind, limits.documents)
    return await asyncio.to_thread(parse, data, kind, limits.documents)


def parse(data: bytes, kind: type[Body], documents: int) -> Body:
    """See `read_body`: values are counted before anything is built, and the first fault ends it."""
    if count_values(data, bound := VALUES_PER_DOCUMENT * documents + 1_000) > bound:
        message = f"the body holds more values than {documents} documents can have"
        raise ApiError(413, "too_many_documents", message, "documents", "send them in several requests")
    try:
        return msgspec.json.decode(data, type=kind)
    except msgspec.ValidationError as error:
        raise _explain(str(error)) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        message = f"the body is no JSON in UTF-8 ({error})"
        raise ApiError(400, "invalid_json", message, "", "send valid JSON, without lone surrogates") from None


def count_values(data: bytes, bound: int) -> int:
    """The separators outside strings, or at once an upper bound of them if that is low enough; stops beyond `bound`.

    Examples:
        >>> count_values(b'{"a": ["x, y", 1]}', 1)
        2
    """
    most = data.count(b",") + data.count(b"[") + data.count(b"{")
    if most <= bound:
        return most
    count, inside = 0, False
    for token in _TOKENS.finditer(data):
        if token[0] == b'"':
            inside = not inside
        elif not inside:
            count += 1
            if count > bound:
                break
    return count


def _list_one(name: str, *given: Any) -> list[Any]:
    found = [value for value in given if value is not None]
    if len(found) != 1:
        raise ApiError(422, "invalid_request", f"{name} must be given once", name, SEE)
    return found[0] if isinstance(found[0], list) else [found[0]]


def _explain(message: str) -> ApiError:
    """What msgspec says, with the field as people write it and what to do."""
    match = _PLACE.match(message)
    assert match is not None
    text, field = match["message"].replace("`", "'"), match["field"] or ""
    unknown = re.match(r"Object contains unknown field '(.*)'", text)
    name = unknown[1][:100] if unknown else ""
    if name == "type" and field:
        hint = 'a content part stands alone; wrap it: {"content": [{"type": ..., ...}]}'
    elif unknown:
        hint, field = "the server does not know this field: leave it out", f"{field}.{name}".strip(".")
    elif "got 'array'" in text:
        hint = 'one document of several parts is {"content": [part, part]}'
    elif field == "documents" and "Expected 'array'" in text:
        hint = 'documents are a list: [{"content": [part]}, {"content": [part]}] is two documents of one part each'
    elif "'str | object'" in text:
        hint = 'give a string, {"text"}, {"image"}, {"content"} or {"page_id"}'
    else:
        hint = SEE
    return ApiError(422, "invalid_request", text, field, hint)
