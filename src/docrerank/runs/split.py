"""Which documents training learns from and which measure its progress: whole documents, never both."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from docrerank.records import Page


@dataclass(frozen=True, slots=True)
class Split:
    """The pages of each part.

    Attributes:
        unit: `document`, or `page` where there is only one document: its dev part then shares the document's style.
        train: page ids.
        dev: page ids.
    """

    unit: Literal["document", "page"]
    train: frozenset[str]
    dev: frozenset[str]


def split_pages(pages: Iterable[Page], dev_share: float, seed: int) -> Split:
    """Split by document, drawn by a hash of the name, so that a new document does not move the others much.

    At least one document is kept for dev where there are two, and at least one page where there is one document with
    two pages; a single page is train only.
    """
    documents: dict[str, list[str]] = {}
    for page in pages:
        documents.setdefault(page.document, []).append(page.id)
    if len(documents) > 1:
        drawn = draw(documents, dev_share, seed)
        dev = frozenset(page for document in drawn for page in documents[document])
        unit: Literal["document", "page"] = "document"
    else:
        dev = frozenset(draw([page for own in documents.values() for page in own], dev_share, seed))
        unit = "page"
    everything = frozenset(page for own in documents.values() for page in own)
    return Split(unit, everything - dev, dev)


def draw(names: Iterable[str], share: float, seed: int) -> list[str]:
    """The names with the lowest hashes: `share` of them, at least one, never all.

    Example:
        >>> len(draw(["a", "b", "c"], 0.1, 13)), draw(["a"], 0.5, 13)
        (1, [])
    """
    ordered = sort_by_hash(list(names), seed)
    return ordered[: min(len(ordered) - 1, max(1, round(len(ordered) * share)))]


def sort_by_hash(names: Sequence[str], seed: int) -> list[str]:
    """The names in an order that looks random and is the same everywhere."""
    return sorted(names, key=lambda name: hashlib.sha256(f"{seed}\n{name}".encode()).digest())
