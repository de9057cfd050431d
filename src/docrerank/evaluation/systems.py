"""Systems over a collection: models, and the baselines that need no model."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Protocol

import numpy as np

from docrerank.benchmark import BenchmarkQuery, Collection, add_text
from docrerank.encoding import Vectors
from docrerank.evaluation.models import Model, find_model, load_scorer
from docrerank.evaluation.names import ORACLE, PLAIN_BM25, RANDOM
from docrerank.evaluation.scorers import Scorer
from docrerank.mining import Bm25
from docrerank.recipe import fingerprint
from docrerank.records import Page, UserError


class System(Protocol):
    """Something that orders a question's candidates.

    Attributes:
        name: in tables.
        trained: whether it learned from data that this project made.
        version: fingerprint of what its scores depend on.
    """

    name: str
    trained: bool
    version: str

    def score(self, query: BenchmarkQuery, ids: Sequence[str]) -> Vectors:
        """Float32 scores of shape (ids,), higher is better."""

    def count_tokens(self, query: BenchmarkQuery, ids: Sequence[str]) -> int:
        """Tokens that a model reads for the question and these pages; 0 if it reads none."""


class ModelSystem:
    """A model put to a collection's pages.

    Args:
        model: what it is.
        scorer: the loaded model.
        collection: gives the pages.
    """

    def __init__(self, model: Model, scorer: Scorer, collection: Collection) -> None:
        self.name, self.trained = model.name, model.trained
        self.version = fingerprint(model.fingerprint(), scorer.needs_text)
        self.scorer = scorer
        self.collection = collection
        if not scorer.needs_text and not collection.source.has_images():
            raise UserError(f"'{model.name}' reads images and '{collection.name}' has none: give a text model")

    def score(self, query: BenchmarkQuery, ids: Sequence[str]) -> Vectors:
        """See `System`."""
        return self.scorer.score(query.text, self._pages(ids))

    def count_tokens(self, query: BenchmarkQuery, ids: Sequence[str]) -> int:
        """See `System`."""
        return self.scorer.count_tokens(query.text, self._pages(ids))

    def _pages(self, ids: Sequence[str]) -> list[Page]:
        return [read_page(self.collection, page_id, self.scorer.needs_text) for page_id in ids]


class _WithoutModel:
    trained = False

    def count_tokens(self, query: BenchmarkQuery, ids: Sequence[str]) -> int:
        """See `System`."""
        return 0


class Bm25System(_WithoutModel):
    """BM25 over the whole group that a question is asked of."""

    name, version = PLAIN_BM25, fingerprint("bm25", 1)

    def __init__(self, collection: Collection) -> None:
        self.collection = collection
        self._indexes: dict[str, tuple[Bm25, dict[str, int]]] = {}

    def score(self, query: BenchmarkQuery, ids: Sequence[str]) -> Vectors:
        """See `System`."""
        index, places = self._index(self.collection.group_of(query.id))
        return np.asarray(index.score(query.text)[[places[page_id] for page_id in ids]], np.float32)

    def _index(self, group: str) -> tuple[Bm25, dict[str, int]]:
        if group not in self._indexes:
            ids = self.collection.groups[group]
            texts = [self.collection.source.text(page_id) for page_id in ids]
            self._indexes[group] = (Bm25(texts), {page_id: place for place, page_id in enumerate(ids)})
        return self._indexes[group]


class RandomSystem(_WithoutModel):
    """Chance: a seeded score for each question and page."""

    name = RANDOM

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.version = fingerprint("random", seed)

    def score(self, query: BenchmarkQuery, ids: Sequence[str]) -> Vectors:
        """See `System`."""
        return np.array([random.Random(f"{self.seed} {query.id} {page}").random() for page in ids], np.float32)


class OracleSystem(_WithoutModel):
    """The judgements themselves: what the best reordering of the candidates reaches."""

    name, version = ORACLE, fingerprint("oracle", 1)

    def __init__(self, collection: Collection) -> None:
        self.qrels = collection.benchmark.qrels

    def score(self, query: BenchmarkQuery, ids: Sequence[str]) -> Vectors:
        """See `System`."""
        relevant = self.qrels.get(query.id, {})
        return np.array([relevant.get(page, 0) for page in ids], np.float32)


def open_system(
    name: str, collection: Collection, seed: int = 0, with_text: bool = False, trust_code: bool = False
) -> System:
    """A system by what a user names it: `bm25`, `random`, `oracle`, or anything that `find_model` knows."""
    if name == PLAIN_BM25:
        return Bm25System(collection)
    if name == RANDOM:
        return RandomSystem(seed)
    if name == ORACLE:
        return OracleSystem(collection)
    model = find_model(name)
    return ModelSystem(model, load_scorer(model, with_text, trust_code), collection)


def read_page(collection: Collection, page_id: str, with_text: bool) -> Page:
    """A page of a collection; with its text, by OCR if need be, where a model reads text."""
    page = collection.source.page(page_id)
    if not with_text or page.text:
        return page
    return add_text(page, collection.source.text(page_id))
