"""What a trained vision-language model depends on."""

from __future__ import annotations

from pathlib import Path

from docrerank.recipe import Recipe, fingerprint

#: Raised when the same run, base and recipe would give another model than before.
VERSION = 2
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
