"""A positive with all that was made from it, and what of that may be a negative: one rule for training and export."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from docrerank.records import Query

ORPHAN = "its positive is not in the run"
ANSWERED = "its page answers it"
SAME_WORDS = "its words are a positive of its page"


@dataclass(slots=True)
class Family:
    """A positive with its rephrasings, its hard negatives, and the pages mined for it (ids, the closest first)."""

    positive: Query
    rephrased: list[Query] = field(default_factory=list)
    negatives: list[Query] = field(default_factory=list)
    mined: list[str] = field(default_factory=list)

    def wordings(self) -> list[Query]:
        """All queries of the family that the page answers."""
        return [self.positive, *self.rephrased]

    def answering(self) -> set[str]:
        """Ids of the pages that are known to answer a wording: none of them is a negative."""
        return {page for query in self.wordings() for page in query.answered_by} | {self.positive.page_id}


def find_families(queries: Iterable[Query], left_out: Counter[str] | None = None) -> dict[str, Family]:
    """Families by their positive's id, in the order of the positives, without mined pages.

    A hard negative never stays one on a page that answers it: by its own `answered_by`, or because a positive or a
    rephrasing of the page has the same words.

    Args:
        queries: of whole pages.
        left_out: counts what is left out, by reason.
    """
    kept, left_out = list(queries), Counter() if left_out is None else left_out
    families = {query.id: Family(query) for query in kept if query.kind == "positive"}
    asked = {(query.page_id, normalise(query.text)) for query in kept if query.kind != "hard_negative"}
    for query in kept:
        family = families.get(query.source_id)
        if query.kind == "positive":
            continue
        if family is None or family.positive.page_id != query.page_id:
            left_out[ORPHAN] += 1
        elif query.kind == "rephrased":
            family.rephrased.append(query)
        elif query.page_id in query.answered_by:
            left_out[ANSWERED] += 1
        elif (query.page_id, normalise(query.text)) in asked:
            left_out[SAME_WORDS] += 1
        else:
            family.negatives.append(query)
    return families


def normalise(text: str) -> str:
    """A query without its case, its spacing and its closing marks: two that differ in these alone have the same words.

    Examples:
        >>> normalise(" Net  Sales in 2019?") == normalise("net sales in 2019")
        True
    """
    return " ".join(text.casefold().split()).rstrip("?. ")
