"""Which documents training learns from and which measure its progress: whole documents, never both."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from docrerank.runs.run import Run


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


def split_run(run: Run, share: float) -> Split:
    """Split a run's pages by document, or by page where there is one document.

    Args:
        run: its pages are there, and its queries, if any are written.
        share: of the positives, not of the documents, so that one long report cannot take most of what there is to
            learn from into the dev part.
    """
    documents = dict(zip(run.pages.column("id"), run.pages.column("document"), strict=True))
    kinds = zip(run.queries.column("page_id"), run.queries.column("kind"), strict=True)
    return split_pages(documents, Counter(page for page, kind in kinds if kind == "positive"), share, run.recipe.seed)


def split_pages(documents: Mapping[str, str], positives: Mapping[str, int], share: float, seed: int) -> Split:
    """Split pages, drawn by a hash of the document's name, so that a new document does not move the others much.

    At least one document is kept for dev where there are two, and at least one page where there is one document with
    two pages; a single page is train only.

    Args:
        documents: of every page id its document.
        positives: how many positives a page has, by page id.
        share: of the positives that measure.
        seed: of the draw.
    """
    by_page = len(set(documents.values())) < 2
    units = {page: page if by_page else document for page, document in documents.items()}
    counts = dict.fromkeys(units.values(), 0)
    for page, unit in units.items():
        counts[unit] += positives.get(page, 0)
    drawn = draw(counts, share, seed)
    dev = frozenset(page for page, unit in units.items() if unit in drawn)
    return Split("page" if by_page else "document", frozenset(units) - dev, dev)


def draw(counts: Mapping[str, int], share: float, seed: int) -> frozenset[str]:
    """Documents (or pages) that hold at most `share` of all positives: at least one of them, never all.

    In the order of their hashes, each that does not go beyond the share; where all do, the one with the fewest
    positives. Without any positive every document counts as one.

    Args:
        counts: positives by document.
        share: 0 to 1.
        seed: of the order.

    Examples:
        >>> sorted(draw({"report": 90, "letter": 4, "slides": 6}, 0.1, 13)), draw({"report": 90}, 0.5, 13)
        (['letter', 'slides'], frozenset())
    """
    weights = {name: count for name, count in counts.items() if count} or dict.fromkeys(counts, 1)
    if len(counts) < 2:
        return frozenset()
    order, most = sort_by_hash(list(weights), seed), share * sum(weights.values())
    drawn: set[str] = set()
    for name in order:
        if weights[name] <= most and len(drawn) < len(counts) - 1:
            drawn.add(name)
            most -= weights[name]
    return frozenset(drawn or {min(order, key=lambda name: weights[name])})


def sort_by_hash(names: Sequence[str], seed: int) -> list[str]:
    """The names in an order that looks random and is the same everywhere."""
    return sorted(names, key=lambda name: hash_name(name, seed))


def hash_name(name: str, seed: int) -> bytes:
    """What `sort_by_hash` sorts by."""
    return hashlib.sha256(f"{seed}\n{name}".encode()).digest()
