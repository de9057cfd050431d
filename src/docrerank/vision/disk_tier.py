"""A tier of the page cache on disk: one memory-mapped safetensors file for each page, written whole or not at all."""

from __future__ import annotations

import contextlib
import logging
import os
import threading
import zlib
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from docrerank.recipe import fingerprint, require
from docrerank.records import UserError
from docrerank.runs import replacing
from docrerank.vision.prefix import PagePrefix
from docrerank.vision.storage import Form, pack_prefix, unpack_prefix

logger = logging.getLogger(__name__)

#: Raised when the same page would be drawn or stored otherwise.
FORMAT = "2"
#: After an eviction this share of the budget is in use, so that not every page evicts another.
REFILL = 0.9


class DiskTier:
    """Prefixes in a folder that any number of processes read and write.

    Args:
        folder: made when the first page is written.
        budget: bytes it may hold; the least recently used pages are deleted.
        form: `fp16`, or `int8` at half the size and a larger error (`measure_storage_error` says how large).

    A file that is damaged or belongs to another page is deleted and reported as absent. If the disk is full or the
    folder cannot be written, one line says so and nothing more is written.
    """

    def __init__(self, folder: str | Path, budget: int = 50_000_000_000, form: Form = "fp16") -> None:
        self.folder = Path(folder)
        self.budget = budget
        self.form = form
        self._writable = True
        self._used: int | None = None
        self._checked: set[tuple[str, int, int]] = set()
        self._lock = threading.Lock()

    def get(self, key: str, dtype: torch.dtype, device: torch.device) -> PagePrefix | None:
        """The page in the model's type on its device, or None."""
        file = self._file(key)
        try:
            tensors, metadata = _read(file)
            self._check(file, key, tensors, metadata)
        except FileNotFoundError:
            return None
        except Exception as error:  # whatever a damaged file raises
            logger.warning("page cache: %s is damaged or stale (%s): encoded again", file.name, error)
            file.unlink(missing_ok=True)
            return None
        with contextlib.suppress(OSError):
            os.utime(file)
        return unpack_prefix(tensors, int(metadata["next_position"]), dtype, device)

    def put(self, key: str, prefix: PagePrefix) -> None:
        """Write a page unless it is there or the disk refuses."""
        file = self._file(key)
        if not self._writable or file.exists():
            return
        tensors = pack_prefix(prefix, self.form)
        metadata = {"format": FORMAT, "key": key, "next_position": str(prefix.next_position), "crc": _sum(tensors)}
        try:
            with replacing(file) as temporary:
                _write(temporary, tensors, metadata)
        except (UserError, OSError) as error:
            self._writable = False
            logger.warning("page cache: nothing more is written to %s (%s)", self.folder, error)
            return
        self._make_room(file.stat().st_size)

    def _file(self, key: str) -> Path:
        name = fingerprint(FORMAT, self.form, key)
        return self.folder / name[:2] / f"{name}.safetensors"

    def _check(self, file: Path, key: str, tensors: dict[str, Tensor], metadata: dict[str, str]) -> None:
        """Compare key and checksum; the sum is taken once for each file in a process."""
        if metadata.get("key") != key or metadata.get("format") != FORMAT:
            raise ValueError("it holds another page")
        stat = file.stat()
        identity = (file.name, stat.st_ino, stat.st_size)
        if identity not in self._checked:
            if metadata.get("crc") != _sum(tensors):
                raise ValueError("its checksum differs")
            self._checked.add(identity)

    def _make_room(self, written: int) -> None:
        """Delete the least recently used pages once the budget is passed."""
        with self._lock:
            if self._used is None:
                self._used = sum(size for _, size, _ in self._list())
            else:
                self._used += written
            if self._used <= self.budget:
                return
            files = sorted(self._list())
            self._used = sum(size for _, size, _ in files)
            for _, size, file in files:
                if self._used <= self.budget * REFILL:
                    break
                file.unlink(missing_ok=True)
                self._used -= size

    def _list(self) -> list[tuple[float, int, Path]]:
        found = []
        for file in self.folder.glob("*/*.safetensors"):
            with contextlib.suppress(OSError):
                stat = file.stat()
                found.append((stat.st_mtime, stat.st_size, file))
        return found


def _read(file: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Map a file into memory; its tensors are views of the map."""
    if not file.is_file():
        raise FileNotFoundError(file)
    with require("safetensors", extra="train").safe_open(file, framework="pt") as opened:
        return {name: opened.get_tensor(name) for name in opened.keys()}, dict(opened.metadata() or {})  # noqa: SIM118


def _write(file: Path, tensors: dict[str, Tensor], metadata: dict[str, str]) -> None:
    save: Any = require("safetensors.torch", extra="train").save_file
    try:
        save({name: tensor.contiguous() for name, tensor in tensors.items()}, file, metadata=metadata)
    except OSError:
        raise
    except Exception as error:  # safetensors' own error, for a full disk too
        raise OSError(str(error)) from error


def _sum(tensors: dict[str, Tensor]) -> str:
    total = 0
    for name in sorted(tensors):
        total = zlib.crc32(tensors[name].contiguous().view(torch.uint8).numpy().data, total)
    return f"{total:08x}"
