"""A CrossEncoder of sentence-transformers, anyone's, put to pages: the best of a page's windows is its score."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from docrerank.recipe.extras import require
from docrerank.retrieval import Vectors, WindowCutter, WindowSettings, find_prompt


class PageCrossEncoder:
    """Scores (query, page text) pairs with a CrossEncoder: an encoder with a head, or a decoder with yes and no.

    Args:
        model: as sentence-transformers loads it, with one label.
        settings: how pages are cut.
        weights: names the weights (a hash).
    """

    def __init__(self, model: Any, settings: WindowSettings, weights: str = "") -> None:
        self.model, self.settings, self.fingerprint = model, settings, weights
        self.prompt = find_prompt(model)
        self.cutter = WindowCutter(model.tokenizer, settings)

    def score(self, pairs: Sequence[tuple[str, str]], contexts: Sequence[str]) -> Vectors:
        """Logits of shape (pairs,); a page without text scores like an empty window."""
        torch = require("torch", extra="train")
        cut = self.cutter.cut([text for _, text in pairs], contexts)
        windows = [windows or [""] for windows in cut]
        flat = [(query, window) for (query, _), own in zip(pairs, windows, strict=True) for window in own]
        logits = self.model.predict(flat, activation_fn=torch.nn.Identity(), show_progress_bar=False)
        scores = np.asarray(logits, np.float32).reshape(-1)
        starts = np.cumsum([0] + [len(own) for own in windows[:-1]])
        return np.asarray(np.maximum.reduceat(scores, starts), np.float32)

    def logits(self, pairs: Sequence[tuple[str, str]]) -> Any:
        """A tensor of (pairs,) logits of windows, with gradients where they are on."""
        features = self.model.preprocess(list(pairs), prompt=self.prompt)
        device = self.model.device
        features = {key: value.to(device) if hasattr(value, "to") else value for key, value in features.items()}
        return self.model(features)["scores"].float().reshape(-1)
