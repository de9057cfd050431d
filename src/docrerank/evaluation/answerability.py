"""Does a system tell questions that some page answers from questions that none answers?"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from docrerank.evaluation.benchmark import Benchmark
from docrerank.evaluation.statistics import RESAMPLES, Interval, bootstrap_auroc, estimate_share
from docrerank.evaluation.statistics.ranking_metrics import Rankings, check_rankings
from docrerank.records import UserError
from docrerank.retrieval import Threshold

#: Points of the curve.
POINTS = 50


@dataclass(frozen=True, slots=True)
class Answerability:
    """How well the best page's score, or relevance, separates answerable from unanswerable questions.

    Attributes:
        auroc: from 0 to 1; 0.5 is no separation.
        answerable: how many questions had a relevant page.
        unanswerable: how many had none by design.
    """

    auroc: Interval
    answerable: int
    unanswerable: int


def measure_answerability(
    rankings: Rankings, benchmark: Benchmark, clusters: Mapping[str, str], seed: int = 0, resamples: int = RESAMPLES
) -> Answerability | None:
    """Compare the best page scores of the questions with a relevant page and of those that no page answers.

    A question for which no page was found scores below all others. Questions said to be answerable but without a
    relevant page are left out, as in the ranking metrics.

    Args:
        rankings: of all questions, the unanswerable ones too.
        benchmark: the questions.
        clusters: query id to what it is drawn with (`Collection.clusters()`).

    Returns:
        None if the benchmark has no unanswerable question.

    Raises:
        UserError: a question was not ranked, or a score is not finite.

    Examples:
        >>> from pathlib import Path
        >>> from docrerank.evaluation.benchmark import BenchmarkQuery
        >>> queries = (BenchmarkQuery("q1", "Net sales?"), BenchmarkQuery("q2", "Pet sales?", answerable=False))
        >>> rankings = {"q1": {"a/1": 0.9}, "q2": {"a/1": 0.4}}
        >>> benchmark = Benchmark(Path("bench"), queries, {"q1": {"a/1": 1}})
        >>> measure_answerability(rankings, benchmark, {"q1": "a", "q2": "a"}).auroc.value
        1.0
    """
    ranked, unanswerable = benchmark.ranked(), benchmark.unanswerable()
    if not ranked or not unanswerable:
        return None
    check_rankings(rankings)
    asked = [query.id for query in (*ranked, *unanswerable)]
    if missing := [query for query in asked if query not in rankings]:
        raise UserError(f"query {missing[0]!r} was not ranked; rank all questions, the unanswerable ones too")
    scores = [max(rankings[query].values(), default=-math.inf) for query in asked]
    kinds = [True] * len(ranked) + [False] * len(unanswerable)
    auroc = bootstrap_auroc(scores, kinds, [clusters[query] for query in asked], seed, resamples)
    return Answerability(auroc, len(ranked), len(unanswerable))


def describe_relevance(
    system: str, relevance: Mapping[str, float], benchmark: Benchmark, threshold: Threshold | None
) -> dict[str, Any] | None:
    """What the stored threshold, and every other one, lets through; None without unanswerable questions.

    Returns:
        `at_threshold` (shares with Wilson intervals; None without a stored threshold) and `curve` (rows of threshold,
        share of answerable questions kept, share of unanswerable ones let through).
    """
    kept = [relevance[query.id] for query in benchmark.ranked()]
    false = [relevance[query.id] for query in benchmark.unanswerable()]
    if not kept or not false:
        return None
    distinct, passed = sorted({*kept, *false}), None
    if threshold:
        shares = {"answers_kept": kept, "false_answers": false}
        counts = {name: _count(values, threshold.relevance) for name, values in shares.items()}
        passed = {name: asdict(estimate_share(counts[name], len(values))) for name, values in shares.items()}
    return {
        "system": system,
        "threshold": asdict(threshold) if threshold else None,
        "at_threshold": passed,
        "curve": [
            [bar, _count(kept, bar) / len(kept), _count(false, bar) / len(false)]
            for bar in distinct[:: max(1, len(distinct) // POINTS)]
        ],
    }


def _count(values: Sequence[float], bar: float) -> int:
    return sum(value >= bar for value in values)
