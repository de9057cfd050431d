"""Ranking metrics of each query, computed by pytrec_eval (trec_eval's own code), and the ceiling of the candidates.

trec_eval's conventions hold, as in mteb: scores are compared as 32-bit floats, so that two that differ by less are
tied; ties are broken by page id, the higher (by code point) first; NDCG's gain is the relevance itself and its
discount log2(rank + 1).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np

from docrerank.recipe.extras import require
from docrerank.records import UserError

#: query id to page id to score; higher is better.
Rankings = Mapping[str, Mapping[str, float]]
#: query id to page id to relevance, an integer from 0.
Qrels = Mapping[str, Mapping[str, int]]
#: metric to query id to value, from 0 to 1.
PerQuery = dict[str, dict[str, float]]

#: The metric that systems are compared by.
HEADLINE = "NDCG@5"
METRICS = ("NDCG@5", "NDCG@10", "R@1", "R@5", "MRR@10")
#: trec_eval reserves memory in proportion to the highest relevance, so it is bounded.
MAX_RELEVANCE = 1000

_MEASURES = {"NDCG@5": "ndcg_cut_5", "NDCG@10": "ndcg_cut_10", "R@1": "recall_1", "R@5": "recall_5"}
_LARGEST = float(np.finfo(np.float32).max)


def score_rankings(rankings: Rankings, qrels: Qrels) -> PerQuery:
    """Each metric of `METRICS` for each query with at least one relevant page.

    A query that was not ranked counts 0 (pytrec_eval alone would leave it out of the mean); ranked queries without a
    relevant page are passed over. MRR@10 is the reciprocal rank in the ranking cut to its first 10 pages.

    Raises:
        UserError: if a score is not finite in 32 bits: such scores have no order to measure.
        MissingExtra: if pytrec_eval is not installed.

    Example:
        >>> score_rankings({"q": {"a/1": 0.2, "a/2": 0.9}}, {"q": {"a/1": 1}})["MRR@10"]
        {'q': 0.5}
    """
    judged = select_relevant(qrels)
    check_rankings(rankings)
    chosen = {query: {page: float(score) for page, score in rankings.get(query, {}).items()} for query in judged}
    top = {query: {page: scores[page] for page in rank_pages(scores)[:10]} for query, scores in chosen.items()}
    found = _evaluate(chosen, judged, {"ndcg_cut.5,10", "recall.1,5"})
    first = _evaluate(top, judged, {"recip_rank"})
    scores = {metric: {query: found[query][name] for query in judged} for metric, name in _MEASURES.items()}
    scores["MRR@10"] = {query: first[query]["recip_rank"] for query in judged}
    return scores


def measure_ceiling(candidates: Mapping[str, Collection[str]], qrels: Qrels) -> PerQuery:
    """What the best possible reranker reaches when it may only reorder these candidates.

    Returns:
        The metrics of `METRICS`, and "recall": the share of a query's relevant pages that are among its candidates.

    Example:
        >>> ceiling = measure_ceiling({"q": ["a/1", "a/3"]}, {"q": {"a/1": 1, "a/2": 1}})
        >>> ceiling["recall"]["q"], ceiling["R@1"]["q"], round(ceiling["NDCG@5"]["q"], 3)
        (0.5, 0.5, 0.613)
    """
    judged = select_relevant(qrels)
    best = {
        query: {page: float(pages.get(page, 0)) for page in candidates.get(query, ())}
        for query, pages in judged.items()
    }
    ceiling = score_rankings(best, judged)
    ceiling["recall"] = {query: _measure_recall(best[query], pages) for query, pages in judged.items()}
    return ceiling


def rank_pages(scores: Mapping[str, float]) -> list[str]:
    """The pages in trec_eval's order: by score as a 32-bit float, ties by page id, both from high to low.

    Example:
        >>> rank_pages({"a/1": 0.5, "a/2": 0.5, "a/3": 0.7})
        ['a/3', 'a/2', 'a/1']
    """
    return sorted(scores, key=lambda page: (np.float32(scores[page]), page), reverse=True)


def check_rankings(rankings: Rankings) -> None:
    """Refuse scores without an order (NaN, or infinite as a 32-bit float) and ids that trec_eval cannot hold.

    Raises:
        UserError: naming the first query and page concerned.
    """
    for query, scores in rankings.items():
        for page, score in scores.items():
            if not abs(score) <= _LARGEST:
                raise UserError(f"the score of page {page!r} for query {query!r} is {score}; mend the scorer")
        _check_ids((query, *scores))


def select_relevant(qrels: Qrels) -> dict[str, dict[str, int]]:
    """The queries with at least one relevant page, checked: these are the ones that metrics are computed over.

    Raises:
        UserError: if a relevance is below 0 or above `MAX_RELEVANCE`, or an id cannot be held by trec_eval.
    """
    for query, pages in qrels.items():
        for page, relevance in pages.items():
            if not 0 <= relevance <= MAX_RELEVANCE:
                raise UserError(f"relevance {relevance} of {page!r} for query {query!r}; give 0 to {MAX_RELEVANCE}")
        _check_ids((query, *pages))
    return {query: dict(pages) for query, pages in qrels.items() if any(score > 0 for score in pages.values())}


def is_plain_id(text: str) -> bool:
    """Whether trec_eval, which is C, can hold this id: not empty, no NUL, valid UTF-8 (it crashes on the rest).

    Example:
        >>> is_plain_id("a/1"), is_plain_id("a" + chr(0)), is_plain_id(chr(0xD800))
        (True, False, False)
    """
    return bool(text) and "\0" not in text and not any("\ud800" <= letter <= "\udfff" for letter in text)


def _evaluate(rankings: Rankings, qrels: Qrels, measures: set[str]) -> dict[str, dict[str, float]]:
    evaluator = require("pytrec_eval", extra="evaluate").RelevanceEvaluator(qrels, measures)
    found: dict[str, dict[str, float]] = evaluator.evaluate(rankings)
    return found


def _measure_recall(candidates: Collection[str], pages: Mapping[str, int]) -> float:
    relevant = [page for page, relevance in pages.items() if relevance > 0]
    return sum(page in candidates for page in relevant) / len(relevant)


def _check_ids(ids: Collection[str]) -> None:
    for identity in ids:
        if not is_plain_id(identity):
            raise UserError(f"id {identity!r} is empty or not plain text; rename its document or query")
