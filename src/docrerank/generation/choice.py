"""Which of a positive's verified negatives are kept: hard before easy, all properties before any twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from docrerank.records import Query
from docrerank.words import similarity

#: Two negatives that share this much of their words are one.
SAME = 0.95


def choose_negatives(source: Query, negatives: Sequence[Query], count: int) -> list[Query]:
    """Choose `count` negatives, the same every time; all of them if there are fewer.

    The paper does not publish its choice (section 2). Here the closest to the positive comes first (Jaccard similarity
    of words, ties by text), and a property is not taken again while another is left; near-duplicates count once.
    """
    order = sorted(negatives, key=lambda query: (-similarity(source.text, query.text), query.text))
    different: list[Query] = []
    for query in order:
        if all(similarity(query.text, other.text) < SAME for other in different):
            different.append(query)
    seen: Counter[str] = Counter()
    ranked: list[tuple[int, int]] = []
    for place, query in enumerate(different):
        ranked.append((seen[query.property], place))
        seen[query.property] += 1
    return [different[place] for _, place in sorted(ranked)[:count]]
