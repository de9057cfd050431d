"""Training groups as texts: which windows of a page stand for it against a query."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from docrerank.records import Page
from docrerank.retrieval import Encoding, PageStore, Vectors, find_heading
from docrerank.training.groups import Group


@dataclass(frozen=True, slots=True)
class Example:
    """A group as the loss sees it.

    Attributes:
        kind: of the group.
        queries: texts, the positive first.
        pages: the chosen windows of each page, the positive first.
        document: of the positive page; pages of one document are never in-batch negatives of each other.
        page: id of the positive page, or of the first page that it repeats.
        answered_by: of pages that answer the positive, likewise: no in-batch negatives either.
    """

    kind: Literal["mined", "generated"]
    queries: tuple[str, ...]
    pages: tuple[tuple[str, ...], ...]
    document: str
    page: str = ""
    answered_by: frozenset[str] = frozenset()


def build_examples(
    groups: Sequence[Group],
    pages: Mapping[str, Page],
    store: PageStore,
    windows_per_page: int,
    repeats: Mapping[str, str],
) -> list[Example]:
    """Choose each page's windows: for the positive the one that holds the evidence, then those closest to the query.

    Args:
        groups: what to learn from.
        pages: by id.
        store: filled with these pages by the untrained encoder, which also cuts the windows.
        windows_per_page: windows that stand for a page.
        repeats: pages that repeat another, with the first that they repeat.
    """
    needed = sorted({page for group in groups for page in group.group.pages})
    records = [pages[page] for page in needed]
    cut = store.encoder.cutter.cut([page.text for page in records], [find_heading(page) for page in records])
    texts = dict(zip(needed, cut, strict=True))
    vectors = dict(zip(needed, store.read_windows(records), strict=True))
    queries = store.encoder.encode_queries([group.group.queries[0] for group in groups])
    examples = []
    for group, query in zip(groups, queries, strict=True):
        chosen = [
            choose_windows(texts[page], vectors[page], query, group.evidence if index == 0 else "", windows_per_page)
            for index, page in enumerate(group.group.pages)
        ]
        kind, asked, own = group.group.kind, group.group.queries, pages[group.group.pages[0]]
        first, *answering = [repeats.get(page, page) for page in (own.id, *group.answered_by)]
        examples.append(Example(kind, asked, tuple(chosen), own.document, first, frozenset(answering)))
    return examples


def choose_windows(
    texts: Sequence[str], vectors: Vectors, query: Encoding, evidence: str, count: int
) -> tuple[str, ...]:
    """Up to `count` windows of a page: the one with the evidence, then the closest to the query."""
    if not texts:
        return ("",)
    closeness = vectors.astype(np.float32) @ query.windows[0]
    ranked = [int(index) for index in np.argsort(-closeness, kind="stable")]
    holding = find_evidence(texts, evidence)
    if holding is not None:
        ranked = [holding, *(index for index in ranked if index != holding)]
    return tuple(texts[index] for index in ranked[:count])


def find_evidence(texts: Sequence[str], evidence: str) -> int | None:
    """The first window that holds the line; if none does whole, the one with most of its words, if that is half."""
    line = " ".join(evidence.split())
    if not line:
        return None
    for index, text in enumerate(texts):
        if line in " ".join(text.split()):
            return index
    words = set(line.split())
    shared = [len(words & set(text.split())) for text in texts]
    best = int(np.argmax(shared))
    return best if shared[best] * 2 >= len(words) else None
