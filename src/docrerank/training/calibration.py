"""What is fitted on the dev part after training: the calibration of scores and the threshold."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from docrerank.retrieval import Calibration, Threshold, choose_threshold, measure_relevance
from docrerank.training.dev import Asked, DevRow

Numbers = npt.NDArray[np.float64]


def fit_calibration(rows: Sequence[DevRow]) -> Calibration:
    """Logistic regression from a late-interaction score to "this is the query's page"; both answers weigh the same."""
    if not rows:
        return Calibration()
    positives = np.array([row.tokens[row.own] for row in rows], np.float64)
    others = np.concatenate([np.delete(row.tokens, row.own) for row in rows]).astype(np.float64)
    if not len(others):
        return Calibration()
    scores = np.concatenate([positives, others])
    labels = np.concatenate([np.ones(len(positives)), np.zeros(len(others))])
    shares = np.concatenate([np.full(len(positives), 0.5 / len(positives)), np.full(len(others), 0.5 / len(others))])
    centre, spread = float(scores.mean()), max(float(scores.std()), 1e-6)
    slope, offset = _fit_logistic((scores - centre) / spread, labels, shares)
    return Calibration(round(slope / spread, 4), round(offset - slope * centre / spread, 4))


def fit_threshold(asked: Sequence[Asked], calibration: Calibration, false_answer_rate: float) -> Threshold | None:
    """The relevance from which a page is said to answer; None where the dev part gives no useful one."""
    chances = calibration.apply(np.array([one.score for one in asked], np.float32)).tolist()
    judged = [
        (
            one.query.kind != "hard_negative",
            measure_relevance(one.query.text, [page.text for page in one.pages], chance),
        )
        for one, chance in zip(asked, chances, strict=True)
    ]
    return choose_useful(judged, false_answer_rate)


def choose_useful(judged: Sequence[tuple[bool, float]], false_answer_rate: float) -> Threshold | None:
    """See `choose_threshold`; None too for one that would say "no page answers" to nearly everything."""
    threshold = choose_threshold(judged, false_answer_rate, "dev part")
    return threshold if threshold and threshold.is_useful else None


def _fit_logistic(scores: Numbers, labels: Numbers, shares: Numbers) -> tuple[float, float]:
    """Newton's method with a small ridge, so that separable scores give a finite slope."""
    design = np.stack([scores, np.ones_like(scores)], axis=1)
    weights = np.zeros(2)
    for _ in range(50):
        chances = 1 / (1 + np.exp(-design @ weights))
        gradient = design.T @ (shares * (chances - labels)) + 1e-3 * weights
        hessian = (design * (shares * chances * (1 - chances))[:, None]).T @ design + 1e-3 * np.eye(2)
        weights = weights - np.linalg.solve(hessian, gradient)
    return max(float(weights[0]), 1e-3), float(weights[1])
