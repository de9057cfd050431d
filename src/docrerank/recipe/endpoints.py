"""Where and how to ask a chat model, one section per role; API keys are named, never written here."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, JsonValue, model_validator

#: An environment variable's name. No known provider's key matches it.
_VARIABLE = re.compile(r"[A-Z_][A-Z0-9_]{0,99}\Z")
#: Keys of old runs, and with them the address `embedded`: docrerank started a model server of its own.
_GONE = ("gguf", "projector")


class Sampling(BaseModel):
    """How a model samples; None leaves a field out of the request, for servers that refuse it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    temperature: float | None = Field(0.0, ge=0, le=2, description="null leaves the field out of the request")
    top_p: float | None = Field(None, gt=0, le=1, description="sample from this share of the probability")
    max_tokens: int | None = Field(1024, ge=1, description="an answer is cut off at this many tokens")
    seed: int | None = Field(13, ge=0, description="sent to the server")


class Endpoint(BaseModel):
    """One OpenAI-compatible endpoint and model.

    A recipe never holds a key: `api_key_env` names the environment variable that does. A key put there by mistake, or
    a password in `base_url`, is refused and not shown.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    base_url: str = Field("", pattern=r"^($|https?://[^/@?#]+)", description="address, up to and including /v1")
    model: str = Field("", description="its name on the server")
    api_key_env: str = Field("", pattern=r"^([A-Z_][A-Z0-9_]{0,99})?$", description="environment variable of the key")
    sampling: Sampling = Sampling()
    extra: dict[str, JsonValue] = Field({}, description="more fields for every request")
    image_pixels: int = Field(600_000, ge=784, description="most pixels of a page image")
    image_patch: int = Field(28, ge=1, description="one token covers a square of this many pixels a side")
    timeout: float = Field(120.0, gt=0, description="seconds for one try of a call")
    max_concurrency: int = Field(64, ge=1, le=4096, description="most calls at once")
    price_input: float = Field(0.0, ge=0, description="price of a million input tokens")
    price_output: float = Field(0.0, ge=0, description="price of a million output tokens")

    @model_validator(mode="before")
    @classmethod
    def _hide_secrets(cls, values: Any) -> Any:
        """Mask misplaced secrets before validation, whose error shows the value it refuses."""
        if not isinstance(values, dict):
            return values
        name, url = values.get("api_key_env"), values.get("base_url")
        masked = {key: value for key, value in values.items() if key not in _GONE}
        if url == "embedded":
            masked["base_url"] = ""
        if isinstance(name, str) and name and not _VARIABLE.match(name):
            masked["api_key_env"] = "(hidden: give the NAME of an environment variable)"
        if isinstance(url, str) and "@" in urlsplit(url).netloc:
            masked["base_url"] = "(hidden: no user or password in base_url, see api_key_env)"
        return masked

    def image_tokens(self, width: int, height: int) -> int:
        """Count the tokens of an image of this many pixels, by the patch rule of Qwen-type models."""
        return -(-width // self.image_patch) * -(-height // self.image_patch)

    def price(self, input_tokens: int, output_tokens: int) -> float:
        """Price this many tokens."""
        return (input_tokens * self.price_input + output_tokens * self.price_output) / 1_000_000
