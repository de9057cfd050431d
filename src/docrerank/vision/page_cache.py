"""The page cache: encoded pages in memory and on disk, asked in this order."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

import torch
from cachetools import LRUCache

from docrerank.vision.disk_tier import DiskTier
from docrerank.vision.prefix import PagePrefix


class MemoryTier:
    """Encoded pages in host memory; the least recently used make room.

    Args:
        budget: bytes it may hold; a larger page is not kept.
    """

    def __init__(self, budget: int) -> None:
        self._pages: LRUCache[str, PagePrefix] = LRUCache(budget, getsizeof=lambda prefix: prefix.nbytes)
        self._lock = threading.Lock()

    @property
    def nbytes(self) -> int:
        """Bytes in use."""
        return int(self._pages.currsize)

    def get(self, key: str) -> PagePrefix | None:
        """The page, or None."""
        with self._lock:
            return self._pages.get(key)

    def put(self, key: str, prefix: PagePrefix) -> None:
        """Keep a page."""
        if prefix.nbytes <= self._pages.maxsize:
            kept = PagePrefix(prefix.keys.cpu(), prefix.values.cpu(), prefix.next_position)
            with self._lock:
                self._pages[key] = kept

    def __bool__(self) -> bool:
        return True

    def __len__(self) -> int:
        return len(self._pages)


@dataclass(slots=True)
class Hits:
    """How often each tier had the page."""

    memory: int = 0
    disk: int = 0
    missed: int = 0


@dataclass
class PageCache:
    """Encoded pages by page content, model, adapter, prompt and pixel budget; threads and processes may share it.

    Attributes:
        memory: holds pages exactly as computed.
        disk: outlives the process; pages are in 16 bit.
        hits: counted since the cache was made.

    Examples:
        >>> cache = PageCache.of_size(host_bytes=4_000_000_000, folder="page-cache")  # doctest: +SKIP
        >>> reranker = VisionReranker.from_pretrained("model", cache=cache)  # doctest: +SKIP
    """

    memory: MemoryTier | None = None
    disk: DiskTier | None = None
    hits: Hits = field(default_factory=Hits)

    @classmethod
    def of_size(
        cls, host_bytes: int = 2_000_000_000, folder: str | None = None, disk_bytes: int = 50_000_000_000
    ) -> PageCache:
        """Make a cache with these budgets; a tier of 0 bytes is left out, and so is the disk without a folder."""
        memory = MemoryTier(host_bytes) if host_bytes else None
        return cls(memory, DiskTier(folder, disk_bytes) if folder else None)

    def get(self, key: str, dtype: torch.dtype, device: torch.device) -> PagePrefix | None:
        """The page from memory, else from disk, which memory then takes over."""
        if self.memory and (found := self.memory.get(key)):
            self.hits.memory += 1
            return found
        found = self.disk.get(key, dtype, device) if self.disk else None
        if found is None:
            self.hits.missed += 1
            return None
        self.hits.disk += 1
        if self.memory:
            self.memory.put(key, found)
        return found

    def put(self, key: str, prefix: PagePrefix) -> None:
        """Keep a page in both tiers."""
        for tier in (self.memory, self.disk):
            if tier:
                tier.put(key, prefix)
