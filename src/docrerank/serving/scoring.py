"""In the models' thread: a batch of parts of requests as one call of the reranker."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from docrerank.reranker import share_probability
from docrerank.retrieval import Answer, Vectors, score_tokens, score_windows
from docrerank.serving.errors import ApiError
from docrerank.serving.pages import Content

if TYPE_CHECKING:
    from docrerank.serving.models import ServedModel

#: Queries with a page each; for a fused model all of one query.
Pairs: TypeAlias = Sequence[tuple[str, Content]]

#: Pages of a ranking that `find_answer` looks at.
ANSWER_PAGES = 20


@dataclass(frozen=True, slots=True)
class Scores:
    """A request's scores, float32, and how likely each page answers; not for cross-encoders and vision models."""

    values: list[float]
    probabilities: list[float] | None


def score_parts(model: ServedModel, parts: Sequence[Pairs]) -> list[Vectors | Exception]:
    """Score parts of requests together, equal pairs once and equal pages encoded once; one that fails fails alone.

    Returns:
        Scores of shape (pairs,); of a fused model the views of shape (pairs, 2), best window and late interaction.
    """
    try:
        return [*(_view if model.fused else _predict)(model.reranker, parts)]
    except Exception as error:
        return [error] if len(parts) == 1 else [score_parts(model, [part])[0] for part in parts]


def combine(model: ServedModel, pairs: Pairs, views: Vectors) -> Scores:
    """A request's scores from those of its parts."""
    if not np.isfinite(views).all():
        raise ApiError(422, "unreadable", "the model can make nothing of a page", "documents", "send another image")
    reranker: Any = model.reranker
    if not model.fused:
        likely = share_probability(views).tolist() if model.kind == "late_interaction" else None
        return Scores(views.tolist(), likely)
    places = {page.key: place for place, (_, page) in enumerate(pairs)}  # equal pages have one score
    kept = list(places.values())
    scores = reranker.fuse(pairs[0][0], [pairs[place][1].page for place in kept], views[kept, 0], views[kept, 1])
    by_key = dict(zip(places, scores.tolist(), strict=True))
    values = [by_key[page.key] for _, page in pairs]
    own = reranker.card.calibration.apply(views[:, 1])
    return Scores(values, share_probability(own, np.array(values, np.float32)).tolist())


def find_answer(model: ServedModel, pairs: Pairs, scores: Sequence[float]) -> Answer:
    """Whether any of a query's scored pages answers."""
    best = np.argsort(-np.asarray(scores), kind="stable")[:ANSWER_PAGES]
    return model.reranker.find_answer(pairs[0][0], [pairs[place][1].page for place in best])


def _predict(reranker: Any, parts: Sequence[Pairs]) -> list[Vectors]:
    """Scores of pairs; pairs of one query follow each other."""
    pairs = {(query, page.key): page.page for part in parts for query, page in part}
    scores = np.asarray(reranker.predict([(query, page) for (query, _), page in pairs.items()]), np.float32)
    known = dict(zip(pairs, scores.tolist(), strict=True))
    return [np.array([known[query, page.key] for query, page in part], np.float32) for part in parts]


def _view(reranker: Any, parts: Sequence[Pairs]) -> list[Vectors]:
    """What a fusion adds up beside BM25: untrained MiniLM's best window and late interaction."""
    pages = {page.key: page.page for part in parts for _, page in part}
    views = []
    for encoder, compare in ((reranker.open_first(), score_windows), (reranker, score_tokens)):
        encoded = dict(zip(pages, encoder.encode_pages(list(pages.values())), strict=True))
        queries = encoder.encode_queries([part[0][0] for part in parts])
        own = [[encoded[page.key] for _, page in part] for part in parts]
        views.append([compare([query], found)[0] for query, found in zip(queries, own, strict=True)])
    return [np.stack(pair, axis=1) for pair in zip(*views, strict=True)]
