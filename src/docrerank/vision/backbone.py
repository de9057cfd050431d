"""The parts of a vision-language model that scoring needs: its inner model, its positions, its two words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from docrerank.records import UserError


@dataclass(frozen=True, slots=True)
class PageTokens:
    """A page as the model reads it.

    Attributes:
        ids: (tokens,), the prompt up to the image's end, one id for each visual token.
        pixels: (patches, values), the image cut into patches.
        grid: (1, 3), the number of patches along time, height and width.
    """

    ids: Tensor
    pixels: Tensor
    grid: Tensor


def unwrap(model: Any) -> Any:
    """The transformers model inside an adapter wrapper; its adapted layers stay active."""
    return model.get_base_model() if hasattr(model, "get_base_model") else model


def core_of(model: Any) -> Any:
    """The model below the language model head: vision tower and text layers."""
    return unwrap(model).model


def locate(core: Any, page: PageTokens) -> Tensor:
    """M-RoPE positions of a page's prefix, of shape (3, tokens)."""
    ids = page.ids[None]
    types = (ids == core.config.image_token_id).int()
    positions, _ = core.get_rope_index(ids, mm_token_type_ids=types, image_grid_thw=page.grid)
    found: Tensor = positions[:, 0]
    return found


def feed_pages(core: Any, pages: Sequence[PageTokens]) -> dict[str, Tensor]:
    """The image arguments of a forward over these pages, in their order."""
    device, dtype = core.device, core.dtype
    return {
        "pixel_values": torch.cat([page.pixels for page in pages]).to(device, dtype),
        "image_grid_thw": torch.cat([page.grid for page in pages]).to(device),
    }


def read_logits(head: Tensor, hidden: Tensor) -> Tensor:
    """Logits of the two words, in float32 at least: (n, width) hidden states to (n, 2), true before false."""
    dtype = torch.promote_types(hidden.dtype, torch.float32)
    with torch.autocast(hidden.device.type, enabled=False):  # training may compute all else in bfloat16
        return hidden.to(dtype) @ head.to(dtype).T


def cut_head(model: Any, true_id: int, false_id: int) -> Tensor:
    """The two rows of the language model head, still attached to its parameter.

    Raises:
        UserError: the head is more than one matrix.
    """
    head = unwrap(model).get_output_embeddings()
    if type(head) is not torch.nn.Linear or head.bias is not None:
        raise UserError("the language model's head is adapted or quantised: merge the adapter first")
    return head.weight[[true_id, false_id]]


def is_checkpointed(model: Any) -> bool:
    """Whether the text layers recompute their activations, which drops any key-value cache in silence."""
    layers = core_of(model).language_model.layers
    return any(getattr(layer, "gradient_checkpointing", False) and layer.training for layer in layers)
