"""Where a chat model answers and how it is asked: one section per role; keys are named, never written here."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, JsonValue, model_validator

#: An environment variable's name. Keys of known providers do not fit it.
_VARIABLE = re.compile(r"[A-Z_][A-Z0-9_]{0,99}\Z")


#: Stands for the address of a llama.cpp server that runs as long as the stage does.
EMBEDDED = "embedded"


class Sampling(BaseModel):
    """How a model draws its answer; None leaves a field out of the request, for servers that refuse it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    temperature: float | None = Field(0.0, ge=0, le=2, description="null leaves a field out of the request")
    top_p: float | None = Field(None, gt=0, le=1, description="share of probability that is drawn from")
    max_tokens: int | None = Field(1024, ge=1, description="tokens; an answer is cut off here")
    seed: int | None = Field(13, ge=0, description="sent to the server")


class Endpoint(BaseModel):
    """One OpenAI-compatible endpoint and model.

    A key is never part of a recipe: `api_key_env` names the environment variable that holds it. A key put there by
    mistake, or a password in `base_url`, is refused and not shown.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    base_url: str = Field(
        EMBEDDED, pattern=r"^(embedded$|https?://[^/@?#]+)", description="up to and with /v1, or `embedded`"
    )
    model: str = Field("embedded", min_length=1, description="its name at the server")
    api_key_env: str = Field("", pattern=r"^([A-Z_][A-Z0-9_]{0,99})?$", description="environment variable of the key")
    sampling: Sampling = Sampling()
    extra: dict[str, JsonValue] = Field({}, description="further fields of every request, as the server wants them")
    image_pixels: int = Field(600_000, ge=784, description="a page image has at most this many pixels")
    image_patch: int = Field(28, ge=1, description="side in pixels of the square that costs one token")
    timeout: float = Field(120.0, gt=0, description="seconds for one try of one call")
    max_concurrency: int = Field(64, ge=1, le=4096, description="calls at once, at most")
    price_input: float = Field(0.0, ge=0, description="money for a million input tokens")
    price_output: float = Field(0.0, ge=0, description="money for a million output tokens")

    @model_validator(mode="before")
    @classmethod
    def _hide_secrets(cls, values: Any) -> Any:
        """Secrets put where none belong are masked before validation, whose error shows the value it refuses."""
        if not isinstance(values, dict):
            return values
        name, url = values.get("api_key_env"), values.get("base_url")
        masked = dict(values)
        if isinstance(name, str) and name and not _VARIABLE.match(name):
            masked["api_key_env"] = "(hidden: give the NAME of an environment variable)"
        if isinstance(url, str) and "@" in urlsplit(url).netloc:
            masked["base_url"] = "(hidden: no user or password in base_url, see api_key_env)"
        return masked

    @property
    def is_embedded(self) -> bool:
        """Whether docrerank starts llama.cpp for it."""
        return self.base_url == EMBEDDED

    def image_tokens(self, width: int, height: int) -> int:
        """Tokens of an image of this many pixels, by the patch rule of Qwen-type models."""
        return -(-width // self.image_patch) * -(-height // self.image_patch)

    def price(self, input_tokens: int, output_tokens: int) -> float:
        """Money for this many tokens."""
        return (input_tokens * self.price_input + output_tokens * self.price_output) / 1_000_000
