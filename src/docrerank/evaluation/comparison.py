"""Systems measured on the same questions, side by side: each one's means, and its differences from a baseline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from docrerank.evaluation.answerability import Answerability
from docrerank.records import UserError
from docrerank.statistics import HEADLINE, RESAMPLES, Interval, bootstrap_difference, bootstrap_mean, compute_p_value

Metrics = Mapping[str, Mapping[str, float]]


@dataclass(frozen=True, slots=True)
class SystemResult:
    """One system on one benchmark.

    Attributes:
        name: unique in a comparison.
        metrics: metric to query id to value, as `score_run` gives them.
        means: metric to its mean over queries, with its interval.
        trained: whether it learned from data of this project; an untrained one is a floor to beat.
        ms_per_query: milliseconds to score one query's candidates; None if not timed.
        answerability: None if the benchmark has no unanswerable question or the system gives no scores.
    """

    name: str
    metrics: Metrics = field(hash=False, repr=False)
    means: Mapping[str, Interval] = field(hash=False)
    trained: bool
    ms_per_query: float | None = None
    answerability: Answerability | None = None


@dataclass(frozen=True, slots=True)
class Difference:
    """A system's mean minus the baseline's over the same queries, and the p-value that there is none (two-sided)."""

    interval: Interval
    p: float


@dataclass(frozen=True, slots=True)
class Breakdown:
    """The queries whose answer stands in one kind of evidence, and each system's mean `HEADLINE` over them."""

    evidence: str
    queries: int
    means: Mapping[str, Interval] = field(hash=False)


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a table of results is made from; see `compare`.

    Attributes:
        systems: in the order given.
        baseline: the name of the system the others are held against.
        differences: system to metric to its difference from the baseline; the baseline itself is not in it.
        breakdown: one for each kind of evidence, the most frequent first; a query with two kinds counts in both.
        queries: how many queries the ranking metrics are over.
        seed: of every resampling.
        resamples: how many make an interval.
        ceiling: what the best reordering of the candidates reaches; None if not measured.
        notes: what a reader must know besides.
    """

    systems: tuple[SystemResult, ...]
    baseline: str
    differences: Mapping[str, Mapping[str, Difference]] = field(hash=False)
    breakdown: tuple[Breakdown, ...]
    queries: int
    seed: int
    resamples: int = RESAMPLES
    ceiling: SystemResult | None = None
    notes: tuple[str, ...] = ()


def summarise_system(
    name: str,
    metrics: Metrics,
    *,
    trained: bool,
    ms_per_query: float | None = None,
    answerability: Answerability | None = None,
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> SystemResult:
    """Put a system's per-query metrics together with their means and bootstrap intervals.

    Raises:
        ValueError: if a metric has no query or a value is not finite.

    Example:
        >>> summarise_system("BM25", {"NDCG@5": {"q1": 1.0, "q2": 1.0}}, trained=False).means["NDCG@5"]
        Interval(value=1.0, low=1.0, high=1.0)
    """
    means = {metric: bootstrap_mean(list(values.values()), seed, resamples) for metric, values in metrics.items()}
    return SystemResult(name, metrics, means, trained, ms_per_query, answerability)


def choose_baseline(systems: Sequence[SystemResult], metric: str = HEADLINE) -> str:
    """The name of the best untrained system: the floor that training must beat.

    Chosen on the same questions, it is flattered a little, which makes gains over it look smaller, not larger.

    Raises:
        UserError: if every system is trained.

    Example:
        >>> results = [summarise_system(name, {"NDCG@5": {"q": value}}, trained=name == "ours")
        ...            for name, value in (("ours", 0.9), ("BM25", 0.4), ("MiniLM", 0.6))]
        >>> choose_baseline(results)
        'MiniLM'
    """
    untrained = [system for system in systems if not system.trained]
    if not untrained:
        raise UserError("no untrained system to compare with; evaluate at least one, such as bm25")
    return max(untrained, key=lambda system: system.means[metric].value).name


def compare(
    systems: Sequence[SystemResult],
    baseline: str,
    evidence: Mapping[str, Sequence[str]],
    *,
    ceiling: SystemResult | None = None,
    notes: Sequence[str] = (),
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> Comparison:
    """Hold every system against the baseline, query by query, and break the headline metric down by evidence.

    The p-values are each of one test; with many systems or metrics some fall below 0.05 by chance.

    Args:
        evidence: query id to the kinds of evidence of its answer (`Benchmark.evidence()`); may lack queries.

    Raises:
        ValueError: if names clash, the baseline is not among them, or the systems were measured on different queries.

    Example:
        >>> results = [summarise_system(name, {"NDCG@5": {"q1": value, "q2": value}}, trained=False)
        ...            for name, value in (("BM25", 0.5), ("MiniLM", 0.75))]
        >>> compare(results, "BM25", {}).differences["MiniLM"]["NDCG@5"].interval.value
        0.25
    """
    _check_systems(systems, baseline)
    reference = next(system for system in systems if system.name == baseline)
    differences = {
        system.name: _subtract_metrics(system.metrics, reference.metrics, seed, resamples)
        for system in systems
        if system.name != baseline
    }
    queries = list(reference.metrics[HEADLINE])
    breakdown = _break_down(systems, queries, evidence, seed, resamples)
    return Comparison(
        tuple(systems), baseline, differences, breakdown, len(queries), seed, resamples, ceiling, tuple(notes)
    )


def _check_systems(systems: Sequence[SystemResult], baseline: str) -> None:
    names = [system.name for system in systems]
    if len(set(names)) < len(names) or baseline not in names:
        raise ValueError(f"systems {names} must be unique and hold the baseline {baseline!r}")
    measured = [{metric: set(values) for metric, values in system.metrics.items()} for system in systems]
    if HEADLINE not in measured[0] or any(one != measured[0] for one in measured):
        raise ValueError(f"every system must have the same metrics, {HEADLINE} among them, over the same queries")


def _subtract_metrics(ours: Metrics, theirs: Metrics, seed: int, resamples: int) -> dict[str, Difference]:
    differences = {}
    for metric, values in ours.items():
        first, second = list(values.values()), [theirs[metric][query] for query in values]
        interval = bootstrap_difference(first, second, seed, resamples)
        differences[metric] = Difference(interval, compute_p_value(first, second, seed))
    return differences


def _break_down(
    systems: Sequence[SystemResult],
    queries: Sequence[str],
    evidence: Mapping[str, Sequence[str]],
    seed: int,
    resamples: int,
) -> tuple[Breakdown, ...]:
    groups: dict[str, list[str]] = {}
    for query in queries:
        for kind in dict.fromkeys(evidence.get(query, ())):
            groups.setdefault(kind, []).append(query)
    ordered = sorted(groups.items(), key=lambda item: (-len(item[1]), item[0]))
    return tuple(
        Breakdown(
            kind,
            len(members),
            {
                system.name: bootstrap_mean([system.metrics[HEADLINE][query] for query in members], seed, resamples)
                for system in systems
            },
        )
        for kind, members in ordered
    )
