from __future__ import annotations

from typing import Any, cast

import numpy as np

from docrerank.records import Page, Query
from docrerank.retrieval import Calibration, Threshold
from docrerank.training.calibration import fit_calibration, fit_threshold
from docrerank.training.dev_part import DevPart, measure_ndcg, plan_dev

OWN = np.full(20, 0.9, np.float32)
OTHERS = np.tile(np.array([0.3, 0.2, 0.1], np.float32), 20)


def test_without_queries_calibration_is_the_usual_one() -> None:
    assert fit_calibration(OWN[:0], OTHERS) == fit_calibration(OWN, OTHERS[:0]) == Calibration()


def test_calibrated_scores_part_answers_from_the_rest() -> None:
    own, *others = fit_calibration(OWN, OTHERS).apply(np.array([0.9, 0.3], np.float32))
    assert own > 0.5 > others[0]


def test_calibration_never_turns_the_order_round() -> None:
    assert fit_calibration(OTHERS, OWN).scale > 0


def test_ties_count_against_the_page() -> None:
    assert measure_ndcg(np.array([0.5, 0.5], np.float32)) == measure_ndcg(np.array([0.5, 0.9], np.float32))
    assert measure_ndcg(np.arange(10, dtype=np.float32)) == 0.0


def fit(positives: list[str], negatives: list[str]) -> Threshold | None:
    """The threshold of questions that are all asked of one page and score alike."""
    boxes = np.zeros((4, 4), np.float32)
    page = Page("a/1", "a", 1, "a.pdf", "0" * 64, 612, 792, "Acme sold boats 2019", "layer", boxes)

    def ask(kind: str, texts: list[str]) -> tuple[Query, ...]:
        names = [(f"a/1#{kind}{place}", text) for place, text in enumerate(texts)]
        return tuple(Query(name, "a/1", text, cast(Any, kind), "question", "a/1#positive0") for name, text in names)

    plan = plan_dev(DevPart((page,), ask("positive", positives), ask("hard_negative", negatives)))
    return fit_threshold(np.full(len(plan.pairs), 0.5, np.float32), plan, Calibration(), 0.1)


def test_a_threshold_parts_questions_whose_names_are_there_from_the_rest() -> None:
    found = fit(["boats of Acme in 2019"] * 20, ["boats of Zebra in 1931"] * 20)
    assert found is not None
    assert (found.answers_kept, found.false_answers) == (1.0, 0.0)


def test_a_threshold_that_would_keep_few_answers_is_not_stored() -> None:
    same = "boats of Acme in 2019"
    assert fit([same] * 20, [same] * 30) is None
    assert fit([same] * 20, []) is None
    assert fit([same] * 14 + ["boats of Zebra in 1931"] * 6, ["boats of Zebra in 1931"] * 20) is None
