"""Does the best page's score tell questions that some page answers from questions that none answers?"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from docrerank.evaluation.benchmark import Benchmark
from docrerank.evaluation.statistics import (
    RESAMPLES,
    Interval,
    Rankings,
    bootstrap_auprc,
    bootstrap_auroc,
    check_rankings,
)
from docrerank.records import UserError


@dataclass(frozen=True, slots=True)
class Answerability:
    """How well the best page's score separates answerable from unanswerable questions.

    Attributes:
        auroc: from 0 to 1; 0.5 is no separation.
        auprc: average precision with answerable questions as positives; their share is no separation.
        answerable: how many questions had a relevant page.
        unanswerable: how many had none by design.
    """

    auroc: Interval
    auprc: Interval
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

    Example:
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
    drawn_with = [clusters[query] for query in asked]
    auroc, auprc = (
        bootstrap(scores, kinds, drawn_with, seed, resamples) for bootstrap in (bootstrap_auroc, bootstrap_auprc)
    )
    return Answerability(auroc, auprc, len(ranked), len(unanswerable))
