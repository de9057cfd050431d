"""The image of a page as a file: drawn within a pixel budget, named by what is in it."""

from __future__ import annotations

import functools
import hashlib
import io
from dataclasses import dataclass
from pathlib import Path

from docrerank.pages import find_source, render
from docrerank.records import Page, UserError
from docrerank.runs import is_url

#: Files of these kinds hold one page; within the budget they go into a set as they are.
SINGLE = frozenset({".png", ".jpg", ".jpeg", ".webp"})


@dataclass(frozen=True, slots=True)
class Drawn:
    """An image file in memory.

    Attributes:
        content: its bytes, a PNG unless the page came as another image.
        name: the sha256 of the bytes and the suffix.
    """

    content: bytes
    name: str


def draw_page(page: Page, pixels: int) -> Drawn:
    """Draw a page; one that came as a small enough image keeps its bytes.

    Raises:
        UserError: its file is gone, has changed since it was read, or cannot be drawn.
    """
    file = find_source(page.source, page.sha256)
    if not is_url(page.source) and _hash_file(file, _stamp(file)) != page.sha256:
        raise UserError(f"'{page.source}' has changed since it was read: ingest again")
    suffix = Path(file).suffix.lower()
    if suffix in SINGLE and page.width * page.height <= pixels:
        return name_image(Path(file).read_bytes(), suffix)
    buffer = io.BytesIO()
    render(page, pixels).save(buffer, "PNG")
    return name_image(buffer.getvalue(), ".png")


def name_image(content: bytes, suffix: str) -> Drawn:
    """An image file and its content-addressed name."""
    return Drawn(content, hashlib.sha256(content).hexdigest() + suffix)


def _stamp(source: str) -> tuple[int, int]:
    status = Path(source).stat()
    return status.st_size, status.st_mtime_ns


@functools.lru_cache(64)
def _hash_file(source: str, stamp: tuple[int, int]) -> str:
    """A document's pages come one after the other: its bytes are hashed once."""
    with Path(source).open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()
