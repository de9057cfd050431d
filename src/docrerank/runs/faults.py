"""Faults of a disk in one line each."""

from __future__ import annotations

import errno
from pathlib import Path

from docrerank.records import UserError


def explain(error: OSError, path: Path) -> UserError:
    """Why a file could not be written, and what to do."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return UserError(f"the disk is full: {path} was not written; free space and give the same command again")
    return UserError(f"cannot write {path}: {error.strerror or error}; mend this and give the same command again")
