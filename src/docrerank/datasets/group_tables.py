"""The groups that sentence-transformers trains on, by id: `resolve_ids` of sentence-transformers joins them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

import pyarrow as pa

from docrerank.datasets.groups import FamilyGroup
from docrerank.datasets.tables import TableRow, Tables

GroupForm = Literal["triplet", "n-tuple", "labeled-pair", "labeled-list"]
GROUP_FORMS: tuple[GroupForm, ...] = ("triplet", "n-tuple", "labeled-pair", "labeled-list")

_ID, _IDS, _LABELS = pa.string(), pa.list_(pa.string()), pa.list_(pa.int64())


def find_columns(form: GroupForm, negatives: int) -> Tables:
    """The tables of a form and their columns, in the order that a loss reads them.

    Example:
        >>> {table: list(columns) for table, columns in find_columns("triplet", 3).items()}
        {'mined': ['query_id', 'positive_id', 'negative_id'], 'generated': ['page_id', 'positive_id', 'negative_id']}
    """
    match form:
        case "labeled-pair":
            return {"pairs": {"query_id": _ID, "page_id": _ID, "label": pa.int64()}}
        case "labeled-list":
            return {
                "mined": {"query_id": _ID, "page_ids": _IDS, "labels": _LABELS},
                "generated": {"page_id": _ID, "query_ids": _IDS, "labels": _LABELS},
            }
    names = ["negative_id"] if form == "triplet" else [f"negative_{n}_id" for n in range(1, negatives + 1)]
    rest = dict.fromkeys(["positive_id", *names], _ID)
    return {"mined": {"query_id": _ID, **rest}, "generated": {"page_id": _ID, **rest}}


def build_rows(form: GroupForm, group: FamilyGroup, negatives: int) -> Iterator[TableRow]:
    """Yield (table, row) for one family; every wording of its positive makes groups of its own.

    Args:
        form: of the set.
        group: the family.
        negatives: of an n-tuple, exactly; of a labelled list, at most. A family with fewer makes no n-tuple.
    """
    if form == "labeled-pair":
        yield from _build_pairs(group)
        return
    for wording in group.family.wordings():
        mined = (wording.id, group.page, group.family.mined)
        generated = (group.page, wording.id, [query.id for query in group.family.negatives])
        for table, (anchor, positive, others) in (("mined", mined), ("generated", generated)):
            for row in _arrange(form, table, anchor, positive, others, negatives):
                yield table, row


def _arrange(
    form: GroupForm, table: str, anchor: str, positive: str, others: list[str], negatives: int
) -> Iterator[dict[str, Any]]:
    head = {"query_id" if table == "mined" else "page_id": anchor}
    if form == "triplet":
        for other in others:
            yield {**head, "positive_id": positive, "negative_id": other}
    elif form == "labeled-list":
        ids = [positive, *others[:negatives]]
        if len(ids) > 1:
            name = "page_ids" if table == "mined" else "query_ids"
            yield {**head, name: ids, "labels": [1, *[0] * (len(ids) - 1)]}
    elif len(others) >= negatives:
        numbered = {f"negative_{n}_id": other for n, other in enumerate(others[:negatives], 1)}
        yield {**head, "positive_id": positive, **numbered}


def _build_pairs(group: FamilyGroup) -> Iterator[TableRow]:
    """Each (query, page) pair once: the positives first, then hard negatives on the page and mined pages."""
    family = group.family
    labels = {(query.id, group.page): 1 for query in family.wordings()}
    labels |= {(query.id, page): 1 for query, page in group.elsewhere}
    labels |= {(query.id, group.page): 0 for query in family.negatives}
    labels |= {(query.id, page): 0 for query in family.wordings() for page in family.mined}
    for (query, page), label in labels.items():
        yield "pairs", {"query_id": query, "page_id": page, "label": label}
