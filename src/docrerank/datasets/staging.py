"""A set is written beside its place and takes it in one step: a killed export leaves no half set, and goes on."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from docrerank.records import UserError
from docrerank.runs import write_text

#: What an export was made from and what is in it; also marks a finished set.
MANIFEST = "docrerank.json"


@dataclass(frozen=True, slots=True)
class Staging:
    """Where an export is written until it is whole.

    Attributes:
        set: becomes the set.
        state: which shards are done; goes with the export's end.
    """

    set: Path
    state: Path


@contextlib.contextmanager
def staged(target: Path, made_from: str) -> Iterator[Staging]:
    """Give a place to write a set in; when the block ends well, it becomes `target`.

    What an interrupted export of the same things has written is found there again.

    Raises:
        UserError: another export writes the same target, or it cannot be written.
    """
    folder = target.parent / f".{target.name}.partial"
    staging = Staging(folder / "set", folder / "state")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / "lock").open("w") as handle:
            _lock(handle.fileno(), target)
            _clear(staging, made_from)
            yield staging
            with contextlib.suppress(FileNotFoundError):
                target.rmdir()
            os.replace(staging.set, target)
            shutil.rmtree(folder, ignore_errors=True)
    except OSError as error:
        raise UserError(f"cannot write '{target}': {error.strerror or error}; mend this and export again") from error


def read_manifest(folder: Path) -> dict[str, Any]:
    """What a finished set says of itself; empty if there is none."""
    try:
        content = json.loads((folder / MANIFEST).read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def check_target(target: Path, made_from: str) -> dict[str, Any]:
    """The manifest of the same set, if it is there whole already.

    Raises:
        UserError: something else is there.
    """
    if not target.exists():
        return {}
    if not target.is_dir():
        raise UserError(f"'{target}' is a file: give a folder to --out")
    manifest = read_manifest(target)
    if manifest.get("made_from") == made_from:
        return manifest
    if any(target.iterdir()):
        raise UserError(f"'{target}' is not empty: give another --out, or delete it")
    return {}


def _lock(handle: int, target: Path) -> None:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        raise UserError(f"another docrerank writes '{target}': wait for it or give another --out") from None


def _clear(staging: Staging, made_from: str) -> None:
    """Keep what the same export has done; delete what another one, or a killed writer, left."""
    note = staging.state / "made_from"
    if not note.is_file() or note.read_text("utf-8") != made_from:
        shutil.rmtree(staging.set, ignore_errors=True)
        shutil.rmtree(staging.state, ignore_errors=True)
    for folder in (staging.set, staging.state):
        folder.mkdir(parents=True, exist_ok=True)
        for leftover in folder.rglob(".*.tmp"):
            leftover.unlink(missing_ok=True)
    write_text(note, made_from)
