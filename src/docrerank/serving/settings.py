"""How a server is started, and the limits that an operator sets by name; fixed ones stand where they apply."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from docrerank.records import UserError


class Limits(BaseModel):
    """What a server accepts; all values are above zero.

    Examples:
        >>> Limits.parse(["documents=100"]).documents
        100
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    body_bytes: int = Field(32_000_000, gt=0, description="of a request's body")
    documents: int = Field(10_000, gt=0, description="of a rerank or score request, as Cohere's")
    document_characters: int = Field(400_000, gt=0, description="of a document's text")
    images: int = Field(64, gt=0, description="of a request")
    image_pixels: int = Field(80_000_000, gt=0, description="of an image: a larger one is not decoded")
    upload_bytes: int = Field(50_000_000, gt=0, description="of an uploaded file")
    upload_pages: int = Field(300, gt=0, description="of an uploaded document")
    uploads: int = Field(8, gt=0, description="uploaded documents kept; the oldest leaves first")
    receive_seconds: float = Field(30.0, gt=0, description="for a request's head to arrive, and for its body")
    request_seconds: float = Field(60.0, gt=0, description="until a request is answered or given up")
    connections: int = Field(1_000, gt=0, description="open at once; a further one gets 503 and is closed")
    drain_seconds: int = Field(25, gt=0, description="after SIGTERM for requests in flight")

    @classmethod
    def parse(cls, settings: Iterable[str] = ()) -> Limits:
        """The defaults with some of them changed, each given as `name=value`.

        Raises:
            UserError: there is no such limit, or the value is not a number above zero.
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


@dataclass(frozen=True, slots=True)
class Settings:
    """What a server serves and to whom; plain values, so that every worker process can be given them.

    Attributes:
        models: names or folders of rerankers, the first is the default; without any, only the run's audit is served.
        run: a run folder whose pages can be asked; None serves models alone.
        token: that requests must bear; empty asks for none.
        hosts: names of this server, whose pages may send requests.
        is_local: whether requests under other names are refused.
        limits: of requests and of all together.
        audit: how many queries people judge, and the seed of the draw.
    """

    models: tuple[str, ...]
    run: Path | None = None
    token: str = ""
    hosts: tuple[str, ...] = ()
    is_local: bool = False
    limits: Limits = field(default_factory=Limits)
    audit: tuple[int, int] = (100, 13)
