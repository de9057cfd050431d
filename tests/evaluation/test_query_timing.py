from __future__ import annotations

from pathlib import Path

import pytest

from docrerank.evaluation.benchmark import Benchmark, BenchmarkQuery
from docrerank.evaluation.query_timing import TIMED_QUERIES, Clock, start_clock


def test_the_time_of_a_question_is_the_sum_of_its_steps() -> None:
    clock = Clock(frozenset("abc"))
    for query, seconds in zip("abc", (0.001, 0.002, 0.9), strict=True):
        clock.seconds["encode"][query] = seconds
        clock.seconds["score"][query] = 0.001
    assert clock.milliseconds("encode", "score") == pytest.approx({"a": 2.0, "b": 3.0, "c": 901.0})
    assert clock.milliseconds("nothing") == dict.fromkeys("abc", 0.0)


def test_questions_that_are_not_timed_are_not_worked_twice() -> None:
    clock, worked = Clock(frozenset({"a"})), []
    for query in "ab":
        clock.measure("encode", query, lambda query=query: worked.append(query))
    assert worked == ["a"]
    assert clock.seconds["encode"]["a"] >= 0


def test_the_sample_is_bounded_and_the_same_for_a_seed() -> None:
    benchmark = Benchmark(Path("b"), tuple(BenchmarkQuery(str(n), "Why?") for n in range(100)), {})
    assert len(start_clock(benchmark, 1).queries) == TIMED_QUERIES
    assert start_clock(benchmark, 1).queries == start_clock(benchmark, 1).queries != start_clock(benchmark, 2).queries
