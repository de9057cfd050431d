"""Who does each part of generation: rules, or a chat model with its own endpoint and sampling."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from docrerank.recipe.endpoints import Endpoint


class Role(Endpoint):
    """A role of generation (paper section 2): rules, or an endpoint and how to ask it."""

    by: Literal["rules", "model"] = Field("rules", description="rules: no model; model: ask the endpoint")
    sees: Literal["image", "text"] = Field("image", description="text: for models without vision")
    prompt: Literal["full", "short"] = Field("full", description="short: fewer words; the judge answers in one token")
    gguf: str = Field("", description="with `base_url: embedded`: a GGUF file; empty: SmolLM2-135M-Instruct")
    projector: str = Field("", description="with `gguf`: the mmproj file of a vision-language model")

    @property
    def is_model(self) -> bool:
        """Whether a chat model fills it."""
        return self.by == "model"

    def shape(self) -> dict[str, Any]:
        """List what shapes this role's answers: not its address, price or timeout."""
        if not self.is_model:
            return {"by": "rules"}
        return self.model_dump(include={"by", "sees", "prompt", "gguf", "model", "sampling", "extra", "image_pixels"})
