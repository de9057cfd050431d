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
        found = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
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
