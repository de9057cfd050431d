from __future__ import annotations

from typing import Any, cast

import numpy as np

from docrerank.records import Page, Query
from docrerank.retrieval import Calibration
from docrerank.training.calibration import fit_calibration, fit_threshold
from docrerank.training.dev import Asked, DevRow, measure_ndcg

GOOD = np.array([0.9, 0.3, 0.2, 0.1], np.float32)
BAD = GOOD[::-1].copy()


def test_without_queries_calibration_is_the_usual_one() -> None:
    assert fit_calibration([]) == Calibration()


def test_calibrated_scores_part_answers_from_the_rest() -> None:
    chances = fit_calibration([DevRow(GOOD, 0)] * 20).apply(GOOD)
    assert chances[0] > 0.5 > chances[1]


def test_calibration_never_turns_the_order_round() -> None:
    calibration = fit_calibration([DevRow(BAD, 0)] * 20)
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
