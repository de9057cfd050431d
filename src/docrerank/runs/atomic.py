"""Writes files whole or not at all, whatever kills the process."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from docrerank.runs.files import explain


@contextlib.contextmanager
def replacing(path: Path, flush: bool = True) -> Iterator[Path]:
    """Give a temporary path beside `path`; when the block ends well, it takes `path`'s place in one step.

    Args:
        path: the file to be written.
        flush: wait until the disk has it, so that a power cut cannot take it back. Who writes many small files does
            without, and calls `os.sync` before anything says that they are there.

    Raises:
        UserError: the disk is full or the folder cannot be written; what was at `path` before is untouched.

    Examples:
        >>> with replacing(Path("numbers.txt")) as temporary:  # doctest: +SKIP
        ...     temporary.write_text("1 2 3")
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".tmp")
        os.close(handle)
    except OSError as error:
        raise explain(error, path) from error
    temporary = Path(name)
    try:
        yield temporary
        _settle(temporary, path, flush)
    except OSError as error:
        raise explain(error, path) from error
    finally:
        temporary.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write a text file atomically, as UTF-8."""
    with replacing(path) as temporary:
        temporary.write_text(text, "utf-8")


def remove_leftovers(folder: Path) -> None:
    """Delete temporary files that a killed process left behind."""
    for leftover in folder.rglob(".*.tmp"):
        leftover.unlink(missing_ok=True)


def _settle(temporary: Path, path: Path, flush: bool) -> None:
    if flush:
        with temporary.open("rb") as handle:
            os.fsync(handle.fileno())
    temporary.chmod(0o644)
    os.replace(temporary, path)
