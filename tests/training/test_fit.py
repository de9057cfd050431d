from __future__ import annotations

import numpy as np

from docrerank.mining import FusionWeights
from docrerank.reranker import Calibration
from docrerank.training.dev import DevViews, measure_ndcg
from docrerank.training.fit import fit_calibration, fit_fusion

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
