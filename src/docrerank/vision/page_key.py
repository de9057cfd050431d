"""The key of a stored page: whatever its prefix depends on is in it."""

from __future__ import annotations

import hashlib
from typing import Any

import torch
from torch import Tensor

from docrerank.recipe import fingerprint
from docrerank.vision.backbone import unwrap
from docrerank.vision.images import PageSource
from docrerank.vision.load import Parts

SAMPLES = 256


class PageKeys:
    """Keys of pages under one model: page content, weights, adapter, prompt and pixel budget.

    Args:
        parts: the model, whose weights must not change afterwards, and how it reads.
    """

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._weights = ""

    def read(self, page: PageSource) -> str:
        """The key of a page."""
        self._weights = self._weights or hash_weights(self._parts.model)
        reader = self._parts.reader
        settings = sorted((name, str(value)) for name, value in reader.processor.to_dict().items())
        reading = fingerprint(self._weights, reader.prompt.template, settings)
        return f"{reading}-{fingerprint(page.key, page.text)}"


def hash_weights(model: Any) -> str:
    """A hash of a model's weights and adapters, 16 hexadecimal digits."""
    digest = hashlib.sha256(f"{unwrap(model).dtype} {_scaling(model)}".encode())
    for name, parameter in model.named_parameters():
        digest.update(f"{name} {tuple(parameter.shape)}".encode())
        digest.update(_sample(parameter).numpy().tobytes())
    return digest.hexdigest()[:16]


def _sample(parameter: Tensor) -> Tensor:
    """The sum and a few evenly spread values: training moves all of them."""
    flat = parameter.detach().flatten()
    spread = flat[:: max(1, len(flat) // SAMPLES)]
    return torch.cat([flat.sum(dtype=torch.float64)[None], spread.double()]).cpu()


def _scaling(model: Any) -> str:
    """What multiplies an adapter's weights; it is in its configuration, not in its weights."""
    names = ("r", "lora_alpha", "use_rslora", "alpha_pattern", "rank_pattern")
    configs = sorted(getattr(model, "peft_config", {}).items())
    return str([(adapter, [str(getattr(config, name, "")) for name in names]) for adapter, config in configs])
