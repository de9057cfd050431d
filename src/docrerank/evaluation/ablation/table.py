"""The comparison as Markdown tables, for people and for documents."""

from __future__ import annotations

from collections.abc import Sequence

from docrerank.evaluation.ablation.summary import Ablation, ArmResult, ArmScores
from docrerank.evaluation.statistics import Interval

TITLES = {"alone": "the reranker by itself", "fused": "fused with the first stage"}
NO_RERANKER = "no reranker"


def render_markdown(found: Ablation) -> str:
    """One table for each system, one of near misses, one of what arms learned from, and the arms that were skipped."""
    head = (
        f"{found.benchmark}: {found.questions} questions with a relevant page, {found.groups} training groups an arm, "
        f"{found.arms[1].seeds} seeds. In brackets after a score: lowest and highest seed; after a difference: "
        "95 % interval over documents and questions, seeds averaged."
    )
    parts = [head, *(_render_system(found, system) for system in found.arms[0].systems)]
    if any(arm.probe for arm in found.arms):
        parts.append(_render_probe(found.arms))
    parts.append(_render_learned(found.arms))
    parts += [f"{one.arm} was skipped: {one.reason}." for one in found.skipped]
    return "\n\n".join(parts) + "\n"


def _render_system(found: Ablation, system: str) -> str:
    head = (TITLES[system], "NDCG@5", "R@1", f"to {found.arms[1].name}", f"to {found.arms[0].name}", "to counterpart")
    rows = [_render_row(NO_RERANKER, found.first_stage[system], "")]
    rows += [_render_row(arm.name, arm.systems[system], arm.counterpart) for arm in found.arms]
    return _render(head, rows)


def _render_row(name: str, row: ArmScores, counterpart: str) -> tuple[str, ...]:
    spread = f" [{row.low:.3f} {row.high:.3f}]" if row.low != row.high else ""
    other = f"{counterpart}: {_tell(row.to_counterpart)}" if row.to_counterpart else ""
    score = f"{row.mean:.3f}{spread}"
    return name, score, f"{row.recall:.3f}", _tell(row.to_control), _tell(row.to_untrained), other


def _render_probe(arms: Sequence[ArmResult]) -> str:
    names = list(dict.fromkeys(name for arm in arms for name in arm.probe))
    rows = [(arm.name, *(f"{arm.probe[name]:.3f}" if name in arm.probe else "" for name in names)) for arm in arms]
    return _render(("near misses told apart", *names), rows)


def _render_learned(arms: Sequence[ArmResult]) -> str:
    head = (
        "what a seed learned from",
        "negatives a group",
        "rephrased positives",
        "negatives that the judge turned down",
        "seeds that kept the trained weights",
        "seconds: train, evaluate, probe",
    )
    return _render(head, [_describe_learned(arm) for arm in arms])


def _describe_learned(arm: ArmResult) -> tuple[str, ...]:
    seconds = ", ".join(
        f"{arm.seconds[stage]:.0f}" for stage in ("train", "evaluate", "probe") if stage in arm.seconds
    )
    learned = arm.learned
    if not learned.groups:
        return arm.name, "", "", "", "", seconds
    down = "" if learned.turned_down is None else f"{learned.turned_down:.0%}"
    return (
        arm.name,
        f"{learned.negatives:.1f}",
        f"{learned.rephrased:.0%}",
        down,
        f"{arm.kept} of {arm.seeds}",
        seconds,
    )


def _render(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _tell(interval: Interval | None) -> str:
    return f"{interval.value:+.3f} [{interval.low:+.3f} {interval.high:+.3f}]" if interval else ""
