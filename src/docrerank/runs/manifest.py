"""`run.json`: what ran, with which versions, for how long, and how many of each thing came out."""

from __future__ import annotations

import contextlib
import json
import platform
import resource
import time
from collections.abc import Iterator, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from docrerank.runs.atomic import write_text
from docrerank.runs.files import read_json
from docrerank.runs.store import sync

PACKAGES = ("docrerank", "pypdfium2", "pyarrow", "rapidocr", "torch", "transformers", "sentence-transformers", "bm25s")


class Manifest:
    """The stages of a run as they finished, kept in one JSON file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> dict[str, Any]:
        """The manifest's content; empty before the first stage."""
        return read_json(self.path)

    @contextlib.contextmanager
    def stage(self, name: str) -> Iterator[dict[str, Any]]:
        """Time a stage; what the block puts into the dictionary is written beside its seconds and peak memory."""
        counts: dict[str, Any] = {}
        started = time.perf_counter()
        yield counts
        entry = {"seconds": round(time.perf_counter() - started, 2), "peak_mib": peak_mib(), **counts}
        content = self.read()
        content["versions"] = {"python": platform.python_version(), **_versions()}
        content.setdefault("stages", {})[name] = entry
        write_text(self.path, json.dumps(content, indent=2, ensure_ascii=False) + "\n")
        sync(self.path.parent)

    def add_usage(self, usage: Mapping[str, Any]) -> None:
        """Add what one command paid, by role, to what earlier ones did: `usage` holds the list, newest last."""
        if not usage:
            return
        content = self.read()
        content.setdefault("usage", []).append({"at": round(time.time()), **usage})
        write_text(self.path, json.dumps(content, indent=2, ensure_ascii=False) + "\n")


def peak_mib() -> int:
    """Peak resident memory, in MiB, of this process or of its largest finished worker."""
    usages = (resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return max(usages) // 1024


def _versions() -> dict[str, str]:
    found = {}
    for package in PACKAGES:
        with contextlib.suppress(PackageNotFoundError):
            found[package] = version(package)
    return found
