"""What a trained model depends on in its base."""

from __future__ import annotations

from pathlib import Path

from docrerank.recipe import fingerprint

#: Raised when the same run, base and recipe would give another model than before.
VERSION = 1


def hash_base(base: str) -> str:
    """What stands for a base in a fingerprint: a folder's files by name and size, a hub name as it is."""
    folder = Path(base)
    if not folder.is_dir():
        return fingerprint(VERSION, base)
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return fingerprint(VERSION, [[path.name, path.stat().st_size, path.stat().st_mtime_ns] for path in files])
