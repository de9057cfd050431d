"""Who does each part of generation: the model-free rules, or a chat model with its own endpoint and sampling."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from docrerank.recipe.endpoints import Endpoint


class Role(Endpoint):
    """One role of generation (paper section 2): an endpoint, and how it is asked.

    Attributes:
        by: `rules` needs no model; `model` asks the endpoint.
        sees: the page's image, or its text, for endpoints without vision.
        prompt: `full` asks for JSON; `few-shot` continues examples, for small models that copy instructions.

    Example:
        >>> Role(by="model", base_url="http://127.0.0.1:8000/v1", model="Qwen/Qwen2.5-VL-7B-Instruct").is_model
        True
    """

    by: Literal["rules", "model"] = "rules"
    sees: Literal["image", "text"] = "image"
    prompt: Literal["full", "few-shot"] = "full"
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
        kept = {"by", "sees", "prompt", "gguf", "model", "sampling", "extra", "image_pixels"}
        return self.model_dump(include=kept)
