"""How long one question takes: steps of a few questions, timed one question at a time."""

from __future__ import annotations

import random
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field

from docrerank.evaluation.benchmark import Benchmark

TIMED_QUERIES = 20


@dataclass(slots=True)
class Clock:
    """Seconds of single questions, step by step.

    Attributes:
        queries: ids of the questions that are timed.
        seconds: step to query id to seconds.
    """

    queries: frozenset[str]
    seconds: dict[str, dict[str, float]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(float)))

    def measure(self, step: str, query_id: str, work: Callable[[], object]) -> None:
        """Do work of one question, if it is timed, and add its time to the step's."""
        if query_id in self.queries:
            started = time.perf_counter()
            work()
            self.seconds[step][query_id] += time.perf_counter() - started

    def milliseconds(self, *steps: str) -> dict[str, float]:
        """What these steps together took, for each timed question.

        Example:
            >>> clock = Clock(frozenset({"q"}))
            >>> clock.seconds["encode"]["q"] = 0.004
            >>> clock.milliseconds("encode", "score")
            {'q': 4.0}
        """
        return {query: 1000 * sum(self.seconds[step][query] for step in steps) for query in self.queries}


def start_clock(benchmark: Benchmark, seed: int) -> Clock:
    """A clock for a seeded sample of a benchmark's questions."""
    ids = [query.id for query in benchmark.queries]
    return Clock(frozenset(random.Random(seed).sample(ids, min(TIMED_QUERIES, len(ids)))))
