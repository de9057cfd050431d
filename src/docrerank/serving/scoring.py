"""In the models' thread: a batch of slices of requests as one call of the reranker."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from docrerank.records import UserError
from docrerank.reranker import Reranker
from docrerank.retrieval import Answer
from docrerank.serving.errors import ApiError
from docrerank.serving.pages import Content, PageContent, load

if TYPE_CHECKING:
    from docrerank.vision import VisionReranker

#: Pages of a ranking that `find_answer` looks at.
ANSWER_PAGES = 20


@dataclass(frozen=True, slots=True)
class Slice:
    """Some documents of one request; all of them where their scores depend on each other (`fused`)."""

    query: str
    pages: Sequence[Content]
    fused: bool


@dataclass(frozen=True, slots=True)
class _Opened:
    """A slice whose pages are in memory."""

    query: str
    pages: Sequence[PageContent]
    fused: bool


def score_slices(reranker: Reranker | VisionReranker, slices: Sequence[Slice]) -> list[list[float] | Exception]:
    """Score slices together: equal pairs once, equal pages encoded once; a slice that fails fails alone."""
    opened = [_open(part) for part in slices]
    whole = [part for part in opened if isinstance(part, _Opened)]
    if len(whole) > 1 and any(part.fused for part in whole):
        _encode(reranker, whole)
    try:
        known = _predict(reranker, [part for part in whole if not part.fused])
    except UserError:
        known = {}
    return [_score(reranker, part, known) if isinstance(part, _Opened) else part for part in opened]


def _open(part: Slice) -> _Opened | Exception:
    try:
        return _Opened(part.query, load(part.pages), part.fused)
    except Exception as error:
        return error


def _encode(reranker: Any, slices: Sequence[_Opened]) -> None:
    """All pages and queries of the batch at once: `rank` then finds them encoded."""
    reranker.encode_queries([part.query for part in slices])
    pages = {page.key: page.page for part in slices for page in part.pages}
    reranker.encode_pages(list(pages.values()))


def _predict(reranker: Any, slices: Sequence[_Opened]) -> dict[tuple[str, str], float]:
    """Scores by (query, page key); pairs of one query follow each other."""
    pairs = {(part.query, page.key): page.page for part in slices for page in part.pages}
    if not pairs:
        return {}
    scores = np.asarray(reranker.predict([(query, page) for (query, _), page in pairs.items()]), np.float32)
    return dict(zip(pairs, scores.tolist(), strict=True))


def _score(reranker: Any, part: _Opened, known: dict[tuple[str, str], float]) -> list[float] | Exception:
    try:
        if part.fused:
            scores = [0.0] * len(part.pages)
            for hit in reranker.rank(part.query, [page.page for page in part.pages]):
                scores[hit["corpus_id"]] = float(hit["score"])
        else:
            known = known or _predict(reranker, [part])
            scores = [known[part.query, page.key] for page in part.pages]
        return _check(scores)
    except Exception as error:
        return error


def _check(scores: list[float]) -> list[float]:
    if not all(map(math.isfinite, scores)):
        raise ApiError(422, "unreadable", "the model can make nothing of a page", "documents", "send another image")
    return scores


def find_answer(
    reranker: Reranker | VisionReranker, query: str, pages: Sequence[Content], scores: Sequence[float]
) -> Answer:
    """Whether any of the scored pages answers, by the model's threshold."""
    order = np.argsort(-np.asarray(scores), kind="stable")[:ANSWER_PAGES]
    return reranker.find_answer(query, [page.page for page in load([pages[index] for index in order])])
