"""Small readings of files, and a full disk's faults in one line each."""

from __future__ import annotations

import errno
import hashlib
import json
from pathlib import Path
from typing import Any

from docrerank.records import UserError


def read_json(path: Path) -> dict[str, Any]:
    """The JSON object in a file; empty if the file is missing, damaged, or holds something else."""
    try:
        return parse_json(path.read_bytes())
    except OSError:
        return {}


def parse_json(content: bytes) -> dict[str, Any]:
    """The JSON object that bytes hold; empty if they are damaged or hold something else."""
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def hash_file(path: Path) -> str:
    """The sha256 of a file, in hexadecimal."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def explain(error: OSError, path: Path) -> UserError:
    """Say why a file could not be written, and what to do."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return UserError(f"the disk is full: {path} was not written; free space and give the same command again")
    return UserError(f"cannot write {path}: {error.strerror or error}; fix this and give the same command again")
