"""The forms in which clients give a query or a document, and what each comes down to: a text, images, a page's id."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, Tag, model_validator
from pydantic_core import PydanticCustomError

from docrerank.serving.errors import TAG

STRICT = ConfigDict(extra="forbid", strict=True)
IMAGE = "base64, a data URL, or an http(s) URL of a host that the server allows"


@dataclass(frozen=True, slots=True)
class Parts:
    """What a query or a document is made of.

    Attributes:
        text: all its text; None if it has none.
        images: as given, each with the name of its field.
        page_id: of a loaded page; empty if it is not one.
    """

    text: str | None = None
    images: tuple[tuple[str, str], ...] = ()
    page_id: str = ""


class TextImage(BaseModel):
    """Cohere's `{"text"}`, Jina's `{"image"}`, both together as in Jina's and OpenRouter's interfaces."""

    model_config = STRICT
    text: str | None = Field(None, examples=["Net sales rose to $41 million in 2020."])
    image: str | None = Field(None, description=IMAGE)

    @model_validator(mode="after")
    def _has_something(self) -> TextImage:
        if self.text is None and self.image is None:
            raise refuse("nothing is in it", 'give "text", "image" or both')
        return self

    def parts(self) -> Parts:
        """What it is made of."""
        return Parts(self.text, (("image", self.image),) if self.image is not None else ())


class ImageUrl(BaseModel):
    """Where a content part's image is."""

    model_config = STRICT
    url: str = Field(description=IMAGE)


class TextPart(BaseModel):
    """A part of vLLM's `content` that is text."""

    model_config = STRICT
    type: Literal["text"]
    text: str


class ImagePart(BaseModel):
    """A part of vLLM's `content` that is an image."""

    model_config = STRICT
    type: Literal["image_url"]
    image_url: ImageUrl


class Content(BaseModel):
    """vLLM's `{"content": [...]}`: one document, or one query, of all the parts listed."""

    model_config = STRICT
    content: list[Annotated[TextPart | ImagePart, Field(discriminator="type")]] = Field(min_length=1, max_length=16)

    def parts(self) -> Parts:
        """What it is made of; its texts are lines of one text."""
        texts = [part.text for part in self.content if isinstance(part, TextPart)]
        images = [
            (f"content[{place}].image_url.url", part.image_url.url)
            for place, part in enumerate(self.content)
            if isinstance(part, ImagePart)
        ]
        return Parts("\n".join(texts) if texts else None, tuple(images))


class PageId(BaseModel):
    """A page of the loaded run, or of an uploaded document."""

    model_config = STRICT
    page_id: str = Field(max_length=300, examples=["report/12"])

    def parts(self) -> Parts:
        """What it is made of."""
        return Parts(page_id=self.page_id)


def _find_form(value: Any) -> str:
    """Which form a value is meant to be, so that an error speaks of that form alone."""
    if isinstance(value, str):
        return TAG + "string"
    names = value if isinstance(value, dict) else value.model_dump()
    return TAG + next((name for name in ("content", "page_id") if name in names), "object")


def _check_form(value: Any) -> Any:
    """Refuse what clients mistake for a query or a document, and say how it is written."""
    if isinstance(value, dict) and "type" in value and "content" not in value:
        raise refuse(
            "a content part stands where a whole query or document is expected",
            'wrap it: {"content": [{"type": ..., ...}]}',
        )
    if isinstance(value, list):
        raise refuse(
            "a list stands where one query or document is expected",
            'one document of several parts is {"content": [part, part]}',
        )
    if not isinstance(value, str | dict | BaseModel):
        raise refuse("it is no query or document", 'give a string, {"text"}, {"image"}, {"content"} or {"page_id"}')
    return value


def refuse(message: str, hint: str, code: str = "invalid_request") -> PydanticCustomError:
    """The error of a field."""
    return PydanticCustomError(code, "{message}", {"message": message, "hint": hint, "code": code})


Query = Annotated[
    Annotated[str, Tag(TAG + "string")]
    | Annotated[TextImage, Tag(TAG + "object")]
    | Annotated[Content, Tag(TAG + "content")]
    | Annotated[PageId, Tag(TAG + "page_id")],
    Discriminator(_find_form),
    BeforeValidator(_check_form),
]
Document = Query
Form = str | TextImage | Content | PageId


def take_apart(form: Form) -> Parts:
    """What a form is made of.

    Example:
        >>> take_apart("net sales").text
        'net sales'
    """
    return Parts(form) if isinstance(form, str) else form.parts()
