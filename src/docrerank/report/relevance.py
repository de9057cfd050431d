"""Whether the model knows that no page answers: what each threshold lets through, and what relevance is worth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from docrerank.report.charts import Line, draw_lines


@dataclass(frozen=True, slots=True)
class RelevanceView:
    """Two charts and a sentence.

    Attributes:
        system: whose relevance it is.
        curve: shares of questions that pass, by threshold.
        bins: share of answerable questions by mean relevance.
        told: what the stored threshold does; empty without one.
    """

    system: str
    curve: Markup
    bins: Markup
    told: str


def read_relevance(evaluation: Mapping[str, Any]) -> RelevanceView | None:
    """The evaluation's part on relevance; None if no question was unanswerable."""
    found = evaluation.get("relevance")
    if not found:
        return None
    kept = Line("answerable questions that pass", [(bar, share) for bar, share, _ in found["curve"]], 1)
    false = Line("unanswerable questions that pass", [(bar, share) for bar, _, share in found["curve"]], 2)
    right = Line("share of answerable questions", [(value, share) for value, share, _ in found["bins"]], 1)
    return RelevanceView(
        found["system"],
        draw_lines("Questions that pass, by threshold", [kept, false], "relevance asked for"),
        draw_lines("Answerable questions, by relevance", [right], "mean relevance of a fifth of the questions"),
        _tell(found),
    )


def _tell(found: Mapping[str, Any]) -> str:
    if not found["threshold"]:
        return ""
    shares = found["at_threshold"]
    kept, false = (
        f"{shares[name]['value']:.0%} ({shares[name]['low']:.0%} to {shares[name]['high']:.0%})"
        for name in ("answers_kept", "false_answers")
    )
    bar, wanted = found["threshold"]["relevance"], found["threshold"]["false_answer_rate"]
    source = found["threshold"]["source"]
    return (
        f"The stored threshold of {bar:.3f}, chosen on {source} for {wanted:.0%} false answers, keeps {kept} of the "
        f"answerable questions here and lets {false} of the unanswerable ones through."
    )
