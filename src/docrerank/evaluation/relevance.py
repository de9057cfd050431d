"""Does a system know that no page answers? Relevance of every question, and what the stored threshold makes of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from itertools import islice
from typing import Any

from docrerank.evaluation.benchmark import Benchmark
from docrerank.evaluation.statistics import estimate_share
from docrerank.retrieval import Threshold, measure_relevance

#: Pages of a ranking among which a question's names are looked for.
PAGES = 20
#: Points of the curve, and bins of the reliability drawing.
POINTS, BINS = 50, 5


def find_relevance(
    ranking: Mapping[str, Mapping[str, float]],
    questions: Mapping[str, str],
    texts: Mapping[str, str],
    to_probability: Callable[[float], float],
) -> dict[str, float]:
    """Every question's relevance, by its id (see `docrerank.reranker.measure_relevance`).

    Args:
        ranking: question id to page id to score, best first.
        questions: the questions' words.
        texts: the pages' words.
        to_probability: from the best page's score to the probability that it answers.
    """
    found = {}
    for query, scores in ranking.items():
        best = [texts[page] for page in islice(scores, PAGES)]
        chance = to_probability(next(iter(scores.values()))) if scores else 0.0
        found[query] = measure_relevance(questions[query], best, chance)
    return found


def describe_relevance(
    system: str, relevance: Mapping[str, float], benchmark: Benchmark, threshold: Threshold | None
) -> dict[str, Any] | None:
    """What the stored threshold, and every other one, lets through; None without unanswerable questions.

    Returns:
        `at_threshold` (shares with Wilson intervals; None without a stored threshold), `curve` (rows of threshold,
        share of answerable questions kept, share of unanswerable ones let through) and `bins` (rows of mean relevance,
        share of answerable questions, number of questions; as many in each).
    """
    kept = [relevance[query.id] for query in benchmark.ranked()]
    false = [relevance[query.id] for query in benchmark.unanswerable()]
    if not kept or not false:
        return None
    return {
        "system": system,
        "threshold": asdict(threshold) if threshold else None,
        "at_threshold": _pass(kept, false, threshold.relevance) if threshold else None,
        "curve": [[bar, _share(kept, bar), _share(false, bar)] for bar in _spread([*kept, *false])],
        "bins": _bin([(value, True) for value in kept] + [(value, False) for value in false]),
    }


def _pass(kept: Sequence[float], false: Sequence[float], bar: float) -> dict[str, Any]:
    return {
        name: asdict(estimate_share(sum(value >= bar for value in values), len(values)))
        for name, values in (("answers_kept", kept), ("false_answers", false))
    }


def _share(values: Sequence[float], bar: float) -> float:
    return sum(value >= bar for value in values) / len(values)


def _spread(values: Sequence[float]) -> list[float]:
    """Thresholds that matter: distinct values, thinned evenly."""
    distinct = sorted(set(values))
    return distinct[:: max(1, len(distinct) // POINTS)]


def _bin(judged: Sequence[tuple[float, bool]]) -> list[list[float]]:
    ordered, rows = sorted(judged), []
    for number in range(BINS):
        part = ordered[number * len(ordered) // BINS : (number + 1) * len(ordered) // BINS]
        if part:
            right = sum(answerable for _, answerable in part) / len(part)
            rows.append([sum(value for value, _ in part) / len(part), right, len(part)])
    return rows
