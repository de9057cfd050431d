"""Training groups as texts: which window of a page stands for it against a query."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from docrerank.retrieval import Encoding, PageStore, TokenEncoder, Vectors, WindowCutter, find_heading
from docrerank.training.training_data import Material
from docrerank.training.training_groups import Group

#: Pages beside a group's own that a teacher's scores bring in.
TAUGHT_PAGES = 8


@dataclass(frozen=True, slots=True)
class Example:
    """A group as the loss sees it.

    Attributes:
        kind: of the group.
        queries: texts, the positive first.
        pages: a window of each page, the positive first.
        document: of the positive page; pages of one document are never in-batch negatives of each other.
        page: id of the positive page, or of the first page that it repeats.
        answered_by: of pages that answer the positive, likewise: no in-batch negatives either.
        soft: a teacher's logits of the pairs, query by query; nan where it gave none, empty if there is no teacher.
        judged: pairs whose label is verified, the first ones; the others are the teacher's alone. 0 stands for all.
    """

    kind: Literal["mined", "generated"]
    queries: tuple[str, ...]
    pages: tuple[str, ...]
    document: str
    page: str = ""
    answered_by: frozenset[str] = frozenset()
    soft: tuple[float, ...] = ()
    judged: int = 0


def build_examples(material: Material, store: PageStore, cutter: WindowCutter) -> list[Example]:
    """Choose each page's window: for the positive the one that holds the evidence, else the closest to the query.

    Args:
        material: what to learn from.
        store: filled with its pages by the untrained encoder, which says what is close.
        cutter: cuts pages as the model that learns reads them.
    """
    chooser = _Chooser(material, store, cutter)
    queries = store.encoder.encode_queries([group.group.queries[0] for group in material.groups])
    return [chooser.build(group, query) for group, query in zip(material.groups, queries, strict=True)]


class _Chooser:
    """The windows of all pages, with their vectors where the untrained encoder cuts alike."""

    def __init__(self, material: Material, store: PageStore, cutter: WindowCutter) -> None:
        self.material = material
        records = [material.pages[page] for page in sorted(material.pages)]
        cut = cutter.cut([page.text for page in records], [find_heading(page) for page in records])
        self.texts = {page.id: texts for page, texts in zip(records, cut, strict=True)}
        encoder = store.encoder
        assert isinstance(encoder, TokenEncoder)
        if cutter.settings == encoder.settings:
            vectors = store.read_windows(records)
        else:
            flat = [text for texts in cut for text in texts]
            encoded = iter(encoder.encode(flat, "document"))
            vectors = [_stack([next(encoded) for _ in texts]) for texts in cut]
        self.vectors = {page.id: own for page, own in zip(records, vectors, strict=True)}

    def build(self, group: Group, query: Encoding) -> Example:
        """The group as texts."""
        kind, asked, pages = group.group.kind, group.group.queries, group.group.pages
        taught, soft = self._teach(group)
        chosen = [
            choose_window(self.texts[page], self.vectors[page], query, group.evidence if index == 0 else "")
            for index, page in enumerate((*pages, *taught))
        ]
        repeats, own = self.material.dev.repeats, self.material.pages[pages[0]]
        first, *answering = [repeats.get(page, page) for page in (own.id, *group.answered_by)]
        judged = len(asked) * len(pages)
        return Example(kind, asked, tuple(chosen), own.document, first, frozenset(answering), soft, judged)

    def _teach(self, group: Group) -> tuple[list[str], tuple[float, ...]]:
        """Pages that only the teacher has an opinion of, and its logits of all pairs."""
        scores = [self.material.soft.get(query, {}) for query in group.ids]
        if not any(scores):
            return [], ()
        pages, taught = group.group.pages, []
        if group.group.kind == "mined":
            known = sorted(scores[0], key=lambda page: -scores[0][page])
            taught = [page for page in known if page in self.texts and page not in pages][:TAUGHT_PAGES]
        return taught, tuple(own.get(page, float("nan")) for own in scores for page in (*pages, *taught))


def _stack(encoded: Sequence[Encoding]) -> Vectors:
    return np.concatenate([one.windows for one in encoded]) if encoded else np.zeros((0, 1), np.float32)


def choose_window(texts: Sequence[str], vectors: Vectors, query: Encoding, evidence: str) -> str:
    """The window of a page that holds the evidence, else the closest to the query; empty for a page without text."""
    if not texts:
        return ""
    if (holding := find_evidence(texts, evidence)) is not None:
        return texts[holding]
    return texts[int(np.argmax(vectors.astype(np.float32) @ query.windows[0]))]


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
