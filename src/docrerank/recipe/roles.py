"""Who does each part of generation: the model-free rules, or a chat model with its own endpoint and sampling."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from docrerank.recipe.endpoints import Endpoint


class Role(Endpoint):
    """One role of generation (paper section 2): an endpoint, and how it is asked."""

    by: Literal["rules", "model"] = Field("rules", description="rules need no model; model: asks the endpoint")
    sees: Literal["image", "text"] = Field("image", description="text: for endpoints without vision")
    prompt: Literal["full", "short"] = Field("full", description="short: less in fewer words, the judge in one token")
    gguf: str = Field("", description="with `base_url: embedded`: a GGUF file; empty for SmolLM2-135M-Instruct")
    projector: str = Field("", description="with `gguf`: the mmproj file of a vision-language model")

    @property
    def is_model(self) -> bool:
        """Whether a chat model does it."""
        return self.by == "model"

    def shape(self) -> dict[str, Any]:
        """What of this role shapes its answers: not its address, its price or its patience."""
        if not self.is_model:
            return {"by": "rules"}
        return self.model_dump(include={"by", "sees", "prompt", "gguf", "model", "sampling", "extra", "image_pixels"})
