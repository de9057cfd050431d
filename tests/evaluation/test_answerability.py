from __future__ import annotations

import math
from pathlib import Path

import pytest

from docrerank.evaluation.answerability import measure_answerability
from docrerank.evaluation.benchmark import Benchmark, BenchmarkQuery
from docrerank.records import UserError

QUERIES = (
    BenchmarkQuery("yes1", "Net sales?"),
    BenchmarkQuery("yes2", "Gross sales?"),
    BenchmarkQuery("no1", "Pet sales?", answerable=False),
    BenchmarkQuery("no2", "Moon sales?", answerable=False),
    BenchmarkQuery("unjudged", "Sales?"),
)
BENCHMARK = Benchmark(Path("bench"), QUERIES, {"yes1": {"a/1": 1}, "yes2": {"a/2": 1}})
CLUSTERS = {query.id: query.id for query in QUERIES}
RUN = {
    "yes1": {"a/1": 0.2, "a/2": 0.9},
    "yes2": {"a/1": 0.5},
    "no1": {"a/1": 0.7, "a/2": -3.0},
    "no2": {"a/1": 0.5},
    "unjudged": {"a/1": 99.0},
}


def test_the_best_page_of_each_question_is_compared() -> None:
    result = measure_answerability(RUN, BENCHMARK, CLUSTERS)
    assert result is not None
    # 0.9 beats 0.7 and 0.5; 0.5 loses to 0.7 and ties with 0.5.
    assert result.auroc.value == pytest.approx(2.5 / 4)
    assert (result.answerable, result.unanswerable) == (2, 2)
    assert result.auroc.low <= result.auroc.value <= result.auroc.high


def test_a_question_for_which_no_page_was_found_ranks_lowest() -> None:
    result = measure_answerability({**RUN, "no1": {}, "no2": {}}, BENCHMARK, CLUSTERS)
    assert result is not None
    assert result.auroc.value == 1.0


def test_a_run_of_the_ranked_questions_only_is_refused() -> None:
    run = {query: scores for query, scores in RUN.items() if query != "no2"}
    with pytest.raises(UserError, match="query 'no2' was not ranked; rank all questions"):
        measure_answerability(run, BENCHMARK, CLUSTERS)


def test_a_score_that_is_not_a_number_is_refused() -> None:
    with pytest.raises(UserError, match="is nan"):
        measure_answerability({**RUN, "no1": {"a/1": math.nan}}, BENCHMARK, CLUSTERS)


def test_a_benchmark_without_unanswerable_questions_has_no_answerability() -> None:
    assert measure_answerability(RUN, Benchmark(Path("bench"), QUERIES[:2], BENCHMARK.qrels), CLUSTERS) is None
