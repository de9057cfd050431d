"""Documents that people upload: kept for a while in a folder of their own, read by a worker, asked like a run's."""

from __future__ import annotations

import asyncio
import dataclasses
import fcntl
import functools
import secrets
import shutil
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from starlette.datastructures import UploadFile

from docrerank.records import Page, Rejected
from docrerank.reranker import Reranker
from docrerank.retrieval import FirstStage, Search, TokenEncoder, Vectors
from docrerank.serving.batching import Batcher
from docrerank.serving.collection import STEP, encode_windows
from docrerank.serving.errors import ApiError
from docrerank.serving.responses import Upload
from docrerank.serving.settings import Limits
from docrerank.serving.workers import Workers, read_upload

SUFFIXES = (".pdf", ".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff")
PREFIX, LOCK = "docrerank-uploads-", ".lock"
#: For reading a document, OCR included; and for which it is kept.
UPLOAD_SECONDS, KEPT_SECONDS = 180.0, 3_600.0


@dataclass(frozen=True, slots=True)
class Uploaded:
    """An uploaded document: its file's name, its pages, what could not be read, its folder, when it came."""

    file: str
    pages: list[Page]
    search: Search
    left_out: list[str]
    folder: Path
    at: float

    def describe(self, name: str) -> Upload:
        """As an answer, under its name here."""
        return Upload(name, self.file, [page.id for page in self.pages], self.left_out)


class Uploads:
    """The uploaded documents."""

    def __init__(self, limits: Limits, workers: Workers, batcher: Batcher, encoder: Reranker | None) -> None:
        self.limits, self.workers, self.batcher, self.encoder = limits, workers, batcher, encoder
        self.documents: dict[str, Uploaded] = {}
        clear_abandoned()
        self._root = Path(tempfile.mkdtemp(prefix=PREFIX))
        self._lock = (self._root / LOCK).open("w")
        fcntl.flock(self._lock, fcntl.LOCK_EX)

    async def add(self, file: UploadFile) -> Upload:
        """Take in a file."""
        given = Path(file.filename or "").name[-200:]
        suffix = Path(given).suffix.lower()
        if suffix not in SUFFIXES:
            hint = f"send one of {' '.join(SUFFIXES)}"
            raise ApiError(415, "not_a_document", "this is no PDF or image", "file", hint)
        name = f"upload-{secrets.token_hex(8)}"
        folder = self._root / name
        folder.mkdir(mode=0o700)
        try:
            path = folder / f"{name}{suffix}"
            with path.open("wb") as target:
                await asyncio.to_thread(shutil.copyfileobj, file.file, target)
            pages, rejected = await self._read(path)
            search = await self._index(pages)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        uploaded = Uploaded(given, pages, search, [_explain(row) for row in rejected], folder, time.monotonic())
        self.documents[name] = uploaded
        self.drop_old()
        return uploaded.describe(name)

    def find(self, name: str) -> Uploaded | None:
        """An uploaded document."""
        self.drop_old()
        return self.documents.get(name)

    def drop_old(self) -> None:
        """Delete what is too old, and the oldest beyond the number kept."""
        oldest = time.monotonic() - KEPT_SECONDS
        surplus = len(self.documents) - self.limits.uploads
        for place, (name, one) in enumerate(list(self.documents.items())):
            if one.at < oldest or place < surplus:
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
        self._lock.close()

    async def _index(self, pages: Sequence[Page]) -> Search:
        """A first stage over the pages; between a few of them other requests have their turn."""
        if (encoder := self.encoder) is None or not isinstance(encoder.scorer, TokenEncoder):
            raise ApiError(404, "unknown_model", "no model is served that could be asked", "", "docrerank serve RUN")
        windows: list[Vectors] = []
        for start in range(0, len(pages), STEP):
            part = pages[start : start + STEP]
            windows += await self.batcher.run(functools.partial(encode_windows, part, encoder.encode_pages))
        return Search(await self.batcher.run(lambda: FirstStage(pages, windows)), encoder.scorer)

    async def _read(self, path: Path) -> tuple[list[Page], list[Rejected]]:
        bounds = self.limits.upload_pages, self.limits.image_pixels
        pages, rejected = await self.workers.run(read_upload, path, *bounds, seconds=UPLOAD_SECONDS, field="file")
        if not pages:
            reason = _explain(rejected[0]) if rejected else "it cannot be read"
            raise ApiError(422, "unreadable", f"no page could be read: {reason}", "file", "send another file")
        return [dataclasses.replace(page, source=str(path)) for page in pages], list(rejected)


def clear_abandoned() -> None:
    """Delete the folders of servers that were killed: nobody holds their lock any more."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        try:
            with (folder / LOCK).open() as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
        except OSError:  # held, another user's, or just being made
            continue


def _explain(row: Rejected) -> str:
    return (f"page {row.page_id.rpartition('/')[2]}: " if row.page_id else "") + row.reason
