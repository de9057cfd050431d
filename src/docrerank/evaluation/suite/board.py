"""All systems on one collection: means with intervals, every pair's difference, and the breakdowns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations

from docrerank.benchmark import Collection
from docrerank.evaluation.answerability import measure_answerability
from docrerank.evaluation.comparison import Breakdown, Difference, SystemResult, summarise_system
from docrerank.evaluation.suite.candidates import Candidates
from docrerank.evaluation.suite.measure import Measured
from docrerank.records import UserError
from docrerank.statistics import (
    METRICS,
    RESAMPLES,
    bootstrap_difference,
    bootstrap_mean,
    compute_p_value,
    measure_ceiling,
    score_run,
)

#: Values of a trait that a table has columns for; the rest is in the JSON alone.
MAX_VALUES = 12


@dataclass(frozen=True, slots=True)
class Pair:
    """The first system's mean less the second's over the same questions, metric by metric."""

    first: str
    second: str
    differences: Mapping[str, Difference] = field(hash=False)


@dataclass(frozen=True, slots=True)
class Board:
    """What a table and a plot are made from; see `build_board`.

    Attributes:
        name: of the benchmark.
        headline: the metric that pairs and breakdowns are told in.
        systems: in the order given.
        tokens: system to tokens of a question's pairs on average; only systems that read any.
        extra: system to what else is known of it.
        ceiling: what the best order of the candidates reaches.
        pairs: every two systems once.
        breakdowns: trait to its values, the most frequent first.
        queries: how many questions the ranking metrics are over.
        first_stage: who found the candidates.
        candidates: how many a question has at most.
        seed: of every resampling.
        resamples: how many make an interval.
        notes: what a reader must know besides.
    """

    name: str
    headline: str
    systems: tuple[SystemResult, ...]
    tokens: Mapping[str, float] = field(hash=False)
    extra: Mapping[str, Mapping[str, object]] = field(hash=False)
    ceiling: SystemResult
    pairs: tuple[Pair, ...]
    breakdowns: Mapping[str, tuple[Breakdown, ...]] = field(hash=False)
    queries: int
    first_stage: str
    candidates: int
    seed: int
    resamples: int
    notes: tuple[str, ...] = ()


def build_board(
    collection: Collection,
    candidates: Candidates,
    measured: Sequence[Measured],
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> Board:
    """Hold systems that reordered the same candidates against each other.

    Raises:
        UserError: two systems have one name, or no question has a relevant page.
    """
    names = [found.name for found in measured]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise UserError(f"two systems are called {twice[0]!r}: rename one's folder")
    results = [_summarise(collection, found, seed, resamples) for found in measured]
    best = measure_ceiling(candidates.pages, collection.benchmark.qrels)
    queries = list(best[METRICS[0]])
    if not queries:
        raise UserError(f"'{collection.name}' has no question with a relevant page")
    return Board(
        name=collection.name,
        headline=collection.headline,
        systems=tuple(results),
        tokens={found.name: tokens for found in measured if (tokens := found.mean_tokens())},
        extra={found.name: dict(found.extra) for found in measured if found.extra},
        ceiling=summarise_system("ceiling", best, trained=False, seed=seed, resamples=resamples),
        pairs=tuple(_compare(first, second, seed, resamples) for first, second in combinations(results, 2)),
        breakdowns={
            trait: _break_down(results, collection.headline, queries, values, seed, resamples)
            for trait, values in collection.traits.items()
        },
        queries=len(queries),
        first_stage=candidates.stage,
        candidates=max((len(pages) for pages in candidates.pages.values()), default=0),
        seed=seed,
        resamples=resamples,
        notes=(*collection.notes, *_list_faults(measured)),
    )


def _summarise(collection: Collection, found: Measured, seed: int, resamples: int) -> SystemResult:
    return summarise_system(
        found.name,
        score_run(found.ranking, collection.benchmark.qrels),
        trained=found.trained,
        ms_per_query=found.median_milliseconds(),
        answerability=measure_answerability(found.ranking, collection.benchmark, seed, resamples),
        seed=seed,
        resamples=resamples,
    )


def _compare(first: SystemResult, second: SystemResult, seed: int, resamples: int) -> Pair:
    differences = {}
    for metric in METRICS:
        left = list(first.metrics[metric].values())
        right = [second.metrics[metric][query] for query in first.metrics[metric]]
        interval = bootstrap_difference(left, right, seed, resamples)
        differences[metric] = Difference(interval, compute_p_value(left, right, seed))
    return Pair(first.name, second.name, differences)


def _break_down(
    systems: Sequence[SystemResult],
    headline: str,
    queries: Sequence[str],
    values: Mapping[str, Sequence[str]],
    seed: int,
    resamples: int,
) -> tuple[Breakdown, ...]:
    """The headline over the questions of each value of a trait; a question with two values counts in both."""
    members: dict[str, list[str]] = {}
    for query in queries:
        for value in dict.fromkeys(values.get(query, ())):
            members.setdefault(value, []).append(query)
    return tuple(
        Breakdown(
            value,
            len(own),
            {each.name: bootstrap_mean([each.metrics[headline][q] for q in own], seed, resamples) for each in systems},
        )
        for value, own in sorted(members.items(), key=lambda item: (-len(item[1]), item[0]))
    )


def _list_faults(measured: Sequence[Measured]) -> list[str]:
    return [
        f"{found.name}: {found.unreadable} pairs have no score, and stand last."
        for found in measured
        if found.unreadable
    ]
