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

    @property
    def is_model(self) -> bool:
        """Whether a chat model fills it."""
        return self.by == "model"

    def shape(self) -> dict[str, Any]:
        """List what shapes this role's answers: not its address, price or timeout."""
        if not self.is_model:
            return {"by": "rules"}
        shape = self.model_dump(include={"by", "sees", "prompt", "model", "sampling", "extra", "image_pixels"})
        return {**shape, "gguf": ""}  # a key that went; runs written with it need not be written again
