"""What is fitted on the dev part after training: the fusion's weights and the calibration of scores."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from docrerank.mining import FusionWeights, standardise
from docrerank.reranker import Calibration, Threshold, choose_threshold, measure_relevance
from docrerank.training.dev import Asked, DevViews

Numbers = npt.NDArray[np.float64]
#: Pull of the weights towards 1 each: dev queries are written from the page's own words, which flatters BM25.
EQUALITY = 4.0
LOWEST, HIGHEST = 0.5, 2.0
STEPS = 300
RATE = 0.05


def fit_fusion(views: Sequence[DevViews]) -> FusionWeights:
    """Weights that put each query's page first, held near equal (see `EQUALITY`) and between 0.5 and 2."""
    stacked = [
        np.stack([standardise(v).astype(np.float64) for v in (view.bm25, view.windows, view.tokens)]) for view in views
    ]
    weights = np.ones(3)
    for _ in range(STEPS if views else 0):
        gradient = np.mean(
            [_listwise_gradient(z, view.own, weights) for z, view in zip(stacked, views, strict=True)], 0
        )
        weights = np.clip(weights - RATE * (gradient + EQUALITY * (weights - 1)), LOWEST, HIGHEST)
    return FusionWeights(*(round(float(weight), 4) for weight in weights))


def fit_calibration(views: Sequence[DevViews]) -> Calibration:
    """Logistic regression from a late-interaction score to "this is the query's page"; both answers weigh the same."""
    if not views:
        return Calibration()
    positives = np.array([view.tokens[view.own] for view in views], np.float64)
    others = np.concatenate([np.delete(view.tokens, view.own) for view in views]).astype(np.float64)
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


def _listwise_gradient(z: Numbers, own: int, weights: Numbers) -> Numbers:
    """Of the cross-entropy of the query's page under softmax(weights . z)."""
    logits = weights @ z
    chances = np.exp(logits - logits.max())
    return np.asarray(z @ (chances / chances.sum()) - z[:, own], np.float64)


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
