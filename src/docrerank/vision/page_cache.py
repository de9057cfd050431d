"""The page cache: a page's prefix on the device, in host memory and on disk, whichever has it first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch

from docrerank.vision.disk_tier import DiskTier
from docrerank.vision.memory_tier import MemoryTier
from docrerank.vision.prefix import PagePrefix


@dataclass(slots=True)
class Hits:
    """How often each tier had the page."""

    memory: int = 0
    disk: int = 0
    missed: int = 0


@dataclass
class PageCache:
    """Prefixes by page content, model, adapter, prompt and pixel budget.

    Attributes:
        memory: tiers in memory, the fastest first: on the device, then on the host.
        disk: the tier that outlives the process.
        hits: counted since it was made.

    Memory holds a prefix as computed, disk in 16 or 8 bit. Readers and writers may be threads and processes.

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
        """A cache with these budgets; a tier of 0 bytes is left out, and so is disk without a folder."""
        tiers = [(device_bytes, device), (host_bytes, "cpu")]
        memory = [MemoryTier(budget, place) for budget, place in tiers if budget]
        return cls(memory, DiskTier(folder, disk_bytes) if folder else None)

    def get(self, key: str, dtype: torch.dtype, device: torch.device) -> PagePrefix | None:
        """The page from the fastest tier that has it; faster tiers take it over."""
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
