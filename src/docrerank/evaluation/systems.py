"""Systems that order a question's candidates: a name and how the scores come. Models, and baselines without one."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from docrerank.evaluation.benchmark import BenchmarkQuery, Collection, add_text
from docrerank.evaluation.models import Model, find_model, load_scorer
from docrerank.evaluation.names import ORACLE, PLAIN_BM25, RANDOM
from docrerank.evaluation.scorers import Scorer
from docrerank.recipe import fingerprint
from docrerank.records import Page, UserError
from docrerank.retrieval import Bm25, Vectors

#: Float32 scores of a question's pages, given by their ids, of shape (ids,); higher is better.
Score = Callable[[BenchmarkQuery, Sequence[str]], Vectors]


@dataclass(frozen=True, slots=True)
class Baseline:
    """Something without a model that orders a question's candidates.

    Attributes:
        name: in tables.
        version: fingerprint of what its scores depend on.
        score: gives the scores.
    """

    name: str
    version: str
    score: Score


@dataclass(frozen=True, slots=True)
class OpenModel:
    """A loaded model put to a collection's pages.

    Attributes:
        name: in tables.
        version: fingerprint of what its scores depend on.
        scorer: the model.
        read: gives a page by its id, with its text where the model reads text.
        trained: whether it learned from data that this project made.
    """

    name: str
    version: str
    scorer: Scorer
    read: Callable[[str], Page]
    trained: bool


System = Baseline | OpenModel


def open_system(
    name: str,
    collection: Collection,
    seed: int = 0,
    with_text: bool = False,
    trust_code: bool = False,
    **reading: Any,
) -> System:
    """A system by what a user names it: `bm25`, `random`, `oracle`, or anything that `find_model` knows."""
    if name == PLAIN_BM25:
        return Baseline(name, fingerprint(name, 1), score_by_bm25(collection))
    if name == RANDOM:
        return Baseline(name, fingerprint(name, seed), _score_by_chance(seed))
    if name == ORACLE:
        return Baseline(name, fingerprint(name, 1), _score_by_judgements(collection))
    model = find_model(name)
    return open_model(model, load_scorer(model, with_text, trust_code, **reading), collection)


def open_model(model: Model, scorer: Scorer, collection: Collection) -> OpenModel:
    """A loaded model put to a collection's pages.

    Args:
        model: what it is.
        scorer: it, loaded.
        collection: whose pages it reads.

    Raises:
        UserError: it reads images and there are none.
    """
    if not scorer.needs_text and not collection.source.has_images():
        raise UserError(f"'{model.name}' reads images and '{collection.name}' has none: give a text model")
    version = fingerprint(model.fingerprint(), scorer.needs_text, scorer.reading)
    return OpenModel(
        model.name, version, scorer, lambda page_id: read_page(collection, page_id, scorer.needs_text), model.trained
    )


def score_by_bm25(collection: Collection) -> Score:
    """BM25 over the whole group of pages that a question is asked of."""

    @cache
    def index(group: str) -> tuple[Bm25, dict[str, int]]:
        ids = collection.groups[group]
        texts = [collection.source.text(page_id) for page_id in ids]
        return Bm25(texts), {page_id: place for place, page_id in enumerate(ids)}

    def score(query: BenchmarkQuery, ids: Sequence[str]) -> Vectors:
        bm25, places = index(collection.group_of(query.id))
        return np.asarray(bm25.score(query.text)[[places[page_id] for page_id in ids]], np.float32)

    return score


def read_page(collection: Collection, page_id: str, with_text: bool) -> Page:
    """A page of a collection; with its text, by OCR if need be, where a model reads text."""
    page = collection.source.page(page_id)
    if not with_text or page.text:
        return page
    return add_text(page, collection.source.text(page_id))


def _score_by_chance(seed: int) -> Score:
    """A seeded score for each question and page."""
    return lambda query, ids: np.array(
        [random.Random(f"{seed} {query.id} {page}").random() for page in ids], np.float32
    )


def _score_by_judgements(collection: Collection) -> Score:
    """What the best reordering of the candidates reaches."""
    qrels = collection.benchmark.qrels
    return lambda query, ids: np.array([qrels.get(query.id, {}).get(page, 0) for page in ids], np.float32)
