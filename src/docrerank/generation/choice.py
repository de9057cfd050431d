"""Which of a positive's verified negatives are kept: all properties before any twice, hard before easy."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from docrerank.records import Query
from docrerank.words import similarity

#: Two negatives that share this much of their words are one.
SAME = 0.95


def choose_negatives(
    source: Query, negatives: Sequence[Query], count: int, edited: Mapping[str, int] | None = None
) -> list[Query]:
    """Choose `count` negatives, the same every time; all of them if there are fewer.

    The paper does not publish its choice (section 2). Here a property is not taken again while another is left, those
    that were edited least so far come first, and within a property the closest to the positive (Jaccard similarity of
    words, ties in the order in which they were written); near-duplicates count once.

    Args:
        source: the positive.
        negatives: verified ones, in the order in which they were written.
        count: how many to keep.
        edited: how often each property was edited so far.
    """
    used = edited or {}
    different: list[Query] = []
    for query in sorted(negatives, key=lambda query: -similarity(source.text, query.text)):
        if all(similarity(query.text, other.text) < SAME for other in different):
            different.append(query)
    seen: Counter[str] = Counter()
    ranked: list[tuple[int, int, int]] = []
    for place, query in enumerate(different):
        ranked.append((seen[query.property], used.get(query.property, 0), place))
        seen[query.property] += 1
    return [different[place] for *_, place in sorted(ranked)[:count]]
