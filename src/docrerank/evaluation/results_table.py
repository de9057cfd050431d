"""One table of results: systems measured on the same questions, held against a baseline and against each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations

from docrerank.evaluation.answerability import Answerability, measure_answerability
from docrerank.evaluation.benchmark import Collection
from docrerank.evaluation.find_candidates import Candidates
from docrerank.evaluation.measured import Measured
from docrerank.evaluation.names import ORACLE
from docrerank.evaluation.statistics import METRICS, RESAMPLES, Interval, score_rankings
from docrerank.evaluation.statistics.ranking_metrics import PerQuery, Rankings, measure_ceiling
from docrerank.evaluation.statistics.resampling import bootstrap_means, compute_p_value
from docrerank.records import UserError


@dataclass(frozen=True, slots=True)
class SystemResult:
    """One system on one benchmark.

    Attributes:
        name: unique in a table.
        trained: whether it learned from data of this project; an untrained one is a floor to beat.
        metrics: metric to query id to value.
        means: metric to its mean over queries, with its interval.
        ms_per_query: the median; None if not timed.
        answerability: None if the benchmark has no unanswerable question.
    """

    name: str
    trained: bool
    metrics: PerQuery = field(hash=False, repr=False)
    means: Mapping[str, Interval] = field(hash=False)
    ms_per_query: float | None = None
    answerability: Answerability | None = None


@dataclass(frozen=True, slots=True)
class Difference:
    """One system's mean less another's over the same questions, and the p-value that there is none (two-sided)."""

    interval: Interval
    p: float

    def turned(self) -> Difference:
        """The other system's mean less the one's."""
        value, low, high = (0.0 - edge for edge in (self.interval.value, self.interval.high, self.interval.low))
        return Difference(Interval(value, low, high), self.p)


@dataclass(frozen=True, slots=True)
class Breakdown:
    """The questions with one value of a trait, and each system's mean of the headline metric over them."""

    value: str
    queries: int
    means: Mapping[str, Interval] = field(hash=False)


@dataclass(frozen=True, slots=True)
class ResultsTable:
    """What text, Markdown, JSON and plots are made from; see `build_table`.

    Attributes:
        name: of the benchmark.
        headline: the metric of differences and breakdowns.
        systems: in the order given.
        baseline: the best untrained system on these questions, which the others are held against.
        ceiling: what the best order of the candidates reaches.
        pairs: two systems to metric to the first one's difference from the second.
        breakdowns: trait to its values, the most frequent first; a question with two values counts in both.
        queries: how many questions the ranking metrics are over.
        documents: how many clusters of questions are drawn, see `Collection.clusters`.
        first_stage: who found the candidates.
        candidates: how many a question has at most.
        seed: of every resampling.
        resamples: how many make an interval.
        notes: what a reader must know besides.
        start: what training started from, if it was measured; the others are held against it too.
        trained: the trained model that does what `start` does; None if there is none.
    """

    name: str
    headline: str
    systems: tuple[SystemResult, ...]
    baseline: str
    ceiling: SystemResult
    pairs: Mapping[tuple[str, str], Mapping[str, Difference]] = field(hash=False)
    breakdowns: Mapping[str, tuple[Breakdown, ...]] = field(hash=False)
    queries: int
    documents: int
    first_stage: str
    candidates: int
    seed: int
    resamples: int
    notes: tuple[str, ...] = ()
    start: str | None = None
    trained: str | None = None

    def system(self, name: str) -> SystemResult:
        """A system by its name."""
        return next(system for system in self.systems if system.name == name)

    def difference(self, first: str, second: str) -> Mapping[str, Difference]:
        """Metric to the first system's mean less the second's; empty if the two were not compared."""
        if (first, second) in self.pairs:
            return self.pairs[first, second]
        return {metric: one.turned() for metric, one in self.pairs.get((second, first), {}).items()}


def build_table(
    collection: Collection,
    candidates: Candidates,
    measured: Sequence[Measured],
    *,
    every_pair: bool = False,
    start: str | None = None,
    trained: str | None = None,
    notes: Sequence[str] = (),
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> ResultsTable:
    """Hold systems that ranked the same questions against the best untrained one, the start, or all each other.

    The baseline is chosen on the same questions and so flattered a little: gains over it look smaller, not larger. The
    p-values are each of one test; with many systems or metrics some fall below 0.05 by chance.

    Raises:
        UserError: two systems have one name, all are trained, or no question has a relevant page.
    """
    builder = _Builder(collection, collection.clusters(), seed, resamples)
    ceiling = measure_ceiling(candidates.pages, collection.benchmark.qrels)
    queries = list(ceiling[METRICS[0]])
    _check(collection, measured, queries)
    results = tuple(builder.summarise(found) for found in measured)
    baseline = choose_baseline(results, collection.headline)
    floors = [baseline, *(result for result in results if result.name == start and result is not baseline)]
    against_floors = [
        (result, floor)
        for place, floor in enumerate(floors)
        for result in results
        if result is not floor and result not in floors[:place]
    ]
    pairs = list(combinations(results, 2)) if every_pair else against_floors
    unreadable = {found.name: found.count_unreadable() for found in measured}
    faults = [f"{name}: {count} pairs have no score, and stand last." for name, count in unreadable.items() if count]
    top = max((len(pages) for pages in candidates.pages.values()), default=0)
    return ResultsTable(
        name=collection.name,
        headline=collection.headline,
        systems=results,
        baseline=baseline.name,
        ceiling=SystemResult(f"ceiling of the top {top}", False, ceiling, builder.bootstrap(ceiling)),
        pairs={(one.name, other.name): builder.compare(one.metrics, other.metrics) for one, other in pairs},
        breakdowns={trait: builder.break_down(results, queries, trait) for trait in collection.traits},
        queries=len(queries),
        documents=len({builder.clusters[query] for query in queries}),
        first_stage=candidates.stage,
        candidates=top,
        seed=seed,
        resamples=resamples,
        notes=(*collection.notes, *notes, *faults),
        start=start,
        trained=trained,
    )


def choose_baseline(systems: Sequence[SystemResult], metric: str) -> SystemResult:
    """The best untrained system: the floor that training must beat. The judgements themselves are none.

    Raises:
        UserError: if every system is trained.
    """
    untrained = [system for system in systems if not system.trained and system.name != ORACLE]
    if not untrained:
        raise UserError("no untrained system to compare with; evaluate at least one, such as bm25")
    return max(untrained, key=lambda system: system.means[metric].value)


@dataclass(frozen=True, slots=True)
class _Builder:
    """What every number of a table is made with."""

    collection: Collection
    clusters: Mapping[str, str]
    seed: int
    resamples: int

    def summarise(self, found: Measured) -> SystemResult:
        metrics = score_rankings(found.ranking, self.collection.benchmark.qrels)
        answers: Rankings = {query: {"best": value} for query, value in found.relevance.items()} or found.ranking
        return SystemResult(
            found.name,
            found.trained,
            metrics,
            self.bootstrap(metrics),
            found.median_milliseconds(),
            measure_answerability(answers, self.collection.benchmark, self.clusters, self.seed, self.resamples),
        )

    def bootstrap(self, metrics: Mapping[str, Mapping[str, float]]) -> dict[str, Interval]:
        queries = list(next(iter(metrics.values())))
        columns = [[values[query] for query in queries] for values in metrics.values()]
        drawn_with = [self.clusters[query] for query in queries]
        return dict(zip(metrics, bootstrap_means(columns, drawn_with, self.seed, self.resamples), strict=True))

    def compare(self, first: PerQuery, second: PerQuery) -> dict[str, Difference]:
        gains = {name: {query: own - second[name][query] for query, own in first[name].items()} for name in METRICS}
        drawn_with = [self.clusters[query] for query in first[METRICS[0]]]
        found = {}
        for metric, interval in self.bootstrap(gains).items():
            own, other = list(first[metric].values()), [second[metric][query] for query in first[metric]]
            found[metric] = Difference(interval, compute_p_value(own, other, drawn_with, self.seed))
        return found

    def break_down(self, systems: Sequence[SystemResult], queries: Sequence[str], trait: str) -> tuple[Breakdown, ...]:
        values, members = self.collection.traits[trait], dict[str, list[str]]()
        for query in queries:
            for value in dict.fromkeys(values.get(query, ())):
                members.setdefault(value, []).append(query)
        return tuple(
            Breakdown(
                value,
                len(own),
                self.bootstrap(
                    {
                        each.name: {query: each.metrics[self.collection.headline][query] for query in own}
                        for each in systems
                    }
                ),
            )
            for value, own in sorted(members.items(), key=lambda item: (-len(item[1]), item[0]))
        )


def _check(collection: Collection, measured: Sequence[Measured], queries: Sequence[str]) -> None:
    names = [found.name for found in measured]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise UserError(f"two systems are called {twice[0]!r}: rename one's folder")
    if not queries:
        raise UserError(f"'{collection.name}' has no question with a relevant page")
