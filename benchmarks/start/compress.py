"""Packs the trained layers into a small file: their difference to MiniLM's, in int8 with a scale for each row."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor

from docrerank.retrieval.start_models import MINILM_SHA256, SCALES
from docrerank.runs import replacing


def write_difference(base: Any, trained: Any, file: Path) -> None:
    """Write what `add_difference` reads.

    Args:
        base: MiniLM as it comes, as a late-interaction model.
        trained: the same with trained layers.
        file: replaced when the new one is there whole.
    """
    before = dict(base[0].auto_model.named_parameters())
    tensors: dict[str, Tensor] = {}
    for name, weight in trained[0].auto_model.named_parameters():
        change = (weight - before[name]).detach()
        if change.any():
            tensors.update(compress(name, change))
    with replacing(file) as temporary:
        save_file(tensors, temporary, {"minilm": MINILM_SHA256})


def compress(name: str, change: Tensor) -> dict[str, Tensor]:
    """A matrix in int8, each row by its own largest change; a vector in float16."""
    if change.ndim == 1:
        return {name: change.to(torch.float16)}
    scales = change.abs().amax(dim=1, keepdim=True).clamp(min=1e-12) / 127
    return {name: (change / scales).round().to(torch.int8), name + SCALES: scales}
