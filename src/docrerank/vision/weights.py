"""A base model before it is loaded: whether its files are here, and how much memory they will take."""

from __future__ import annotations

from pathlib import Path

from docrerank.recipe import require
from docrerank.records import UserError
from docrerank.vision.checkpoint import explain_absence, find_file, find_json, read_checkpoint

#: Names of a model's weights: one file, or an index of several.
WHOLE, INDEX = "model.safetensors", "model.safetensors.index.json"


def count_bytes(name: str) -> int:
    """Bytes of a base model's weights as they are stored.

    Args:
        name: a folder or a hub name; with an adapter its base counts.

    Raises:
        UserError: configuration or weights are not here, and the hub may not be asked.
    """
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
    with open("/proc/meminfo", encoding="ascii") as file:
        values = dict(line.split(":", 1) for line in file)
    return int(values["MemAvailable"].split()[0]) * 1024, False
