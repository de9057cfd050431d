"""Tells what a model reads by its configuration files: no weights, no torch, no network."""

from __future__ import annotations

from pathlib import Path

from docrerank.runs import read_json
from docrerank.vision.contracts import find_contract

#: Model types whose pages can be encoded once: one image, M-RoPE positions, causal attention.
FAMILIES = ("qwen2_vl", "qwen2_5_vl", "qwen3_vl")
#: Ending of these families' architectures, which score by two words of the head.
HEAD = "ForConditionalGeneration"


def is_vision_model(name_or_path: str | Path) -> bool:
    """Whether `VisionReranker` takes a model: one of `FAMILIES`, or an adapter of one.

    A hub name is judged by its files in the hub's cache; where there are none, by its words.

    Examples:
        >>> is_vision_model("lightonai/MonoQwen2-VL-v0.1"), is_vision_model("minilm")
        (True, False)
    """
    folder = find_folder(name_or_path)
    if folder is None:
        return _sounds_visual(str(name_or_path))
    adapter = read_json(folder / "adapter_config.json")
    if adapter:
        base = str(adapter.get("base_model_name_or_path") or "")
        return is_vision_model(base) or _sounds_visual(name_checkpoint(folder))
    return model_type(folder) in FAMILIES


def reads_images(folder: Path) -> bool:
    """Whether a model of any family reads images, by what sentence-transformers or transformers saved with it."""
    modalities = read_json(folder / "sentence_bert_config.json").get("modality_config")
    if isinstance(modalities, dict):
        return "image" in modalities
    return bool(read_json(folder / "config.json").get("vision_config"))


def find_folder(name_or_path: str | Path) -> Path | None:
    """A model's own folder, or a hub name's snapshot in the hub's cache, as far as it is there."""
    if Path(name_or_path).is_dir():
        return Path(name_or_path)
    if str(name_or_path).count("/") != 1:
        return None
    try:
        from huggingface_hub import try_to_load_from_cache

        files = [try_to_load_from_cache(str(name_or_path), file) for file in ("config.json", "adapter_config.json")]
    except (ImportError, ValueError, OSError):  # no such package, no such name, an unreadable cache
        return None
    return next((Path(file).parent for file in files if isinstance(file, str)), None)


def name_checkpoint(folder: str | Path) -> str:
    """The hub name of a snapshot in the hub's cache; any other name or folder as it is.

    Examples:
        >>> name_checkpoint("hub/models--lightonai--MonoQwen2-VL-v0.1/snapshots/0a1b2c")
        'lightonai/MonoQwen2-VL-v0.1'
    """
    parts = Path(folder).parts
    if len(parts) > 2 and parts[-2] == "snapshots" and parts[-3].startswith("models--"):
        return parts[-3].removeprefix("models--").replace("--", "/", 1)
    return str(folder)


def model_type(folder: Path) -> str:
    """The `model_type` of a folder's `config.json`, or nothing."""
    return str(read_json(folder / "config.json").get("model_type", ""))


def _sounds_visual(name: str) -> bool:
    last = name.rstrip("/").rsplit("/", 1)[-1].lower()
    return find_contract(name) is not None or any(word in last for word in ("qwen2-vl", "qwen2.5-vl", "qwen3-vl"))
