"""From arms and seeds to one comparison: means, spread over seeds, differences with intervals."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from docrerank.ablation.measures import Measures, Scores
from docrerank.evaluation import Interval, bootstrap_difference


@dataclass(frozen=True, slots=True)
class Skipped:
    """An arm that could not be made, and why."""

    arm: str
    reason: str


@dataclass(frozen=True, slots=True)
class Row:
    """One system of one arm.

    Attributes:
        mean: of NDCG@5 over questions and seeds.
        low: the lowest mean of a seed.
        high: the highest.
        recall: mean R@1.
        to_control: the difference to the control arm, seeds averaged question by question; None for the control.
        to_untrained: the difference to the untrained arm; None for that.
    """

    mean: float
    low: float
    high: float
    recall: float
    to_control: Interval | None
    to_untrained: Interval | None


@dataclass(frozen=True, slots=True)
class ArmResult:
    """One arm over all seeds.

    Attributes:
        name: the arm's.
        seeds: how many were measured.
        kept: in how many seeds the trained weights were delivered, not the start.
        systems: `alone` (the reranker by itself), `fused` (with the first stage; text models only).
        probe: share of near misses told from their positive, by property and `all`; mean over seeds.
    """

    name: str
    seeds: int
    kept: int
    systems: Mapping[str, Row]
    probe: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Ablation:
    """The whole comparison.

    Attributes:
        benchmark: its name.
        questions: with a relevant page.
        groups: training groups of every arm.
        first_stage: NDCG@5 without any reranker.
        arms: in the order asked for.
        skipped: arms that could not be made.
        seed: of the intervals.
    """

    benchmark: str
    questions: int
    groups: int
    first_stage: float
    arms: Sequence[ArmResult]
    skipped: Sequence[Skipped]
    seed: int

    def to_dict(self) -> dict[str, Any]:
        """As `json.dumps` takes it."""
        return asdict(self)


def summarise(
    measured: Mapping[str, Sequence[Measures]], groups: int, skipped: Sequence[Skipped], benchmark: str, seed: int
) -> Ablation:
    """Compare arms: `measured` holds the untrained arm first and the control second, a list over seeds for each."""
    names = list(measured)
    averaged = {name: _average(seeds) for name, seeds in measured.items()}
    arms = [_sum_up(name, measured, averaged, names, seed) for name in names]
    first = averaged[names[0]]["first stage"]
    return Ablation(benchmark, len(first), groups, statistics.mean(first.values()), arms, skipped, seed)


def _average(seeds: Sequence[Measures]) -> dict[str, dict[str, float]]:
    """NDCG@5 of every question by system, the mean over seeds."""
    return {
        system: {query: statistics.mean(one.ndcg[system][query] for one in seeds) for query in seeds[0].ndcg[system]}
        for system in seeds[0].ndcg
    }


def _sum_up(
    name: str,
    measured: Mapping[str, Sequence[Measures]],
    averaged: Mapping[str, Mapping[str, Scores]],
    names: Sequence[str],
    seed: int,
) -> ArmResult:
    seeds = measured[name]
    systems = {}
    for system in (system for system in averaged[name] if system != "first stage"):
        means = [statistics.mean(one.ndcg[system].values()) for one in seeds]
        recall = statistics.mean(statistics.mean(one.recall[system].values()) for one in seeds)
        differences = [
            _compare(averaged[name][system], averaged[other][system], seed) if name != other else None
            for other in (names[1], names[0])
        ]
        systems[system] = Row(statistics.mean(means), min(means), max(means), recall, *differences)
    kept = sum(one.kept == "trained" for one in seeds)
    return ArmResult(name, len(seeds), kept, systems, _average_probe(seeds))


def _compare(own: Scores, other: Scores, seed: int) -> Interval:
    queries = sorted(own)
    return bootstrap_difference([own[query] for query in queries], [other[query] for query in queries], seed)


def _average_probe(seeds: Sequence[Measures]) -> dict[str, float]:
    """Each property's share over the seeds that have cases of it, weighted by their number."""
    found: dict[str, list[tuple[int, float]]] = {}
    for one in seeds:
        for name, case in one.probe.items():
            found.setdefault(name, []).append(case)
    return {name: sum(n * share for n, share in cases) / sum(n for n, _ in cases) for name, cases in found.items()}
