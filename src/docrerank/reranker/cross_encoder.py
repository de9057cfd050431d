"""A CrossEncoder of sentence-transformers, anyone's, put to pages: the best of a page's windows is its score."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from docrerank.recipe.extras import require
from docrerank.retrieval import Vectors, WindowCutter, WindowSettings


class PageCrossEncoder:
    """Scores (query, page text) pairs with a saved CrossEncoder.

    Args:
        folder: what `CrossEncoder.save_pretrained` wrote.
        settings: how pages are cut.
    """

    def __init__(self, folder: Path, settings: WindowSettings) -> None:
        encoders = require("sentence_transformers", extra="train")
        self.model = encoders.CrossEncoder(str(folder), local_files_only=True)
        self.cutter = WindowCutter(self.model.tokenizer, settings)

    def score(self, pairs: Sequence[tuple[str, str]], contexts: Sequence[str]) -> Vectors:
        """Scores of shape (pairs,), as the model gives them; a page without text scores like an empty window."""
        cut = self.cutter.cut([text for _, text in pairs], contexts)
        windows = [windows or [""] for windows in cut]
        flat = [(query, window) for (query, _), own in zip(pairs, windows, strict=True) for window in own]
        scores = np.asarray(self.model.predict(flat, show_progress_bar=False), np.float32).reshape(len(flat), -1)[:, 0]
        starts = np.cumsum([0] + [len(own) for own in windows[:-1]])
        return np.asarray(np.maximum.reduceat(scores, starts), np.float32)
