"""Documents that people upload: kept for a while in a folder of their own, read by a worker, asked like a run's."""

from __future__ import annotations

import asyncio
import dataclasses
import functools
import secrets
import shutil
import tempfile
import time
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from fastapi import UploadFile

from docrerank.records import Page, Rejected
from docrerank.reranker import Reranker
from docrerank.retrieval import Vectors
from docrerank.serving.batching import Batcher
from docrerank.serving.collection import STEP, Collection, encode_windows
from docrerank.serving.errors import ApiError
from docrerank.serving.limits import Limits
from docrerank.serving.reading import read_upload
from docrerank.serving.workers import Workers

SUFFIXES = (".pdf", ".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff")
CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Uploaded:
    """An uploaded document: its pages, its folder, when it came."""

    collection: Collection
    folder: Path
    at: float


class Uploads:
    """The uploaded documents.

    Args:
        limits: how many, how large, how long.
        workers: that read them.
        batcher: whose thread encodes them.
        encoder: of their first stage.
    """

    def __init__(self, limits: Limits, workers: Workers, batcher: Batcher, encoder: Reranker) -> None:
        self.limits, self.workers, self.batcher, self.encoder = limits, workers, batcher, encoder
        self.documents: OrderedDict[str, Uploaded] = OrderedDict()
        self._root = Path(tempfile.mkdtemp(prefix="docrerank-uploads-"))

    async def add(self, file: UploadFile) -> tuple[str, Collection, list[str]]:
        """Take in a file; returns its name here, its pages, and what could not be read.

        Raises:
            ApiError: it is of another kind, too large, or holds nothing that can be read.
        """
        suffix = Path(file.filename or "").suffix.lower()
        if suffix not in SUFFIXES:
            raise ApiError(
                415, "not_a_document", "this is no PDF or image", "file", f"send one of {' '.join(SUFFIXES)}"
            )
        name = f"upload-{secrets.token_hex(8)}"
        folder = self._root / name
        folder.mkdir(mode=0o700)
        try:
            pages, rejected = await self._read(file, folder / f"{name}{suffix}")
            collection = await self._index(pages)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        self.documents[name] = Uploaded(collection, folder, time.monotonic())
        self.drop_old()
        return name, collection, [_tell(row) for row in rejected]

    def find(self, name: str) -> Collection | None:
        """An uploaded document's pages."""
        self.drop_old()
        found = self.documents.get(name)
        return found.collection if found else None

    def drop_old(self) -> None:
        """Delete what is too old, and the oldest beyond the number kept."""
        now = time.monotonic()
        old = [name for name, one in self.documents.items() if now - one.at > self.limits.upload_keep_seconds]
        surplus = len(self.documents) - len(old) - self.limits.uploads
        kept = [name for name in self.documents if name not in old]
        for name in old + kept[: max(0, surplus)]:
            self.remove(name)

    def remove(self, name: str) -> bool:
        """Delete one; False if there is none of this name."""
        found = self.documents.pop(name, None)
        if found is not None:
            shutil.rmtree(found.folder, ignore_errors=True)
        return found is not None

    def close(self) -> None:
        """Delete all."""
        shutil.rmtree(self._root, ignore_errors=True)

    async def _index(self, pages: Sequence[Page]) -> Collection:
        """A first stage over the pages; between a few of them other requests have their turn."""
        windows: list[Vectors] = []
        for start in range(0, len(pages), STEP):
            part = pages[start : start + STEP]
            windows += await self.batcher.run(functools.partial(encode_windows, part, self.encoder))
        return await self.batcher.run(lambda: Collection(pages, windows, self.encoder))

    async def _read(self, file: UploadFile, path: Path) -> tuple[list[Page], list[Rejected]]:
        await self._save(file, path)
        limits = self.limits
        pages, rejected = await self.workers.run(
            read_upload, path, limits.upload_pages, limits.image_pixels, seconds=limits.upload_seconds, field="file"
        )
        if not pages:
            reason = _tell(rejected[0]) if rejected else "it cannot be read"
            raise ApiError(422, "unreadable", f"no page could be read: {reason}", "file", "send another file")
        return [dataclasses.replace(page, source=str(path)) for page in pages], list(rejected)

    async def _save(self, file: UploadFile, path: Path) -> None:
        size = 0
        with path.open("wb") as target:
            while chunk := await file.read(CHUNK):
                size += len(chunk)
                if size > self.limits.upload_bytes:
                    message = f"a file may have {self.limits.upload_bytes} bytes"
                    raise ApiError(413, "too_large", message, "file", "split it")
                await asyncio.to_thread(target.write, chunk)


def _tell(row: Rejected) -> str:
    place = f"page {row.page_id.rpartition('/')[2]}: " if row.page_id else ""
    return place + row.reason
