"""Tokens of texts by a model's tokenizer: counted for `usage`, cut where a request says so."""

from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Sequence

from cachetools import LRUCache

from docrerank.retrieval import MAX_PAGE_TOKENS, WindowCutter


class TokenCounter:
    """Counts and cuts by one tokenizer; threads may share it."""

    #: Characters of a page that no model of this kind reads beyond: a token has one at least.
    longest_text = MAX_PAGE_TOKENS

    def __init__(self, cutter: WindowCutter) -> None:
        self.cutter = cutter
        self._known: LRUCache[bytes, int] = LRUCache(8_192)  # a page that comes again costs a hash
        self._lock = threading.Lock()

    def count(self, texts: Sequence[str]) -> int:
        """Tokens of all texts together."""
        keys = [hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=12).digest() for text in texts]
        with self._lock:
            known = {key: self._known[key] for key in keys if key in self._known}
        fresh = {key: text for key, text in zip(keys, texts, strict=True) if key not in known}
        known |= dict(zip(fresh, self.cutter.count([_clean(text) for text in fresh.values()]), strict=True))
        with self._lock:
            self._known.update(known)
        return sum(known[key] for key in keys)

    def cut(self, text: str, tokens: int) -> str:
        """The beginning of a text: whole words of at most so many tokens."""
        words = [match for _, match in zip(range(tokens + 1), re.finditer(r"\S+", text), strict=False)]
        used, end = 0, 0
        for word, size in zip(words, self.cutter.count([_clean(word[0]) for word in words]), strict=True):
            used += size
            if used > tokens:
                return text[:end]
            end = word.end()
        return text[:end]


def _clean(text: str) -> str:
    """A PDF's text may have lone surrogates, which no tokenizer takes."""
    return text.encode("utf-8", "replace").decode("utf-8")
