"""Tells a vision-language model from a text one by its configuration files: no weights, no torch, no network."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from docrerank.vision.contracts import find_contract

#: Model types whose pages can be encoded once: one image, M-RoPE positions, causal attention.
FAMILIES = ("qwen2_vl", "qwen2_5_vl", "qwen3_vl")
#: How a model of these families is called that scores by its head's two words, and as a classifier by one row.
HEADS = ("ForConditionalGeneration", "ForSequenceClassification")
MAX_JSON_BYTES = 10_000_000


def is_vision_model(name_or_path: str | Path) -> bool:
    """Whether a folder holds a vision-language model, or an adapter of one; a hub name is judged by its words.

    Example:
        >>> is_vision_model("lightonai/MonoQwen2-VL-v0.1"), is_vision_model("minilm")
        (True, False)
    """
    folder = Path(name_or_path)
    if not folder.is_dir():
        return _sounds_visual(str(name_or_path))
    adapter = read_json(folder / "adapter_config.json")
    if adapter:
        base = str(adapter.get("base_model_name_or_path") or "")
        return is_vision_model(base) or _sounds_visual(folder.name)
    return model_type(folder) in FAMILIES


def model_type(folder: Path) -> str:
    """The `model_type` of a folder's `config.json`, or nothing."""
    return str(read_json(folder / "config.json").get("model_type", ""))


def read_json(file: Path) -> dict[str, Any]:
    """A JSON object, or an empty one where there is no such file or it is not one."""
    try:
        if file.stat().st_size > MAX_JSON_BYTES:
            return {}
        value = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


def _sounds_visual(name: str) -> bool:
    last = name.rstrip("/").rsplit("/", 1)[-1].lower()
    return find_contract(name) is not None or any(word in last for word in ("qwen2-vl", "qwen2.5-vl", "qwen3-vl"))
