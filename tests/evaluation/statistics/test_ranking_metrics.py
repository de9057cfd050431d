from __future__ import annotations

import math
import sys
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from docrerank.evaluation.statistics import METRICS, score_rankings
from docrerank.evaluation.statistics.ranking_metrics import measure_ceiling
from docrerank.records import MissingExtra, UserError

PAGES = [f"{document}/{number}" for document in ("a", "é", "Z") for number in range(1, 6)]
GRADES = st.dictionaries(st.sampled_from(PAGES), st.integers(0, 3), min_size=1).filter(lambda d: any(d.values()))
# Few distinct scores, so that ties are common.
SCORES = st.dictionaries(
    st.sampled_from(PAGES), st.integers(-4, 4).map(float) | st.floats(-(2.0**100), 2.0**100, width=32)
)


def order_plainly(scores: dict[str, float]) -> list[str]:
    """By score, and ties by page id, both descending, as two stable sorts."""
    by_id = sorted(scores, reverse=True)
    return sorted(by_id, key=lambda page: -scores[page])


def compute_ndcg_plainly(order: list[str], grades: dict[str, int], depth: int) -> float:
    def discount(gains: list[int]) -> float:
        return sum(gain / math.log2(rank + 1) for rank, gain in enumerate(gains[:depth], 1))

    return discount([grades.get(page, 0) for page in order]) / discount(sorted(grades.values(), reverse=True))


def compute_plainly(scores: dict[str, float], grades: dict[str, int]) -> dict[str, float]:
    order = order_plainly(scores)
    relevant = {page for page, grade in grades.items() if grade > 0}
    ranks = [rank for rank, page in enumerate(order, 1) if page in relevant]
    return {
        "NDCG@5": compute_ndcg_plainly(order, grades, 5),
        "NDCG@10": compute_ndcg_plainly(order, grades, 10),
        "R@1": len(relevant.intersection(order[:1])) / len(relevant),
        "R@5": len(relevant.intersection(order[:5])) / len(relevant),
        "MRR@10": 1 / ranks[0] if ranks and ranks[0] <= 10 else 0.0,
    }


def score_one(scores: dict[str, float], grades: dict[str, int]) -> dict[str, float]:
    return {metric: values["q"] for metric, values in score_rankings({"q": scores}, {"q": grades}).items()}


@given(SCORES, GRADES)
def test_every_metric_equals_its_plain_definition(scores: dict[str, float], grades: dict[str, int]) -> None:
    assert score_one(scores, grades) == pytest.approx(compute_plainly(scores, grades), abs=1e-9)


def test_the_plain_definition_disagrees_when_ties_are_broken_the_other_way() -> None:
    """Control: the property test above does see the order of ties."""
    scores, grades = {"a/1": 1.0, "a/2": 1.0}, {"a/2": 1}
    ascending = compute_ndcg_plainly(sorted(scores), grades, 5)
    assert score_one(scores, grades)["NDCG@5"] == 1.0 != ascending


@given(SCORES, GRADES)
def test_metrics_stay_between_0_and_the_ceiling_of_the_candidates(
    scores: dict[str, float], grades: dict[str, int]
) -> None:
    reached = score_one(scores, grades)
    ceiling = measure_ceiling({"q": set(scores)}, {"q": grades})
    assert set(reached) == set(METRICS)
    for metric in METRICS:
        assert 0 <= reached[metric] <= ceiling[metric]["q"] + 1e-9 <= 1 + 2e-9


def test_a_case_by_hand() -> None:
    scores = {"a/1": 0.9, "a/2": 0.8, "a/3": 0.7}
    expected = (1 / math.log2(3)) / (1 + 1 / math.log2(3))
    assert score_one(scores, {"a/2": 1, "a/9": 1}) == pytest.approx(
        {"NDCG@5": expected, "NDCG@10": expected, "R@1": 0.0, "R@5": 0.5, "MRR@10": 0.5}
    )


def test_a_page_at_rank_11_counts_for_neither_mrr_nor_ndcg() -> None:
    scores = {f"a/{number}": -float(number) for number in range(1, 12)}
    assert score_one(scores, {"a/9": 1})["MRR@10"] == pytest.approx(1 / 9)
    assert score_one(scores, {"a/10": 1})["MRR@10"] == pytest.approx(0.1)
    assert set(score_one(scores, {"a/11": 1}).values()) == {0.0}


def test_scores_closer_than_32_bits_tell_apart_are_tied() -> None:
    assert score_one({"a/1": 1.0 + 1e-9, "a/2": 1.0}, {"a/2": 1})["R@1"] == 1.0


def test_a_query_that_the_run_lacks_counts_zero() -> None:
    scores = score_rankings({"q1": {"a/1": 1.0}, "q3": {}}, {query: {"a/1": 1} for query in ("q1", "q2", "q3")})
    assert scores["NDCG@5"] == {"q1": 1.0, "q2": 0.0, "q3": 0.0}


def test_queries_without_a_relevant_page_are_passed_over() -> None:
    scores = score_rankings({"q1": {"a/1": 1.0}, "q2": {"a/1": 1.0}}, {"q1": {"a/1": 1}, "q2": {"a/1": 0}})
    assert list(scores["R@1"]) == ["q1"]


def test_scores_of_numpy_types_are_taken() -> None:
    run: dict[str, dict[str, Any]] = {"q": {"a/1": np.float32(0.5), "a/2": np.float64(0.25)}}
    assert score_rankings(run, {"q": {"a/1": 1}})["R@1"] == {"q": 1.0}


@pytest.mark.parametrize("score", [math.nan, math.inf, -math.inf, 1e39, np.float32("nan")])
def test_a_score_without_an_order_is_refused(score: float) -> None:
    with pytest.raises(UserError, match="the score of page 'a/2' for query 'q' is"):
        score_rankings({"q": {"a/1": 1.0, "a/2": score}}, {"q": {"a/1": 1}})


@pytest.mark.parametrize("page", ["", "a\0/1", "a\udcff/1"])
def test_an_id_that_would_crash_the_evaluator_is_refused(page: str) -> None:
    with pytest.raises(UserError, match="is empty or not plain text"):
        score_rankings({"q": {page: 1.0}}, {"q": {"a/1": 1}})
    with pytest.raises(UserError, match="is empty or not plain text"):
        score_rankings({"q": {"a/1": 1.0}}, {"q": {page: 1}})


@pytest.mark.parametrize("relevance", [-1, 10**9])
def test_a_relevance_out_of_bounds_is_refused(relevance: int) -> None:
    with pytest.raises(UserError, match="give 0 to 1000"):
        score_rankings({}, {"q": {"a/1": 1, "a/2": relevance}})


def test_the_ceiling_by_hand() -> None:
    ceiling = measure_ceiling({"q": ["a/1", "a/2"]}, {"q": {"a/1": 1, "b/1": 1}, "missing": {"a/1": 1}})
    assert ceiling["NDCG@5"] == pytest.approx({"q": 1 / (1 + 1 / math.log2(3)), "missing": 0.0})
    assert ceiling["recall"] == {"q": 0.5, "missing": 0.0}
    assert ceiling["MRR@10"]["q"] == 1.0


def test_recall_counts_every_candidate_however_many() -> None:
    pages = {f"a/{number}": 1 for number in range(1, 31)}
    assert measure_ceiling({"q": list(pages)}, {"q": pages})["recall"] == {"q": 1.0}


def test_no_query_gives_no_value() -> None:
    assert all(values == {} for values in score_rankings({}, {}).values())


def test_a_missing_evaluator_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pytrec_eval", None)
    with pytest.raises(MissingExtra, match=r"docrerank\[evaluate\]"):
        score_rankings({"q": {"a/1": 1.0}}, {"q": {"a/1": 1}})
