"""The results as the report shows them: what training gained, every system, the questions that moved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from docrerank.evaluation.statistics import HEADLINE, Interval
from docrerank.report.charts import draw_whisker

#: Metrics of the table; `evaluation.json` has all.
SHOWN = (HEADLINE, "NDCG@10", "R@1")
#: The three figures: their key in the evaluation, their title, their place in the style sheet's colours.
FIGURES = (("best_untrained", "Best untrained", 1), ("start", "Start", 3), ("trained", "Trained", 2))


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number with its interval, in words and as a drawing.

    Attributes:
        title: what it is.
        system: whose it is.
        colour: its place in the style sheet's colours.
    """

    title: str
    system: str
    value: str
    interval: str
    drawing: Markup
    colour: int


@dataclass(frozen=True, slots=True)
class Row:
    """One system of the table: its drawing, and (column, value, interval) of each cell."""

    name: str
    colour: int
    drawing: Markup
    cells: list[tuple[str, str, str]]


def choose_figures(evaluation: Mapping[str, Any]) -> list[Estimate]:
    """Choose the three figures that stand side by side; one that the evaluation lacks is left out."""
    return [
        estimate(title, one["system"], one, (0.0, 1.0), colour)
        for key, title, colour in FIGURES
        if (one := evaluation.get(key))
    ]


def describe_gain(evaluation: Mapping[str, Any]) -> tuple[str, Estimate] | None:
    """Say what training gained: the trained system less its start, never the start's own gain.

    Returns:
        a sentence, and the difference; None if there is no trained system.
    """
    gain, subject = evaluation.get("gain_of_training"), "Training"
    if gain is None:
        gain, subject = evaluation.get("gain_over_untrained"), "Against the best untrained system, the trained one"
        if gain is None or not evaluation.get("trained"):
            return None
    verdict = f"made no difference that {evaluation['comparison']['queries']:,} questions can show"
    if gain["low"] > 0:
        verdict = f"gained {HEADLINE} on these questions"
    elif gain["high"] < 0:
        verdict = f"lost {HEADLINE} on these questions"
    reach = max(abs(gain["low"]), abs(gain["high"]), 0.05)
    return f"{subject} {verdict}", estimate(f"{HEADLINE}, difference", subject, gain, (-reach, reach), 2)


def lay_out(evaluation: Mapping[str, Any]) -> list[Row]:
    """Lay out every system, and the ceiling of the candidates, in the evaluation's order."""
    comparison = evaluation["comparison"]
    start = (evaluation.get("start") or {}).get("system")
    colours = {(evaluation.get(key) or {}).get("system"): colour for key, _, colour in FIGURES}
    against = {row["first"]: row["differences"].get(HEADLINE) for row in comparison["pairs"] if row["second"] == start}
    rows = [
        Row(
            name,
            colours.get(name, 0),
            draw_whisker(Interval(**system["metrics"][HEADLINE]), (0.0, 1.0), colours.get(name, 0)),
            _list_cells(system, against.get(name)),
        )
        for name, system in comparison["systems"].items()
    ]
    ceiling = {"metrics": comparison["ceiling"], "differences": {}, "ms_per_query": None, "answerability": None}
    drawing = draw_whisker(Interval(**comparison["ceiling"][HEADLINE]), (0.0, 1.0), 0)
    name = f"best order of the {evaluation['candidates']['count']} candidates"
    return [*rows, Row(name, 0, drawing, _list_cells(ceiling, None))]


def describe_threshold(relevance: Mapping[str, Any]) -> str:
    """Say what the model's stored relevance threshold does on the benchmark; empty without one."""
    if not relevance["threshold"]:
        return ""
    kept, false = (
        "{value:.0%} ({low:.0%} to {high:.0%})".format(**relevance["at_threshold"][name])
        for name in ("answers_kept", "false_answers")
    )
    chosen = relevance["threshold"]
    return (
        f"The stored threshold of {chosen['relevance']:.3f}, chosen on {chosen['source']} for "
        f"{chosen['false_answer_rate']:.0%} false answers, keeps {kept} of the answerable questions here and lets "
        f"{false} of the unanswerable ones through."
    )


def estimate(
    title: str, system: str, interval: Mapping[str, float], axis: tuple[float, float], colour: int
) -> Estimate:
    """Write and draw an interval; on an axis that begins below 0 it is a difference, with its sign."""
    value, text = write(interval, signed=axis[0] < 0)
    drawn = Interval(interval["value"], interval["low"], interval["high"])
    return Estimate(title, system, value, text, draw_whisker(drawn, axis, colour), colour)


def write(interval: Mapping[str, float], signed: bool = False) -> tuple[str, str]:
    """Write a value and its interval.

    Examples:
        >>> write({"value": -0.0123, "low": -0.1, "high": 0.05}, signed=True)
        ('−0.012', '−0.100 to +0.050')
    """
    form = "+.3f" if signed else ".3f"
    value, low, high = (format(interval[key], form).replace("-", "−") for key in ("value", "low", "high"))
    return value, f"{low} to {high}"


def _list_cells(system: Mapping[str, Any], against: Mapping[str, Any] | None) -> list[tuple[str, str, str]]:
    own = system["differences"].get(HEADLINE)
    metrics, speed, auroc = system["metrics"], system["ms_per_query"], system["answerability"]
    first, *others = [(metric, *write(metrics[metric])) for metric in SHOWN if metric in metrics]
    return [
        first,
        ("over start", *(write(against["interval"], signed=True) if against else ("–", ""))),
        ("over best untrained", *(write(own["interval"], signed=True) if own else ("–", ""))),
        *others,
        ("AUROC", *(write(auroc["auroc"]) if auroc else ("–", ""))),
        ("ms a query", "–" if speed is None else f"{speed:.1f}", ""),
    ]
