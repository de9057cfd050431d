"""Ranking metrics of each query by pytrec_eval (trec_eval's own code), and the ceiling of the candidates.

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

_MEASURES = dict(zip(METRICS, ("ndcg_cut_5", "ndcg_cut_10", "recall_1", "recall_5", "recip_rank"), strict=True))
_ASKED = {"ndcg_cut.5,10", "recall.1,5", "recip_rank"}
_LARGEST = float(np.finfo(np.float32).max)


def score_rankings(rankings: Rankings, qrels: Qrels) -> PerQuery:
    """Compute each metric of `METRICS` for each query with at least one relevant page.

    A query that was not ranked counts 0 (pytrec_eval alone would leave it out of the mean); ranked queries without a
    relevant page are left out. MRR@10 is the reciprocal rank of the best relevant page, 0 below the tenth.

    Raises:
        UserError: a score is not finite in 32 bits, a relevance is out of bounds, or trec_eval cannot hold an id.
        MissingExtra: pytrec_eval is not installed.

    Examples:
        >>> score_rankings({"q": {"a/1": 0.2, "a/2": 0.9}}, {"q": {"a/1": 1}})["MRR@10"]
        {'q': 0.5}
    """
    judged = _select_relevant(qrels)
    check_rankings(rankings)
    chosen = {query: {page: float(score) for page, score in rankings.get(query, {}).items()} for query in judged}
    evaluator = require("pytrec_eval", extra="evaluate").RelevanceEvaluator(judged, _ASKED)
    found: dict[str, dict[str, float]] = evaluator.evaluate(chosen)
    scores = {metric: {query: found[query][name] for query in judged} for metric, name in _MEASURES.items()}
    scores["MRR@10"] = {query: rank if rank > 1 / 10.5 else 0.0 for query, rank in scores["MRR@10"].items()}
    return scores


def measure_ceiling(candidates: Mapping[str, Collection[str]], qrels: Qrels) -> PerQuery:
    """Compute what the best possible reranker reaches when it may only reorder these candidates.

    Returns:
        The metrics of `METRICS`, and "recall": the share of a query's relevant pages that are among its candidates.

    Examples:
        >>> ceiling = measure_ceiling({"q": ["a/1", "a/3"]}, {"q": {"a/1": 1, "a/2": 1}})
        >>> ceiling["recall"]["q"], ceiling["R@1"]["q"], round(ceiling["NDCG@5"]["q"], 3)
        (0.5, 0.5, 0.613)
    """
    best = {
        query: {page: float(pages.get(page, 0)) for page in candidates.get(query, ())}
        for query, pages in qrels.items()
    }
    ceiling = score_rankings(best, qrels)
    ceiling["recall"] = {}
    for query in ceiling[HEADLINE]:
        relevant = [page for page, relevance in qrels[query].items() if relevance > 0]
        ceiling["recall"][query] = sum(page in best[query] for page in relevant) / len(relevant)
    return ceiling


def check_rankings(rankings: Rankings) -> None:
    """Refuse scores without an order (NaN, or infinite as a 32-bit float) and ids that trec_eval cannot hold.

    Raises:
        UserError: naming the first query and page concerned.
    """
    for query, scores in rankings.items():
        for page, score in scores.items():
            if not abs(score) <= _LARGEST:
                raise UserError(f"the score of page {page!r} for query {query!r} is {score}; fix the scorer")
        _check_ids((query, *scores))


def is_plain_id(text: str) -> bool:
    """Say whether trec_eval, which is C, can hold this id: not empty, no NUL, valid UTF-8 (it crashes on the rest).

    Examples:
        >>> is_plain_id("a/1"), is_plain_id("a" + chr(0)), is_plain_id(chr(0xD800))
        (True, False, False)
    """
    return bool(text) and "\0" not in text and not any("\ud800" <= letter <= "\udfff" for letter in text)


def _select_relevant(qrels: Qrels) -> dict[str, dict[str, int]]:
    """Check all judgements and keep the queries with at least one relevant page."""
    for query, pages in qrels.items():
        for page, relevance in pages.items():
            if not 0 <= relevance <= MAX_RELEVANCE:
                raise UserError(f"relevance {relevance} of {page!r} for query {query!r}; give 0 to {MAX_RELEVANCE}")
        _check_ids((query, *pages))
    return {query: dict(pages) for query, pages in qrels.items() if any(score > 0 for score in pages.values())}


def _check_ids(ids: Collection[str]) -> None:
    for identity in ids:
        if not is_plain_id(identity):
            raise UserError(f"id {identity!r} is empty or not plain text; rename its document or query")
