"""From arms and seeds to one comparison: means, spread over seeds, differences with intervals."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from types import MappingProxyType
from typing import Any

from docrerank.evaluation.ablation.learned import Learned
from docrerank.evaluation.ablation.measures import Measures, Scores
from docrerank.evaluation.statistics import Interval, bootstrap_difference

#: As `Measures` names the system that no reranker is part of.
FIRST = "first stage"


@dataclass(frozen=True, slots=True)
class Skipped:
    """An arm that could not be made, and why."""

    arm: str
    reason: str


@dataclass(frozen=True, slots=True)
class ArmScores:
    """One system of one arm.

    Attributes:
        mean: of NDCG@5 over questions and seeds.
        low: the lowest mean of a seed.
        high: the highest.
        recall: mean R@1.
        to_control: the difference to the control arm, seeds averaged question by question; None for the control.
        to_untrained: the difference to the untrained arm; None for that.
        to_counterpart: the difference to the arm that differs in one thing alone; None if there is none here.
    """

    mean: float
    low: float
    high: float
    recall: float
    to_control: Interval | None
    to_untrained: Interval | None
    to_counterpart: Interval | None = None


@dataclass(frozen=True, slots=True)
class ArmResult:
    """One arm over all seeds.

    Attributes:
        name: the arm's.
        seeds: how many were measured.
        kept: in how many seeds the trained weights were delivered, not the start.
        systems: `alone` (the reranker by itself), `fused` (with the first stage; text models only).
        probe: share of near misses told from their positive, by property and `all`; mean over seeds.
        counterpart: the arm that differs in one thing alone; empty for none.
        learned: what a seed learned from, means over seeds.
        seconds: of a seed, by stage, means over seeds.
    """

    name: str
    seeds: int
    kept: int
    systems: Mapping[str, ArmScores]
    probe: Mapping[str, float]
    counterpart: str = ""
    learned: Learned = field(default_factory=Learned)
    seconds: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Ablation:
    """The whole comparison.

    Attributes:
        benchmark: its name.
        questions: with a relevant page.
        groups: training groups of every arm.
        first_stage: without any reranker: a row for each system, whose differences are to that system's arms.
        arms: in the order asked for.
        skipped: arms that could not be made.
        seed: of the intervals.
    """

    benchmark: str
    questions: int
    groups: int
    first_stage: Mapping[str, ArmScores]
    arms: Sequence[ArmResult]
    skipped: Sequence[Skipped]
    seed: int

    def to_dict(self) -> dict[str, Any]:
        """As `json.dumps` takes it."""
        return asdict(self)


def summarise(
    measured: Mapping[str, Sequence[Measures]],
    groups: int,
    skipped: Sequence[Skipped],
    benchmark: str,
    seed: int,
    counterparts: Mapping[str, str] = MappingProxyType({}),
) -> Ablation:
    """Compare arms.

    Args:
        measured: the untrained arm first and the control second, a list over seeds for each.
        groups: of every arm.
        skipped: told as it is.
        benchmark: its name.
        seed: of the intervals.
        counterparts: arm to the arm that differs from it in one thing alone.
    """
    untrained, control = list(measured)[:2]
    averaged = {name: _average(seeds) for name, seeds in measured.items()}
    arms = []
    for name, seeds in measured.items():
        other = counterparts.get(name, "") if counterparts.get(name, "") in measured else ""
        rows = {
            system: _make_row(seeds, system, system, averaged, (control, untrained, other), seed, own=name)
            for system in averaged[name]
            if system != FIRST
        }
        arms.append(_sum_up(name, seeds, rows, other))
    first = {
        system: _make_row(measured[untrained], FIRST, system, averaged, (control, untrained, ""), seed)
        for system in arms[0].systems
    }
    return Ablation(benchmark, len(averaged[untrained][FIRST]), groups, first, arms, skipped, seed)


def _average(seeds: Sequence[Measures]) -> dict[str, dict[str, float]]:
    """NDCG@5 of every question by system, the mean over seeds."""
    return {
        system: {query: statistics.mean(one.ndcg[system][query] for one in seeds) for query in seeds[0].ndcg[system]}
        for system in seeds[0].ndcg
    }


def _make_row(
    seeds: Sequence[Measures],
    system: str,
    against: str,
    averaged: Mapping[str, Mapping[str, Scores]],
    others: Sequence[str],
    seed: int,
    own: str = "",
) -> ArmScores:
    """A system's scores, and its differences to the system `against` of other arms."""
    means = [statistics.mean(one.ndcg[system].values()) for one in seeds]
    recall = statistics.mean(statistics.mean(one.recall[system].values()) for one in seeds)
    scores = _average(seeds)[system]
    control, untrained, counterpart = (
        _compare(scores, averaged[other][against], seeds[0].clusters, seed) if other and other != own else None
        for other in others
    )
    return ArmScores(statistics.mean(means), min(means), max(means), recall, control, untrained, counterpart)


def _sum_up(name: str, seeds: Sequence[Measures], rows: Mapping[str, ArmScores], counterpart: str) -> ArmResult:
    kept = sum(one.kept == "trained" for one in seeds)
    seconds = {stage: statistics.mean(one.seconds[stage] for one in seeds) for stage in seeds[0].seconds}
    return ArmResult(
        name, len(seeds), kept, rows, _average_probe(seeds), counterpart, _average_learned(seeds), seconds
    )


def _average_learned(seeds: Sequence[Measures]) -> Learned:
    learned = [one.learned for one in seeds]
    known = [one.turned_down for one in learned if one.turned_down is not None]
    return Learned(
        learned[0].groups,
        statistics.mean(one.negatives for one in learned),
        statistics.mean(one.rephrased for one in learned),
        statistics.mean(known) if len(known) == len(learned) else None,
    )


def _compare(own: Scores, other: Scores, clusters: Mapping[str, str], seed: int) -> Interval:
    queries = sorted(own)
    mine, theirs = ([scores[query] for query in queries] for scores in (own, other))
    return bootstrap_difference(mine, theirs, [clusters[query] for query in queries], seed)


def _average_probe(seeds: Sequence[Measures]) -> dict[str, float]:
    """Each property's share over the seeds that have cases of it, weighted by their number."""
    found: dict[str, list[tuple[int, float]]] = {}
    for one in seeds:
        for name, case in one.probe.items():
            found.setdefault(name, []).append(case)
    return {name: sum(n * share for n, share in cases) / sum(n for n, _ in cases) for name, cases in found.items()}
