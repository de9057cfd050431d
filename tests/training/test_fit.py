from __future__ import annotations

from typing import Any, cast

import numpy as np

from docrerank.mining import FusionWeights
from docrerank.records import Page, Query
from docrerank.reranker import Calibration
from docrerank.training.dev import Asked, DevViews, measure_ndcg
from docrerank.training.fit import fit_calibration, fit_fusion, fit_threshold

GOOD = np.array([0.9, 0.3, 0.2, 0.1], np.float32)
BAD = GOOD[::-1].copy()
FLAT = np.zeros(4, np.float32)


def test_a_view_that_is_right_gains_weight_but_stays_near_the_others() -> None:
    weights = fit_fusion([DevViews(BAD, FLAT, GOOD, 0)] * 20)
    assert weights.bm25 < 1 < weights.tokens <= 2
    assert weights.bm25 >= 0.5


def test_without_queries_views_are_equal() -> None:
    assert fit_fusion([]) == FusionWeights(1, 1, 1)
    assert fit_calibration([]) == Calibration()


def test_calibrated_scores_part_answers_from_the_rest() -> None:
    views = [DevViews(FLAT, FLAT, GOOD, 0)] * 20
    chances = fit_calibration(views).apply(GOOD)
    assert chances[0] > 0.5 > chances[1]


def test_calibration_never_turns_the_order_round() -> None:
    calibration = fit_calibration([DevViews(FLAT, FLAT, BAD, 0)] * 20)
    assert calibration.scale > 0


def test_ties_count_against_the_page() -> None:
    assert measure_ndcg(np.array([0.5, 0.5], np.float32), 0) == measure_ndcg(np.array([0.5, 0.9], np.float32), 0)
    assert measure_ndcg(np.arange(10, dtype=np.float32), 2) == 0.0


def asked(kind: str, text: str, count: int) -> list[Asked]:
    boxes = np.zeros((4, 4), np.float32)
    page = Page("a/1", "a", 1, "a.pdf", "0" * 64, 612, 792, "Acme sold boats 2019", "layer", boxes)
    query = Query("a/1#1", "a/1", text, cast(Any, kind), "question")
    return [Asked(query, (page,), 0.5)] * count


def test_a_threshold_parts_questions_whose_names_are_there_from_the_rest() -> None:
    known, unknown = "boats of Acme in 2019", "boats of Zebra in 1931"
    found = fit_threshold(asked("positive", known, 20) + asked("hard_negative", unknown, 20), Calibration(), 0.1)
    assert found is not None
    assert (found.answers_kept, found.false_answers) == (1.0, 0.0)


def test_a_threshold_that_would_keep_few_answers_is_not_stored() -> None:
    same = "boats of Acme in 2019"
    few = asked("positive", same, 20) + asked("hard_negative", same, 30)
    assert fit_threshold(few, Calibration(), 0.1) is None
    assert fit_threshold(asked("positive", same, 20), Calibration(), 0.1) is None
