"""Page encodings on disk, a few files a document, so that no later stage and no search encodes a page again."""

from __future__ import annotations

import hashlib
import zlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from docrerank.recipe import fingerprint
from docrerank.recipe.extras import require
from docrerank.records import Page, UserError
from docrerank.retrieval.encoder import Encoding, PageEncoder, Vectors
from docrerank.runs import fetch_late, replacing, tell

#: The folder of a run that holds its pages' encodings.
ENCODINGS = "encodings"

#: Raised when what an encoding holds changes.
VERSION = 2
#: Pages of a document in one file: bounds the memory of encoding a long one.
SHARD_PAGES = 128


class PageStore:
    """The encodings of a run's pages by one encoder, as float16.

    Args:
        folder: where the files are; each encoder has a folder of its own inside.
        encoder: encodes what is missing. Its weights, its windows and a page's text are the key.
        expected: how many pages will be filled in, if that is known; for progress alone.
    """

    def __init__(self, folder: Path, encoder: PageEncoder, expected: int = 0) -> None:
        self.encoder = encoder
        self._seen, self._expected = 0, expected
        self.folder = folder / encoder.fingerprint
        self._checked: set[tuple[str, int, int]] = set()

    def fill(self, pages: Iterable[Page]) -> int:
        """Encode what is new or changed of whole documents; returns how many pages were encoded."""
        encoded = 0
        for shard, own in group_by_shard(pages).items():
            self._seen += len(own)
            if self._made_from(shard) != self._key(own):
                self._write(shard, own)
                encoded += len(own)
                tell("encoding pages", self._seen, self._expected)
        return encoded

    def holds(self, document: str, pages: Iterable[Page]) -> bool:
        """Whether all pages of a document are encoded; they are not looked at if none can be."""
        if not self._file(document).is_file():
            return False
        return all(self._made_from(shard) == self._key(own) for shard, own in group_by_shard(pages).items())

    def read_windows(self, pages: Sequence[Page]) -> list[Vectors]:
        """The window vectors of each page, (w, d) float16."""
        return [encoding.windows for encoding in self._read(pages, tokens=False)]

    def read(self, pages: Sequence[Page]) -> list[Encoding]:
        """The encodings of pages, in float16.

        Raises:
            UserError: a file is damaged; its checksum is taken once for each file in a process.
        """
        return self._read(pages, tokens=True)

    def _read(self, pages: Sequence[Page], tokens: bool) -> list[Encoding]:
        found: dict[str, Encoding] = {}
        for shard, own in group_by_shard(pages).items():
            found.update(self._read_shard(shard, {page.id for page in own}, tokens))
        return [found[page.id] for page in pages]

    def _read_shard(self, shard: str, wanted: set[str], tokens: bool) -> dict[str, Encoding]:
        safetensors = require("safetensors", extra="train")
        found = {}
        fetch_late(self._file(shard))
        with safetensors.safe_open(self._file(shard), "np") as file:
            self._check(shard, file)
            ids = file.metadata()["pages"].split("\n")
            bounds = file.get_tensor("bounds")
            rows, windows = file.get_slice("tokens"), file.get_slice("windows")
            for index, page_id in enumerate(ids):
                if page_id in wanted:
                    (t0, w0), (t1, w1) = bounds[index].tolist(), bounds[index + 1].tolist()
                    found[page_id] = Encoding(_cut(rows, t0, t1 if tokens else t0), _cut(windows, w0, w1))
        return found

    def _write(self, shard: str, pages: Sequence[Page]) -> None:
        numpy_files = require("safetensors.numpy", extra="train")
        encodings = self.encoder.read(pages)
        sizes = [[len(encoding.tokens), len(encoding.windows)] for encoding in encodings]
        tensors = {
            "tokens": np.concatenate([encoding.tokens for encoding in encodings]).astype(np.float16),
            "windows": np.concatenate([encoding.windows for encoding in encodings]).astype(np.float16),
            "bounds": np.cumsum([[0, 0], *sizes], axis=0).astype(np.int64),
        }
        metadata = {
            "made_from": self._key(pages),
            "pages": "\n".join(page.id for page in pages),
            "crc": _sum(tensors),
        }
        with replacing(self._file(shard)) as temporary:
            numpy_files.save_file(tensors, temporary, metadata)

    def _check(self, shard: str, file: Any) -> None:
        path = self._file(shard)
        stat = path.stat()
        identity = (path.name, stat.st_ino, stat.st_mtime_ns)
        if identity in self._checked:
            return
        if file.metadata().get("crc") != _sum({name: file.get_tensor(name) for name in file.keys()}):  # noqa: SIM118
            raise UserError(f"{path} is damaged: delete it and give the same command again")
        self._checked.add(identity)

    def _key(self, pages: Sequence[Page]) -> str:
        return fingerprint(VERSION, [self.encoder.key(page) for page in pages])

    def _made_from(self, shard: str) -> str | None:
        safetensors = require("safetensors", extra="train")
        if not fetch_late(self._file(shard)):
            return None
        try:
            with safetensors.safe_open(self._file(shard), "np") as file:
                return str(file.metadata()["made_from"])
        except (safetensors.SafetensorError, KeyError, TypeError):
            return None

    def _file(self, shard: str) -> Path:
        return self.folder / f"{hashlib.sha256(shard.encode('utf-8')).hexdigest()[:24]}.safetensors"


def group_by_shard(pages: Iterable[Page]) -> dict[str, list[Page]]:
    """Pages under their file's name: their document's, and for pages further on also which stretch of it."""
    shards: dict[str, list[Page]] = defaultdict(list)
    for page in pages:
        stretch = (page.number - 1) // SHARD_PAGES
        shards[f"{page.document}/{stretch}" if stretch else page.document].append(page)
    return shards


def _cut(tensor: Any, start: int, end: int) -> Vectors:
    """Rows of a tensor on disk; safetensors refuses to cut nothing out of nothing."""
    if start == end:
        return np.zeros((0, tensor.get_shape()[1]), np.float32)
    found: Vectors = tensor[start:end]
    return found


def _sum(tensors: dict[str, Any]) -> str:
    """A checksum over tensors in the order of their names."""
    total = 0
    for name in sorted(tensors):
        total = zlib.crc32(np.ascontiguousarray(tensors[name]), total)  # type: ignore[arg-type]
    return f"{total:08x}"
