"""Does the best page's score tell questions that some page answers from questions that none answers?"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from docrerank.benchmark import Benchmark, BenchmarkQuery
from docrerank.records import UserError
from docrerank.statistics import RESAMPLES, Interval, Run, bootstrap_auprc, bootstrap_auroc, check_run


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
    run: Run, benchmark: Benchmark, seed: int = 0, resamples: int = RESAMPLES
) -> Answerability | None:
    """Compare the best page scores of the questions with a relevant page and of those that no page answers.

    A question for which the run holds no page scores below all others. Questions said to be answerable but without a
    relevant page are left out, as in the ranking metrics.

    Returns:
        None if the benchmark has no unanswerable question.

    Raises:
        UserError: if the run lacks one of the questions, or a score is not finite.

    Example:
        >>> from pathlib import Path
        >>> queries = (BenchmarkQuery("q1", "Net sales?"), BenchmarkQuery("q2", "Pet sales?", answerable=False))
        >>> benchmark = Benchmark(Path("bench"), queries, {"q1": {"a/1": 1}})
        >>> measure_answerability({"q1": {"a/1": 0.9}, "q2": {"a/1": 0.4}}, benchmark).auroc.value
        1.0
    """
    if not benchmark.unanswerable() or not benchmark.ranked():
        return None
    check_run(run)
    positives = _take_best_scores(run, benchmark.ranked())
    negatives = _take_best_scores(run, benchmark.unanswerable())
    return Answerability(
        auroc=bootstrap_auroc(positives, negatives, seed, resamples),
        auprc=bootstrap_auprc(positives, negatives, seed, resamples),
        answerable=len(positives),
        unanswerable=len(negatives),
    )


def _take_best_scores(run: Run, queries: Iterable[BenchmarkQuery]) -> list[float]:
    return [max(_find_scores(run, query).values(), default=-math.inf) for query in queries]


def _find_scores(run: Run, query: BenchmarkQuery) -> dict[str, float]:
    if query.id not in run:
        raise UserError(f"query {query.id!r} was not ranked; rank all questions, the unanswerable ones too")
    return dict(run[query.id])
