"""The page cache: encoded pages in memory and on disk, and the keys under which they are kept."""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import threading
import zlib
from collections import Counter
from pathlib import Path
from typing import Any

import torch
from cachetools import LRUCache
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from docrerank.recipe import fingerprint
from docrerank.records import UserError
from docrerank.runs import replacing
from docrerank.vision.backbone import unwrap
from docrerank.vision.images import PageSource
from docrerank.vision.load_vision import Parts
from docrerank.vision.prefix import PagePrefix

logger = logging.getLogger(__name__)

#: Raise it when the same page would be drawn or stored differently.
FORMAT = "2"
#: Evictions free this much beyond the budget, so that not every page evicts another.
REFILL = 0.9
#: Bytes of host memory that a cache takes where none is asked for.
HOST_BYTES = 2_000_000_000
#: Values of a weight that stand for it in a key.
SAMPLES = 256


class PageCache:
    """Encoded pages by page content, model, adapter, prompt and pixel budget; threads and processes may share it.

    Args:
        host_bytes: pages are held in host memory exactly as computed, the least recently used make room; 0 holds none.
        folder: pages are kept on disk in 16 bit, for other processes and later ones; None keeps none.
        disk_bytes: what the folder may hold.

    Attributes:
        hits: how often `memory` or `disk` had a page, or both `missed` it.

    Examples:
        >>> cache = PageCache(4_000_000_000, "page-cache")  # doctest: +SKIP
        >>> reranker = VisionReranker.from_pretrained("model", cache=cache)  # doctest: +SKIP
    """

    def __init__(self, host_bytes: int = 0, folder: str | None = None, disk_bytes: int = 50_000_000_000) -> None:
        self.hits: Counter[str] = Counter()
        self._memory: LRUCache[str, PagePrefix] = LRUCache(host_bytes, getsizeof=lambda prefix: prefix.nbytes)
        self._disk = DiskTier(folder, disk_bytes) if folder else None
        self._lock = threading.Lock()

    def get(self, key: str, dtype: torch.dtype, device: torch.device) -> PagePrefix | None:
        """The page from memory, else from disk, which memory then takes over."""
        with self._lock:
            found = self._memory.get(key)
        if found:
            self.hits["memory"] += 1
            return found
        found = self._disk.get(key, dtype, device) if self._disk else None
        self.hits["disk" if found else "missed"] += 1
        if found:
            self._hold(key, found)
        return found

    def put(self, key: str, prefix: PagePrefix) -> None:
        """Keep a page in memory and on disk."""
        self._hold(key, prefix)
        if self._disk:
            self._disk.put(key, prefix)

    def _hold(self, key: str, prefix: PagePrefix) -> None:
        if prefix.nbytes <= self._memory.maxsize:
            kept = PagePrefix(prefix.keys.cpu(), prefix.values.cpu(), prefix.next_position)
            with self._lock:
                self._memory[key] = kept


class PageKeys:
    """Keys of pages under one model: whatever a page's prefix depends on is in them.

    Args:
        parts: the model, whose weights must not change afterwards, and how it reads.
    """

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._weights = ""

    def read(self, page: PageSource) -> str:
        """The key of a page."""
        self._weights = self._weights or hash_model(self._parts.model)
        reader = self._parts.reader
        settings = sorted((name, str(value)) for name, value in reader.processor.to_dict().items())
        reading = fingerprint(self._weights, reader.prompt.template, settings)
        return f"{reading}-{fingerprint(page.key, page.text)}"


def hash_model(model: Any) -> str:
    """A hash of a model's weights and of its adapters' settings, 16 hexadecimal digits."""
    adapters = sorted((name, str(config)) for name, config in getattr(model, "peft_config", {}).items())
    digest = hashlib.sha256(f"{unwrap(model).dtype} {adapters}".encode())
    for name, parameter in model.named_parameters():
        digest.update(f"{name} {tuple(parameter.shape)}".encode())
        digest.update(_sample(parameter).numpy().tobytes())
    return digest.hexdigest()[:16]


def _sample(parameter: Tensor) -> Tensor:
    """The sum and a few evenly spread values: training moves all of them."""
    flat = parameter.detach().flatten()
    spread = flat[:: max(1, len(flat) // SAMPLES)]
    return torch.cat([flat.sum(dtype=torch.float64)[None], spread.double()]).cpu()


class DiskTier:
    """Encoded pages in a folder that any number of processes read and write.

    Args:
        folder: made when the first page is written.
        budget: bytes it may hold; the least recently used pages are deleted.

    A damaged file, or one that holds another page, is deleted and counts as absent. If the disk is full or the folder
    cannot be written, one warning says so and nothing more is written.
    """

    def __init__(self, folder: str | Path, budget: int = 50_000_000_000) -> None:
        self.folder = Path(folder)
        self.budget = budget
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
            next_position = int(metadata["next_position"])
        except (OSError, MemoryError):  # absent, or out of reach for now: the file itself may be good
            return None
        except (SafetensorError, ValueError, KeyError) as error:
            logger.warning("page cache: %s is damaged or stale (%s): the page is encoded again", file.name, error)
            file.unlink(missing_ok=True)
            return None
        with contextlib.suppress(OSError):
            os.utime(file)
        keys, values = (tensors[name].to(device, dtype) for name in ("keys", "values"))
        return PagePrefix(keys, values, next_position)

    def put(self, key: str, prefix: PagePrefix) -> None:
        """Write a page unless it is there already or the disk refuses."""
        file = self._file(key)
        if not self._writable or file.exists():
            return
        tensors = {"keys": _halve(prefix.keys), "values": _halve(prefix.values)}
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
        name = fingerprint(FORMAT, "fp16", key)
        return self.folder / name[:2] / f"{name}.safetensors"

    def _check(self, file: Path, key: str, tensors: dict[str, Tensor], metadata: dict[str, str]) -> None:
        """Compare key and checksum; a process computes the checksum of a file once."""
        if metadata.get("key") != key or metadata.get("format") != FORMAT:
            raise ValueError("it holds another page")
        stat = file.stat()
        identity = (file.name, stat.st_ino, stat.st_size)
        if identity not in self._checked:
            if metadata.get("crc") != _sum(tensors):
                raise ValueError("its checksum differs")
            self._checked.add(identity)

    def _make_room(self, written: int) -> None:
        """Delete the least recently used pages once the budget is exceeded."""
        with self._lock:
            self._used = self._used + written if self._used is not None else sum(size for _, size, _ in self._list())
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
    with safe_open(file, framework="pt") as opened:
        return {name: opened.get_tensor(name) for name in opened.keys()}, dict(opened.metadata() or {})  # noqa: SIM118


def _write(file: Path, tensors: dict[str, Tensor], metadata: dict[str, str]) -> None:
    try:
        save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, file, metadata=metadata)
    except SafetensorError as error:  # a full disk among others
        raise OSError(str(error)) from error


def _halve(tensor: Tensor) -> Tensor:
    """The tensor in float16, which keeps two bits more than bfloat16; in bfloat16 where values exceed its range."""
    tensor = tensor.detach().cpu()
    half = tensor.to(torch.float16)
    return half if bool(torch.isfinite(half).all()) else tensor.to(torch.bfloat16)


def _sum(tensors: dict[str, Tensor]) -> str:
    total = 0
    for name in sorted(tensors):
        total = zlib.crc32(tensors[name].contiguous().view(torch.uint8).numpy().data, total)
    return f"{total:08x}"
