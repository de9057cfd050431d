"""The dev part of a vision-language reranker: its own page among near ones, and hard negatives on one page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from docrerank.records import Page, Query, UserError
from docrerank.retrieval import Bm25, Threshold, Vectors, measure_relevance
from docrerank.training.calibration import choose_useful
from docrerank.training.dev import DevPart, DevScores, measure_ndcg
from docrerank.vision.images import open_page
from docrerank.vision.page_cache import PageCache
from docrerank.vision.processes import Processes
from docrerank.vision.scoring import VisionReranker

#: Score of a page that could not be drawn: it is below every other.
UNREADABLE = -100.0
#: Pages that look alike do so at this size.
LOOK_SIDE, LOOK_PIXELS = 32, 10_000


@dataclass(frozen=True, slots=True)
class DevPlan:
    """The pairs that are measured.

    Attributes:
        pairs: (query text, page).
        rankings: for each query, the places of its candidates in `pairs`, its own page first.
        gaps: (place of a hard negative, place of its positive) on the same page.
    """

    pairs: tuple[tuple[str, Page], ...]
    rankings: tuple[tuple[int, ...], ...]
    gaps: tuple[tuple[int, int], ...]


def plan_dev(part: DevPart, candidates: int) -> DevPlan:
    """Each query with its own page and the best others of the document; each hard negative with its page.

    The best are BM25's; where no page of a document has any text, those that look most like the query's own.
    """
    pages = {page.id: page for page in part.pages}
    documents: dict[str, list[Page]] = {}
    for page in part.pages:
        documents.setdefault(page.document, []).append(page)
    orders = {name: _order_by_text(own) or _order_by_look(own) for name, own in documents.items()}
    pairs: list[tuple[str, Page]] = []
    rankings, owner = [], {}
    for query in part.queries:
        own = pages[query.page_id]
        others = [page for page in orders[own.document](query) if not part.are_copies(page.id, own.id)]
        rankings.append(tuple(range(len(pairs), len(pairs) + 1 + len(others[: candidates - 1]))))
        owner[query.id] = len(pairs)
        pairs += [(query.text, page) for page in (own, *others[: candidates - 1])]
    gaps = [(len(pairs) + number, owner[query.source_id]) for number, query in enumerate(part.negatives)]
    pairs += [(query.text, pages[query.page_id]) for query in part.negatives]
    return DevPlan(tuple(pairs), tuple(rankings), tuple(gaps))


def _order_by_text(pages: Sequence[Page]) -> Callable[[Query], list[Page]] | None:
    if not any(page.text.strip() for page in pages):
        return None
    index = Bm25([page.text for page in pages])
    return lambda query: [pages[place] for place in np.argsort(-index.score(query.text), kind="stable")]


def _order_by_look(pages: Sequence[Page]) -> Callable[[Query], list[Page]]:
    places, looks = {page.id: place for place, page in enumerate(pages)}, np.stack([draw_look(page) for page in pages])
    return lambda query: [pages[at] for at in np.argsort(-looks @ looks[places[query.page_id]], kind="stable")]


def draw_look(page: Page) -> Vectors:
    """A page as a small grey image, (side * side,), of mean 0 and length 1; zeros if it cannot be drawn."""
    try:
        image = open_page(page, LOOK_PIXELS).draw(1).convert("L").resize((LOOK_SIDE, LOOK_SIDE))
    except (UserError, OSError, ValueError):
        return np.zeros(LOOK_SIDE**2, np.float32)
    grey = np.asarray(image, np.float32).ravel()
    return np.asarray((grey - grey.mean()) / max(float(np.linalg.norm(grey - grey.mean())), 1e-6), np.float32)


def rate(scores: Vectors, plan: DevPlan) -> DevScores:
    """What the scores of a plan's pairs, in their order, come to."""
    if not plan.pairs:
        return DevScores(0.0, 0.0, 0.0)
    lists = [scores[list(places)] for places in plan.rankings]
    ndcg = float(np.mean([measure_ndcg(own, 0) for own in lists]))
    loss = float(np.mean([np.logaddexp.reduce(own.astype(np.float64)) - own[0] for own in lists]))
    if not plan.gaps:
        return DevScores(ndcg, 0.0, loss)
    gaps = np.array([scores[negative] - scores[positive] for negative, positive in plan.gaps], np.float64)
    return DevScores(ndcg, float((gaps < 0).mean()), loss + float(np.logaddexp(0, gaps).mean()))


def find_threshold(scores: Vectors, part: DevPart, plan: DevPlan, false_answer_rate: float) -> Threshold | None:
    """The relevance from which a page is said to answer; hard negatives get their positive's candidates.

    Args:
        scores: of the plan's pairs, by the model as it is delivered.
        part: the queries of the plan.
        plan: their pairs.
        false_answer_rate: share of hard negatives that may pass.
    """
    chances = 1 / (1 + np.exp(-scores.astype(np.float64)))
    judged: list[tuple[bool, float]] = []
    candidates: dict[int, list[str]] = {}
    for places in plan.rankings:
        best = sorted(places, key=lambda place: -scores[place])
        candidates[places[0]] = [plan.pairs[place][1].text for place in places]
        texts = [plan.pairs[place][1].text for place in best]
        judged.append((True, measure_relevance(plan.pairs[best[0]][0], texts, float(chances[best[0]]))))
    for query, (place, source) in zip(part.negatives, plan.gaps, strict=True):
        if not query.answered_by:
            judged.append((False, measure_relevance(query.text, candidates[source], float(chances[place]))))
    return choose_useful(judged, false_answer_rate)


def score_plan(reranker: VisionReranker, pairs: Sequence[tuple[str, Page]]) -> Vectors:
    """Logit differences of all pairs, those of pages that cannot be drawn below every other."""
    return np.nan_to_num(reranker.score(pairs).values, nan=UNREADABLE).astype(np.float32)


def score_shared(reranker: VisionReranker, pairs: Sequence[tuple[str, Page]], processes: Processes) -> Vectors:
    """Logit differences of all pairs, each process scoring its share of the pages.

    Nothing is cached, for the weights go on changing.
    """
    reranker.cache = PageCache()
    numbers = {key: number for number, key in enumerate(dict.fromkeys(page.id for _, page in pairs))}
    own = [place for place, (_, page) in enumerate(pairs) if numbers[page.id] % processes.world == processes.rank]
    scores = torch.zeros(len(pairs))
    if own:
        scores[own] = torch.from_numpy(score_plan(reranker, [pairs[place] for place in own]))
    processes.sum([scores])
    return scores.numpy()
