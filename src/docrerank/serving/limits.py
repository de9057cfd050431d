"""Every limit and time-out of the server in one place."""

from __future__ import annotations

from collections.abc import Iterable

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from docrerank.records import UserError


class Limits(BaseModel):
    """What a server takes on, for each request and for all of them together; all values are above zero.

    Example:
        >>> Limits.parse(["documents=100"]).documents
        100
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    body_bytes: int = Field(64_000_000, gt=0, description="of a request's body")
    documents: int = Field(10_000, gt=0, description="of a rerank or score request, as Cohere's")
    passages: int = Field(512, gt=0, description="of a /v1/ranking request, as NIM's")
    fused_documents: int = Field(512, gt=0, description="of a request to a fused model, whose pages are held at once")
    query_characters: int = Field(4_000, gt=0, description="of a query")
    document_characters: int = Field(400_000, gt=0, description="of a document's text")
    images: int = Field(64, gt=0, description="of a request")
    image_bytes: int = Field(20_000_000, gt=0, description="of an image, decoded from base64")
    image_pixels: int = Field(80_000_000, gt=0, description="of an image: a larger one is not decoded")
    image_seconds: float = Field(60.0, gt=0, description="to read an image by OCR, or to draw a page")
    fetch_seconds: float = Field(10.0, gt=0, description="to fetch an image from an allowed host")
    upload_bytes: int = Field(50_000_000, gt=0, description="of an uploaded file")
    upload_pages: int = Field(300, gt=0, description="of an uploaded document")
    upload_seconds: float = Field(180.0, gt=0, description="to read an uploaded document, OCR counted")
    uploads: int = Field(8, gt=0, description="uploaded documents kept; the oldest leaves first")
    upload_keep_seconds: float = Field(3_600.0, gt=0, description="for which an uploaded document is kept")
    batch_pairs: int = Field(512, gt=0, description="scored together at most")
    queued_pairs: int = Field(40_000, gt=0, description="waiting; a request beyond them is refused with 429")
    queued_requests: int = Field(256, gt=0, description="waiting; a request beyond them is refused with 429")
    request_seconds: float = Field(60.0, gt=0, description="until a request is answered or given up")
    head_seconds: float = Field(10.0, gt=0, description="for a client to send its request's head")
    receive_seconds: float = Field(30.0, gt=0, description="for a client to send its body")
    idle_seconds: int = Field(10, gt=0, description="for which a connection is kept between requests")
    connections: int = Field(1_000, gt=0, description="open at once; a further one is told 503 and closed")
    drain_seconds: int = Field(30, gt=0, description="after SIGTERM for what is under way")

    @classmethod
    def parse(cls, settings: Iterable[str] = ()) -> Limits:
        """Defaults with some of them set, each as `name=value`.

        Raises:
            UserError: no such limit, or not a number above zero.
        """
        pairs = dict(setting.partition("=")[::2] for setting in settings)
        try:
            return cls.model_validate(pairs)
        except ValidationError as error:
            first = error.errors()[0]
            name = str(first["loc"][0])
            known = name in cls.model_fields
            reason = first["msg"] if known else f"the limits are {', '.join(cls.model_fields)}"
            raise UserError(f"--limit {name}: {reason}") from None
