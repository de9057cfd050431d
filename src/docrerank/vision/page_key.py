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
        parts: the model and how it reads.
    """

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._weights = WeightsFingerprint(parts.model)

    def read(self, page: PageSource) -> str:
        """The key of a page."""
        reader = self._parts.reader
        settings = sorted((name, str(value)) for name, value in reader.processor.to_dict().items())
        reading = fingerprint(self._weights.read(), reader.prompt.template, settings)
        return f"{reading}-{fingerprint(page.key, page.text)}"


class WeightsFingerprint:
    """A hash of a model's weights and adapters, taken again only when they have changed.

    Args:
        model: the model, adapter wrapper included.
    """

    def __init__(self, model: Any) -> None:
        self._model = model
        self._seen: tuple[int, ...] | None = None
        self._value = ""

    def read(self) -> str:
        """16 hexadecimal digits."""
        versions = tuple(_version(parameter) for parameter in self._model.parameters())
        if versions != self._seen:
            self._seen, self._value = versions, self._hash()
        return self._value

    def _hash(self) -> str:
        digest = hashlib.sha256(f"{unwrap(self._model).dtype} {_scaling(self._model)}".encode())
        for name, parameter in self._model.named_parameters():
            digest.update(f"{name} {tuple(parameter.shape)}".encode())
            digest.update(_sample(parameter).numpy().tobytes())
        return digest.hexdigest()[:16]


def _version(parameter: Tensor) -> int:
    """Counts what was written into a parameter; those made in inference mode are never written.

    torch has no public name for this count, on which autograd itself relies; a test writes and looks for another key.
    """
    return 0 if parameter.is_inference() else parameter._version


def _sample(parameter: Tensor) -> Tensor:
    """The sum and a few evenly spread values: training moves all of them."""
    own = parameter.to_local() if hasattr(parameter, "to_local") else parameter  # cut weights: this process's share
    flat = own.detach().flatten()
    spread = flat[:: max(1, len(flat) // SAMPLES)]
    return torch.cat([flat.sum(dtype=torch.float64)[None], spread.double()]).cpu()


def _scaling(model: Any) -> str:
    """What multiplies an adapter's weights; it is in its configuration, not in its weights."""
    names = ("r", "lora_alpha", "use_rslora", "alpha_pattern", "rank_pattern")
    configs = sorted(getattr(model, "peft_config", {}).items())
    return str([(adapter, [str(getattr(config, name, "")) for name in names]) for adapter, config in configs])
