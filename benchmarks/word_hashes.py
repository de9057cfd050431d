"""An encoder that costs next to nothing, to measure everything around encoding."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from docrerank.retrieval import Encoding, WindowSettings
from docrerank.retrieval.encoder import Precision

DIMENSIONS = 384


class WordHashes:
    """Stands for MiniLM: a window's vector is the sum of its words', each drawn by the word's hash."""

    fingerprint, dimension = "word-hashes", DIMENSIONS
    precision: Precision = "float32"

    def __init__(self, settings: WindowSettings) -> None:
        self.settings = settings
        self.opener: Callable[[], WordHashes] = partial(WordHashes, settings)
        self._table = np.random.default_rng(0).standard_normal((4096, DIMENSIONS)).astype(np.float32)

    def encode_pages(self, texts: Sequence[str], contexts: Sequence[str] = ()) -> list[Encoding]:
        return [self._encode(text) for text in texts]

    def encode_queries(self, texts: Sequence[str]) -> list[Encoding]:
        return [Encoding(self._cut([text]), self._cut([text])) for text in texts]

    def _encode(self, text: str) -> Encoding:
        words, size = text.split(), self.settings.tokens * 2 // 3
        windows = self._cut([" ".join(words[start : start + size]) for start in range(0, len(words), size)])
        return Encoding(windows[:0], windows)

    def _cut(self, windows: Sequence[str]) -> np.ndarray:
        sums = [
            self._table[[zlib.crc32(word.lower().encode()) % 4096 for word in own.split()]].sum(0) for own in windows
        ]
        if not sums:
            return np.zeros((0, DIMENSIONS), np.float32)
        vectors = np.stack(sums)
        return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9), np.float32)
