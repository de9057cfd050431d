"""In the models' thread: a batch of parts of requests as one call of the reranker."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from docrerank.records import UserError
from docrerank.reranker import Reranker
from docrerank.retrieval import Answer, Vectors, score_tokens, score_windows
from docrerank.serving.errors import ApiError
from docrerank.serving.pages import Content, load

if TYPE_CHECKING:
    from docrerank.serving.models import ServedModel
    from docrerank.vision import VisionReranker

#: Pages of a ranking that `find_answer` looks at.
ANSWER_PAGES = 20
#: A probability this near to 0 or 1 has no finite logit in float32.
EDGE = 1e-7
#: From fused scores to the odds of being the page that answers, fitted on questions of people
#: (`python -m benchmarks.start threshold`).
FUSED_SCALE = 1.89


@dataclass(frozen=True, slots=True)
class Part:
    """Some pairs of one request; where they are `fused`, all have the same query."""

    queries: Sequence[str]
    pages: Sequence[Content]
    fused: bool


@dataclass(frozen=True, slots=True)
class Scores:
    """A request's scores, float32, and how likely each page is the one that answers, if one does: they add up to 1."""

    values: list[float]
    probabilities: list[float] | None


def score_parts(reranker: Reranker | VisionReranker, parts: Sequence[Part]) -> list[Vectors | Exception]:
    """Score parts together, equal pairs once and equal pages encoded once; a part that fails fails alone.

    Returns:
        Scores of shape (pairs,); of a fused part the views of shape (pairs, 2), best window and late interaction.
    """
    opened = [_open(part) for part in parts]
    plain = [part for part in opened if isinstance(part, Part) and not part.fused]
    fused = [part for part in opened if isinstance(part, Part) and part.fused]
    try:
        if len(fused) > 1:
            _encode(reranker, fused)
        known = _predict(reranker, plain)
    except UserError:
        known = {}
    return [_score(reranker, part, known) if isinstance(part, Part) else part for part in opened]


def combine(model: ServedModel, part: Part, views: Vectors) -> Scores:
    """A request's scores from those of its parts."""
    if not np.isfinite(views).all():
        raise ApiError(422, "unreadable", "the model can make nothing of a page", "documents", "send another image")
    reranker: Any = model.reranker
    if not part.fused:
        inside = np.clip(views, EDGE, 1 - EDGE)
        odds = np.log(inside / (1 - inside)) if model.kind == "late_interaction" else None
        return Scores(views.tolist(), None if odds is None else _share(odds))
    pages = load(part.pages)
    places = {page.key: place for place, page in enumerate(pages)}  # equal pages have one score
    kept = list(places.values())
    scores = reranker.fuse(part.queries[0], [pages[place].page for place in kept], views[kept, 0], views[kept, 1])
    by_key = dict(zip(places, scores.tolist(), strict=True))
    values = [by_key[page.key] for page in pages]
    return Scores(values, _share(FUSED_SCALE * np.array(values, np.float32)))


def find_answer(model: ServedModel, query: str, pages: Sequence[Content], scores: Sequence[float]) -> Answer:
    """Whether any of the scored pages answers, by the model's threshold."""
    order = np.argsort(-np.asarray(scores), kind="stable")[:ANSWER_PAGES]
    return model.reranker.find_answer(query, [page.page for page in load([pages[index] for index in order])])


def _share(odds: Vectors) -> list[float]:
    weights = np.exp(odds - odds.max())
    shares: list[float] = (weights / weights.sum()).tolist()
    return shares


def _open(part: Part) -> Part | Exception:
    try:
        return Part(part.queries, load(part.pages), part.fused)
    except Exception as error:
        return error


def _encode(reranker: Any, parts: Sequence[Part]) -> None:
    """Encode all pages and queries of the batch at once; each part then finds them encoded."""
    reranker.encode_queries([query for part in parts for query in part.queries[:1]])
    pages = {page.key: page.page for part in parts for page in load(part.pages)}
    reranker.encode_pages(list(pages.values()))


def _predict(reranker: Any, parts: Sequence[Part]) -> dict[tuple[str, str], float]:
    """Scores by query and page key; pairs of one query follow each other."""
    pairs = {
        (query, page.key): page for part in parts for query, page in zip(part.queries, load(part.pages), strict=True)
    }
    if not pairs:
        return {}
    scores = np.asarray(reranker.predict([(query, page.page) for (query, _), page in pairs.items()]), np.float32)
    return dict(zip(pairs, scores.tolist(), strict=True))


def _score(reranker: Any, part: Part, known: dict[tuple[str, str], float]) -> Vectors | Exception:
    try:
        if part.fused:
            return _view(reranker, part)
        known = known or _predict(reranker, [part])
        found = [known[query, page.key] for query, page in zip(part.queries, part.pages, strict=True)]
        return np.array(found, np.float32)
    except Exception as error:
        return error


def _view(reranker: Any, part: Part) -> Vectors:
    """What a fusion adds up beside BM25: untrained MiniLM's best window and late interaction."""
    query, pages = [part.queries[0]], [page.page for page in load(part.pages)]
    first = reranker.open_first()
    tokens = score_tokens(reranker.encode_queries(query), reranker.encode_pages(pages))[0]
    windows = score_windows(first.encode_queries(query), first.encode_pages(pages))[0]
    return np.stack([windows, tokens], axis=1)
