"""Documents in an object store: found by their URLs, and copied to this machine while they are of use."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

from docrerank.records import UserError
from docrerank.runs import Objects, is_url, work_folder

#: Copies beyond this are deleted, the ones not used for longest first.
MAX_BYTES = 20_000_000_000


def find_objects(url: str) -> Iterator[tuple[str, int, str]]:
    """URL, size and version of every object below a URL, or of the one that it names; hidden ones are passed over.

    Raises:
        UserError: access is refused, there is no such bucket, or the store does not answer.
    """
    url = url.rstrip("/")
    for name, size, version in Objects(url).walk():
        if not any(part.startswith(".") for part in name.split("/")):
            yield (f"{url}/{name}" if name else url), size, version


def find_file(source: str, sha256: str) -> str:
    """The file of a document: its path itself, or of a URL a copy on this machine.

    Args:
        source: as a page has it.
        sha256: of a document in a store: its version when it was found.

    Raises:
        FileNotFoundError: the store has it no more.
        UserError: it has changed since, or the store does not answer.
    """
    if not is_url(source):
        return source
    name = hashlib.sha256(f"{source} {sha256}".encode()).hexdigest()[:32]
    copy = work_folder() / "documents" / f"{name}{Path(source).suffix.lower()}"
    try:
        os.utime(copy)
    except FileNotFoundError:
        _copy(source, sha256, copy)
    return str(copy)


def _copy(source: str, sha256: str, copy: Path) -> None:
    found = Objects(source).describe()
    if found is None:
        raise FileNotFoundError(2, "the store has it no more", source)
    if found[1] != sha256:
        raise UserError(f"'{source}' has changed since it was read: ingest again")
    make_room(copy.parent, MAX_BYTES - found[0])
    Objects(source).get("", copy)


def make_room(folder: Path, most: int) -> None:
    """Delete files that were not used for longest until the others have `most` bytes together."""
    files = []
    for path in folder.glob("*.*"):
        with contextlib.suppress(FileNotFoundError):
            files.append((path.stat().st_mtime, path.stat().st_size, path))
    total = sum(size for _, size, _ in files)
    for _, size, path in sorted(files):
        if total <= most:
            return
        path.unlink(missing_ok=True)
        total -= size
