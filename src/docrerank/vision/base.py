"""A base model before it is loaded: its fingerprint, whether its files are here, the memory they will take."""

from __future__ import annotations

import os
from pathlib import Path

from docrerank.recipe import Recipe, fingerprint, require
from docrerank.records import UserError

#: Raised when the same run, base and recipe would give another model than before.
VERSION = 2
#: Names of a model's weights: one file, or an index of several.
WHOLE, INDEX = "model.safetensors", "model.safetensors.index.json"
#: Settings that change a step by rounding alone: a training that ran out of memory goes on with others.
ROUNDING = {"micro_tokens", "loader_workers", "gradient_checkpointing"}


def fingerprint_vision(origin: str, recipe: Recipe) -> str:
    """Fingerprint of a model trained from groups of this origin on `train.base`."""
    return fingerprint(origin, hash_base(recipe.train.base), recipe.vision.model_dump(mode="json", exclude=ROUNDING))


def hash_base(base: str) -> str:
    """What stands for a base in a fingerprint: a folder's files by name and size, a hub name as it is."""
    folder = Path(base)
    if not folder.is_dir():
        return fingerprint(VERSION, base)
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return fingerprint(VERSION, [[path.name, path.stat().st_size, path.stat().st_mtime_ns] for path in files])


def count_bytes(name: str) -> int:
    """Bytes of a base model's weights as they are stored.

    Args:
        name: a folder or a hub name; with an adapter its base counts.

    Raises:
        UserError: configuration or weights are not here, and the hub may not be asked.
    """
    from docrerank.vision.checkpoint_files import explain_absence, find_file, find_json, read_checkpoint

    base = read_checkpoint(name, None).base
    if find_file(base, "config.json") is None:
        raise UserError(explain_absence(base))
    if size := int((find_json(base, INDEX).get("metadata") or {}).get("total_size") or 0):
        return size
    file = find_file(base, WHOLE)
    if file is None:
        here = Path(base).is_dir()
        raise UserError(f"'{base}' has no {WHOLE}: no other form is read" if here else explain_absence(base))
    return file.stat().st_size


def count_needed(stored: int, lora_rank: int, on_gpu: bool) -> int:
    """Bytes that training takes at least: the weights, and if they learn themselves their gradients and moments.

    Weights are stored in 16 bits, as the released ones are; activations come on top (`vision.micro_tokens`).
    """
    weights = stored if on_gpu and lora_rank else 2 * stored
    return weights if lora_rank else 4 * weights


def count_free() -> tuple[int, bool]:
    """Bytes that are free where training would run, and whether that is a GPU."""
    torch = require("torch", extra="train")
    if torch.cuda.is_available():
        return int(torch.cuda.mem_get_info()[0]), True
    return int(require("psutil", extra="train").virtual_memory().available), False


def read_rank() -> int:
    """This process's number, from 0, as torchrun and `accelerate launch` tell it; the first alone writes."""
    return int(os.environ.get("RANK", "0"))


def count_processes() -> int:
    """Processes on one training."""
    return int(os.environ.get("WORLD_SIZE", "1"))
