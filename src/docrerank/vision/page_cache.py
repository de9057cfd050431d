"""The page cache: encoded pages in memory and on disk, and the keys under which they are kept."""

from __future__ import annotations

import hashlib
import threading
from collections import Counter
from typing import Any

import torch
from cachetools import LRUCache
from torch import Tensor

from docrerank.recipe import fingerprint
from docrerank.vision.backbone import unwrap
from docrerank.vision.disk_tier import DiskTier
from docrerank.vision.images import PageSource
from docrerank.vision.load_vision import Parts
from docrerank.vision.prefix import PagePrefix

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
