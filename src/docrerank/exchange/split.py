"""Which documents of a training set are kept to measure with: whole documents, the same ones that training keeps."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable


def draw_documents(documents: Iterable[str], share: float, seed: int) -> frozenset[str]:
    """The documents with the lowest hashes: `share` of them, at least one, never all; none if the share is 0.

    The rule and the seed are those of the train stage, so that a set's dev documents are the run's own.

    Example:
        >>> len(draw_documents(["a", "b", "c"], 0.1, 13)), draw_documents(["a", "b"], 0.0, 13)
        (1, frozenset())
    """
    names = list(documents)
    if share <= 0:
        return frozenset()
    ordered = sorted(names, key=lambda name: hashlib.sha256(f"{seed}\n{name}".encode()).digest())
    return frozenset(ordered[: min(len(ordered) - 1, max(1, round(len(ordered) * share)))])
