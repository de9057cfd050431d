"""What of a vision-language model learns: a LoRA adapter or its own weights, with the vision tower or without."""

from __future__ import annotations

import dataclasses
from typing import Any

import torch
from peft import LoraConfig, get_peft_model
from torch import nn

from docrerank.recipe import Vision
from docrerank.records import UserError
from docrerank.vision.backbone import unwrap
from docrerank.vision.checkpoint_files import find_json
from docrerank.vision.load_vision import Parts, load_parts

LANGUAGE = r".*language_model.*\.(q_proj|k_proj|v_proj|o_proj|gate_proj|up_proj|down_proj)"
TOWER = r".*visual.*\.(qkv|proj|fc1|fc2|linear_fc1|linear_fc2|gate_proj|up_proj|down_proj)"
DTYPES = {"auto": None, "float32": torch.float32, "bfloat16": torch.bfloat16}


def load_learner(base: str, settings: Vision, device: str, seed: int) -> Parts:
    """Load a base model and make what is to learn of it learn; an adapter given as base is merged first.

    In bfloat16 the frozen weights are bfloat16. What learns stays float32, for bfloat16 rounds small steps away; only
    its products are bfloat16 (see `computes_in_half`).

    Raises:
        UserError: the base cannot be loaded or trained as the settings say.
    """
    dtype = DTYPES[settings.precision] if settings.lora_rank else torch.float32
    parts = load_parts(base, prompt=settings.prompt or None, pixels=settings.pixels, device=device, dtype=dtype)
    if not parts.reader.prompt.is_shareable:
        raise UserError(
            "training shares a page among its queries: set vision.prompt=own or mono, the page comes first"
        )
    if settings.save == "adapter" and (find_json(base, "adapter_config.json") or not settings.lora_rank):
        raise UserError("vision.save=adapter needs a base that is no adapter, and vision.lora_rank: save merged")
    model = parts.model
    if settings.lora_rank:
        model = add_adapter(model, settings, seed)
    else:
        free_weights(model, settings)
    if settings.gradient_checkpointing:
        checkpoint_activations(unwrap(model))
    return dataclasses.replace(parts, model=model)


def add_adapter(model: Any, settings: Vision, seed: int) -> Any:
    """Put a LoRA adapter on the language model, and on the vision tower if it learns too."""
    torch.manual_seed(seed)
    config = LoraConfig(
        r=settings.lora_rank,
        lora_alpha=settings.lora_alpha,
        lora_dropout=settings.lora_dropout,
        init_lora_weights="gaussian" if settings.lora_init == "gaussian" else True,
        target_modules=f"({LANGUAGE})|({TOWER})" if settings.train_vision else LANGUAGE,
    )
    return get_peft_model(model, config)


def free_weights(model: Any, settings: Vision) -> None:
    """Let the language model's own weights learn, and the vision tower's if asked for."""
    for name, weight in model.named_parameters():
        weight.requires_grad_(settings.train_vision or ".visual." not in f".{name}")


def computes_in_half(settings: Vision, device: str) -> bool:
    """Whether products of float32 weights are bfloat16 (autocast): it is asked for, or auto on a GPU."""
    return settings.precision == "bfloat16" or (settings.precision == "auto" and device != "cpu")


def checkpoint_activations(model: Any) -> None:
    """Recompute activations in the backward pass; in training mode only, so that measuring stays fast."""
    enable = getattr(model, "activation_checkpointing_enable", None) or model.gradient_checkpointing_enable
    enable({"use_reentrant": False})


def list_weights(model: nn.Module) -> dict[str, nn.Parameter]:
    """The weights that learn, by name."""
    return {name: weight for name, weight in model.named_parameters() if weight.requires_grad}
