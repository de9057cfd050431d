"""How uniform the queries are: writers fall into a groove, and a reranker then learns the groove."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

OPENING_WORDS = 2
SHOWN = 8


def describe_monotony(texts: Iterable[str]) -> dict[str, Any]:
    """Statistics of queries, to be read beside those of real ones.

    Returns:
        `queries`; `type_token_ratio` (different words by all words); `different_openings` (different first two words
        by queries); `openings`, the commonest with their shares; `words`, the mean length.

    Example:
        >>> describe_monotony(["What is the total?", "What is the mean?"])["different_openings"]
        0.5
    """
    words: Counter[str] = Counter()
    openings: Counter[str] = Counter()
    count = 0
    for text in texts:
        tokens = text.lower().rstrip("?.! ").split()
        words.update(tokens)
        openings[" ".join(tokens[:OPENING_WORDS])] += 1
        count += 1
    total = max(1, sum(words.values()))
    return {
        "queries": count,
        "words": round(sum(words.values()) / max(1, count), 2),
        "type_token_ratio": round(len(words) / total, 4),
        "different_openings": round(len(openings) / max(1, count), 4),
        "openings": {name: round(n / max(1, count), 4) for name, n in openings.most_common(SHOWN)},
    }
