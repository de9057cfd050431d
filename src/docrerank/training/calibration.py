"""What is fitted on the dev part after training: the calibration of scores and the threshold of relevance."""

from __future__ import annotations

import numpy as np

from docrerank.retrieval import Calibration, Threshold, Vectors, choose_threshold, measure_relevance
from docrerank.retrieval.relevance import CANDIDATES
from docrerank.training.dev_part import DevPlan

#: What a logit needs to be a probability.
LOGITS = Calibration(1.0, 0.0)
#: scikit-learn's inverse ridge: small enough a ridge to leave a fit alone, enough to bound that of separable scores.
RIDGE = 1_000.0
#: Questions that a model wrote repeat a page's names, people's do not: a threshold that kept 60 % of the dev part's
#: answerable questions kept 16 % of those on the samples. One that keeps fewer than this is not stored.
MIN_KEPT = 0.9


def fit_plan(scores: Vectors, plan: DevPlan) -> Calibration:
    """The calibration of a dev part's scores; see `fit_calibration`."""
    own = [scores[row[0]] for row in plan.rankings]
    others = [scores[place] for row in plan.rankings for place in row[1:]]
    return fit_calibration(np.array(own, np.float32), np.array(others, np.float32))


def fit_calibration(own: Vectors, others: Vectors) -> Calibration:
    """Logistic regression from a score to "this is the query's page"; both answers weigh the same.

    Args:
        own: scores of queries with their own page.
        others: with pages that do not answer.
    """
    if not len(own) or not len(others):
        return Calibration()
    from sklearn.linear_model import LogisticRegression

    scores = np.concatenate([own, others]).astype(np.float64)
    labels = np.concatenate([np.ones(len(own)), np.zeros(len(others))])
    shares = np.where(labels > 0, 0.5 / len(own), 0.5 / len(others))
    centre, spread = float(scores.mean()), max(float(scores.std()), 1e-6)
    fitted = LogisticRegression(C=RIDGE).fit((scores - centre)[:, None] / spread, labels, shares)
    slope, offset = max(float(fitted.coef_[0, 0]), 1e-3), float(fitted.intercept_[0])
    return Calibration(round(slope / spread, 4), round(offset - slope * centre / spread, 4))


def fit_threshold(
    scores: Vectors, plan: DevPlan, calibration: Calibration, false_answer_rate: float
) -> Threshold | None:
    """The relevance from which a page is said to answer; None where the dev part gives no useful one.

    A hard negative that was scored with its own page alone gets the other pages of its positive.
    """
    chances, best, judged = calibration.apply(scores).tolist(), {}, []
    for query, row in zip((*plan.part.queries, *plan.part.negatives), plan.rows, strict=True):
        if query.kind == "hard_negative" and query.answered_by:
            continue
        best[query.id] = sorted(row, key=lambda place: -scores[place])
        first = best[query.id][0]
        places = best[query.id] if len(row) > 1 else best.get(query.source_id, row)
        texts = [plan.pairs[place][1].text for place in places[:CANDIDATES]]
        judged.append((query.kind != "hard_negative", measure_relevance(query.text, texts, chances[first])))
    threshold = choose_threshold(judged, false_answer_rate, "dev part")
    return threshold if threshold and threshold.answers_kept >= MIN_KEPT else None
