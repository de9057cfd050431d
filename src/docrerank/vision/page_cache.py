"""The page cache: encoded pages in device memory, in host memory and on disk, asked in this order."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from cachetools import LRUCache

from docrerank.vision.disk_tier import DiskTier
from docrerank.vision.prefix import PagePrefix


class MemoryTier:
    """Encoded pages in the memory of one device; the least recently used make room.

    Args:
        budget: bytes it may hold; a larger page is not kept.
        device: where pages are kept.
    """

    def __init__(self, budget: int, device: torch.device | str = "cpu") -> None:
        self.device = torch.device(device)
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
        if prefix.nbytes > self._pages.maxsize:
            return
        kept = PagePrefix(prefix.keys.to(self.device), prefix.values.to(self.device), prefix.next_position)
        with self._lock:
            self._pages[key] = kept

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
        memory: tiers in memory, the fastest first; they hold a page exactly as computed.
        disk: the tier that outlives the process, in 16 bit.
        hits: counted since the cache was made.

    Example:
        >>> cache = PageCache.of_size(host_bytes=4_000_000_000, folder="page-cache")  # doctest: +SKIP
        >>> reranker = VisionReranker.from_pretrained("model", cache=cache)  # doctest: +SKIP
    """

    memory: Sequence[MemoryTier] = ()
    disk: DiskTier | None = None
    hits: Hits = field(default_factory=Hits)

    @classmethod
    def of_size(
        cls,
        host_bytes: int = 2_000_000_000,
        device_bytes: int = 0,
        device: str = "cpu",
        folder: str | None = None,
        disk_bytes: int = 50_000_000_000,
    ) -> PageCache:
        """Make a cache with these budgets; a tier of 0 bytes is left out, and so is the disk without a folder."""
        tiers = [(device_bytes, device), (host_bytes, "cpu")]
        memory = [MemoryTier(budget, place) for budget, place in tiers if budget]
        return cls(memory, DiskTier(folder, disk_bytes) if folder else None)

    def get(self, key: str, dtype: torch.dtype, device: torch.device) -> PagePrefix | None:
        """The page from the fastest tier that has it; faster tiers take a copy."""
        for place, tier in enumerate(self.memory):
            if found := tier.get(key):
                self.hits.memory += 1
                self._keep(key, found, place)
                return found
        found = self.disk.get(key, dtype, device) if self.disk else None
        if found is None:
            self.hits.missed += 1
            return None
        self.hits.disk += 1
        self._keep(key, found, len(self.memory))
        return found

    def put(self, key: str, prefix: PagePrefix) -> None:
        """Keep a page in every tier."""
        self._keep(key, prefix, len(self.memory))
        if self.disk:
            self.disk.put(key, prefix)

    def _keep(self, key: str, prefix: PagePrefix, tiers: int) -> None:
        for tier in self.memory[:tiers]:
            tier.put(key, prefix)
