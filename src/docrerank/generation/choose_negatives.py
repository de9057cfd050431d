"""Which of a positive's verified negatives are kept: all properties before any twice, hard before easy."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from docrerank.records import Query
from docrerank.retrieval import similarity

#: Two negatives that share this much of their words are one.
SAME = 0.95
#: Share of a document's negatives that one property may take where others are possible, once there are `ENOUGH`.
MAX_SHARE = 0.28
ENOUGH = 20


def choose_negatives(
    source: Query, negatives: Sequence[Query], count: int, edited: Mapping[str, int] | None = None
) -> list[Query]:
    """Choose `count` negatives, the same every time; all of them if there are fewer.

    The paper does not publish its choice (section 2). Here no property is taken twice while another is left, the least
    edited come first, and within a property the closest to the positive (Jaccard similarity of words); near-duplicates
    count once. A property above `MAX_SHARE` of the document's negatives waits until the positive has no other.

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
    order = [different[place] for *_, place in sorted(ranked)]
    return ([query for query in order if not _is_common(query.property, used)] or order[:1])[:count]


def _is_common(name: str, used: Mapping[str, int]) -> bool:
    total = sum(used.values())
    return total >= ENOUGH and used.get(name, 0) > MAX_SHARE * total
