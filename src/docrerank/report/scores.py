"""The evaluation as the report shows it: rows with whiskers, and tables of values with their intervals."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from docrerank.evaluation import draw_whisker
from docrerank.evaluation.statistics import HEADLINE, METRICS, Interval

Axis = tuple[float, float]
#: Places in the style sheet's colours.
UNTRAINED, TRAINED, CEILING = 1, 2, 3


@dataclass(frozen=True, slots=True)
class Estimated:
    """One row of a dot-and-whisker chart."""

    name: str
    value: str
    interval: str
    drawing: Markup


@dataclass(frozen=True, slots=True)
class Scores:
    """An evaluation, laid out.

    Attributes:
        means: NDCG@5 of each system and of the ceiling.
        differences: NDCG@5 of each system minus the best untrained one's.
        answerability: AUROC of each system's best page score; empty if no question is unanswerable.
        header: names of the columns of `rows`.
        rows: per system: its name, whether it is trained, and (value, interval) for each column.
        evidence_header: kinds of evidence, with their numbers of questions.
        evidence: per system: its name, whether it is trained, and (value, interval) for each kind.
    """

    means: list[Estimated]
    differences: list[Estimated]
    answerability: list[Estimated]
    header: list[str]
    rows: list[tuple[str, bool, list[tuple[str, str]]]]
    evidence_header: list[tuple[str, int]]
    evidence: list[tuple[str, bool, list[tuple[str, str]]]]


def lay_out(evaluation: Mapping[str, Any]) -> Scores:
    """Lay out the content of `evaluation.json`."""
    comparison = evaluation["comparison"]
    systems, baseline = comparison["systems"], comparison["baseline"]
    names, parts = list(systems), comparison["breakdowns"].get("evidence", [])
    metrics = [metric for metric in METRICS if metric in systems[baseline]["metrics"]]
    header = [HEADLINE, f"{HEADLINE} − best untrained", *metrics[1:], "AUROC", "ms/query"]
    return Scores(
        _draw_means(comparison),
        _draw(_list_differences(systems), show_change, _join_axis),
        _draw(_list_aurocs(systems), show, lambda intervals: (0.0, 1.0)),
        header,
        [(name, systems[name]["trained"], _lay_out_row(systems[name], metrics)) for name in names],
        [(part["value"], part["queries"]) for part in parts],
        [(name, systems[name]["trained"], [_cell(part["means"][name]) for part in parts]) for name in names],
    )


def show(value: float) -> str:
    """A number between 0 and 1."""
    return f"{value:.3f}"


def show_change(value: float) -> str:
    """A difference, with its sign.

    Example:
        >>> show_change(-0.0123)
        '−0.012'
    """
    return f"{value:+.3f}".replace("-", "−")


Estimate = tuple[str, int, Interval]


def _draw_means(comparison: Mapping[str, Any]) -> list[Estimated]:
    systems = comparison["systems"].items()
    rows = [(name, _colour(system), Interval(**system["metrics"][HEADLINE])) for name, system in systems]
    rows.append(("ceiling of the candidates", CEILING, Interval(**comparison["ceiling"][HEADLINE])))
    return _draw(rows, show, lambda intervals: (0.0, 1.0))


def _list_differences(systems: Mapping[str, Any]) -> list[Estimate]:
    return [
        (name, _colour(system), Interval(**system["differences"][HEADLINE]["interval"]))
        for name, system in systems.items()
        if system["differences"]
    ]


def _list_aurocs(systems: Mapping[str, Any]) -> list[Estimate]:
    return [
        (name, _colour(system), Interval(**system["answerability"]["auroc"]))
        for name, system in systems.items()
        if system["answerability"]
    ]


def _draw(
    rows: Sequence[Estimate],
    write: Callable[[float], str],
    choose: Callable[[Sequence[Interval]], Axis],
) -> list[Estimated]:
    if not rows:
        return []
    axis = choose([interval for _, _, interval in rows])
    return [
        Estimated(
            name,
            write(interval.value),
            f"{write(interval.low)} to {write(interval.high)}",
            draw_whisker(interval, axis, colour),
        )
        for name, colour, interval in rows
    ]


def _join_axis(intervals: Sequence[Interval]) -> tuple[float, float]:
    """An axis that holds every interval and zero, with a little room."""
    low = min(0.0, *(interval.low for interval in intervals))
    high = max(0.0, *(interval.high for interval in intervals))
    room = max(0.01, 0.05 * (high - low))
    return low - room, high + room


def _lay_out_row(system: Mapping[str, Any], metrics: Sequence[str]) -> list[tuple[str, str]]:
    first, *others = (_cell(system["metrics"][metric]) for metric in metrics)
    auroc = system["answerability"]
    speed = system["ms_per_query"]
    return [
        first,
        _show_difference(system["differences"].get(HEADLINE)),
        *others,
        _cell(auroc["auroc"]) if auroc else ("–", ""),
        ("–" if speed is None else f"{speed:.1f}", ""),
    ]


def _show_difference(difference: Mapping[str, Any] | None) -> tuple[str, str]:
    if difference is None:
        return "–", ""
    interval = difference["interval"]
    value, low, high = (show_change(interval[key]) for key in ("value", "low", "high"))
    return value, f"{low} to {high}\np={difference['p']:.3f}"


def _cell(interval: Mapping[str, float]) -> tuple[str, str]:
    return show(interval["value"]), f"{show(interval['low'])}–{show(interval['high'])}"


def _colour(system: Mapping[str, Any]) -> int:
    return TRAINED if system["trained"] else UNTRAINED
