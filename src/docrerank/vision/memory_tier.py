"""A tier of the page cache in memory: the least recently used page makes room."""

from __future__ import annotations

import threading
from collections import OrderedDict

import torch

from docrerank.vision.prefix import PagePrefix


class MemoryTier:
    """Prefixes in the memory of one device, exactly as they were computed.

    Args:
        budget: bytes it may hold; a page larger than that is not kept.
        device: where they are kept.
    """

    def __init__(self, budget: int, device: torch.device | str = "cpu") -> None:
        self.budget = budget
        self.device = torch.device(device)
        self.nbytes = 0
        self._pages: OrderedDict[str, PagePrefix] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: str) -> PagePrefix | None:
        """The page, which becomes the most recently used, or None."""
        with self._lock:
            if key in self._pages:
                self._pages.move_to_end(key)
            return self._pages.get(key)

    def put(self, key: str, prefix: PagePrefix) -> None:
        """Keep a page; older ones leave until it fits."""
        if prefix.nbytes > self.budget:
            return
        kept = PagePrefix(prefix.keys.to(self.device), prefix.values.to(self.device), prefix.next_position)
        with self._lock:
            self._drop(key)
            self._pages[key] = kept
            self.nbytes += kept.nbytes
            while self.nbytes > self.budget:
                self._drop(next(iter(self._pages)))

    def clear(self) -> None:
        """Forget every page."""
        with self._lock:
            self._pages.clear()
            self.nbytes = 0

    def __len__(self) -> int:
        return len(self._pages)

    def _drop(self, key: str) -> None:
        gone = self._pages.pop(key, None)
        self.nbytes -= gone.nbytes if gone else 0
