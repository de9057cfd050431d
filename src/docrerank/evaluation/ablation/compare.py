"""From arms and seeds to one comparison: means, their spread over seeds, differences with intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from docrerank.evaluation.ablation.arms import CONTROL, Arm
from docrerank.evaluation.statistics import HEADLINE, Interval, bootstrap_difference

NO_RERANKER, START, TRAINED = FIGURES = ("no reranker", "start", "trained")
HEAD = ("arm", HEADLINE, "to start", f"to {CONTROL.name}", "to counterpart", "kept")
Scores = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Measures:
    """What one arm with one seed reached.

    Attributes:
        ndcg: by one of `FIGURES`: NDCG@5 of every question by its id.
        clusters: every question's document, which intervals are drawn over.
        kept: whether the trained weights were delivered, not the start.
    """

    ndcg: Mapping[str, Scores]
    clusters: Mapping[str, str]
    kept: bool


@dataclass(frozen=True, slots=True)
class ArmResult:
    """One arm over all seeds, or `no reranker`, or the `start`.

    Attributes:
        mean: of NDCG@5 over questions and seeds; `low` and `high` are the lowest and the highest mean of a seed.
        kept: in how many of the `seeds` the trained weights were delivered, not the start.
        differences: to the start, the control, and the arm that differs in one thing alone, by their names.
    """

    name: str
    mean: float
    low: float
    high: float
    kept: int
    seeds: int
    differences: Mapping[str, Interval]


@dataclass(frozen=True, slots=True)
class Ablation:
    """The whole comparison, and why arms were skipped; the seed is that of the intervals."""

    benchmark: str
    questions: int
    groups: int
    arms: Sequence[ArmResult]
    skipped: Mapping[str, str]
    seed: int


def read_measures(evaluation: Mapping[str, Any], kept: bool) -> Measures:
    """Take what counts from an `evaluation.json`; where the start has no row the first stage stands for it."""
    ndcg: dict[str, Scores] = {}
    for figure in FIGURES:
        system = (evaluation.get(figure) or evaluation["candidates"])["system"]
        rows = {query["id"]: query["systems"][system].get("metrics") for query in evaluation["queries"]}
        ndcg[figure] = {query: values[HEADLINE] for query, values in rows.items() if values}
    return Measures(ndcg, {query["id"]: query["cluster"] for query in evaluation["queries"]}, kept)


def compare(
    measured: Mapping[Arm, Sequence[Measures]], benchmark: str, groups: int, skipped: Mapping[str, str], seed: int
) -> Ablation:
    """Compare arms, each over its seeds, question by question; the control is among them."""
    control = measured[CONTROL]
    averaged = {arm.name: _average(found, TRAINED) for arm, found in measured.items()}
    averaged[START] = _average(control, START)
    questions = sorted(averaged[START])

    def sum_up(name: str, found: Sequence[Measures], figure: str, against: str = "") -> ArmResult:
        own, differences = _average(found, figure), dict[str, Interval]()
        for other in dict.fromkeys((START, CONTROL.name, against)):
            if other in averaged and other != name:
                mine, theirs = ([scores[query] for query in questions] for scores in (own, averaged[other]))
                clusters = [control[0].clusters[query] for query in questions]
                differences[other] = bootstrap_difference(mine, theirs, clusters, seed)
        means = [fmean(each.ndcg[figure].values()) for each in found]
        kept = sum(each.kept for each in found)
        return ArmResult(name, fmean(means), min(means), max(means), kept, len(found), differences)

    floors = [sum_up(name, control, name) for name in (NO_RERANKER, START)]
    arms = [sum_up(arm.name, found, TRAINED, arm.against) for arm, found in measured.items()]
    return Ablation(benchmark, len(questions), groups, [*floors, *arms], skipped, seed)


def render_markdown(found: Ablation) -> str:
    """Write one table, and the arms that were skipped."""
    head = (
        f"{found.benchmark}: {found.questions} questions with a relevant page, {found.groups} training groups an arm, "
        f"{found.arms[0].seeds} seeds. In brackets after a score: lowest and highest seed; after a difference: 95 % "
        "interval over documents and questions, seeds averaged. Kept: seeds whose trained weights were delivered, not "
        "the start."
    )
    lines = [HEAD, ["---"] * len(HEAD), *map(_write_row, found.arms)]
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    return "\n\n".join([head, table, *(f"{name} was skipped: {why}." for name, why in found.skipped.items())]) + "\n"


def _write_row(arm: ArmResult) -> tuple[str, ...]:
    score = f"{arm.mean:.3f}" + (f" [{arm.low:.3f} {arm.high:.3f}]" if arm.low != arm.high else "")
    found = {name: f"{one.value:+.3f} [{one.low:+.3f} {one.high:+.3f}]" for name, one in arm.differences.items()}
    start, control = found.pop(START, ""), found.pop(CONTROL.name, "")
    other = "".join(f"{name}: {text}" for name, text in found.items())
    kept = "" if arm.name in (NO_RERANKER, START) else f"{arm.kept} of {arm.seeds}"
    return arm.name, score, start, control, other, kept


def _average(seeds: Sequence[Measures], figure: str) -> Scores:
    """NDCG@5 of every question, the mean over seeds."""
    return {query: fmean(each.ndcg[figure][query] for each in seeds) for query in seeds[0].ndcg[figure]}
