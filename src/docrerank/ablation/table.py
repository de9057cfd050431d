"""The comparison as a Markdown table, for people and for documents."""

from __future__ import annotations

from collections.abc import Sequence

from docrerank.ablation.summary import Ablation, ArmResult
from docrerank.evaluation import Interval

TITLES = {"alone": "the reranker by itself", "fused": "fused with the first stage"}


def render_markdown(found: Ablation) -> str:
    """One table for each system, one of near misses, and the arms that were skipped."""
    head = (
        f"{found.benchmark}: {found.questions} questions with a relevant page, {found.groups} training groups an arm, "
        f"{found.arms[1].seeds} seeds; without a reranker NDCG@5 {found.first_stage:.3f}. "
        "In brackets: lowest and highest seed; 95 % intervals over questions, seeds averaged."
    )
    systems = list(found.arms[0].systems)
    parts = [head, *(_render_system(found.arms, system) for system in systems)]
    if any(arm.probe for arm in found.arms):
        parts.append(_render_probe(found.arms))
    parts += [f"{one.arm} was skipped: {one.reason}." for one in found.skipped]
    return "\n\n".join(parts) + "\n"


def _render_system(arms: Sequence[ArmResult], system: str) -> str:
    rows = [f"| {TITLES[system]} | NDCG@5 | R@1 | to mined | to untrained |", "|---|---|---|---|---|"]
    for arm in arms:
        row = arm.systems[system]
        spread = f" [{row.low:.3f} {row.high:.3f}]" if arm.seeds > 1 and row.low != row.high else ""
        compared = f"{_tell(row.to_control)} | {_tell(row.to_untrained)}"
        rows.append(f"| {arm.name} | {row.mean:.3f}{spread} | {row.recall:.3f} | {compared} |")
    return "\n".join(rows)


def _render_probe(arms: Sequence[ArmResult]) -> str:
    names = list(dict.fromkeys(name for arm in arms for name in arm.probe))
    rows = [f"| near misses told apart | {' | '.join(names)} |", "|---" * (len(names) + 1) + "|"]
    for arm in arms:
        cells = (f"{arm.probe[name]:.3f}" if name in arm.probe else "" for name in names)
        rows.append(f"| {arm.name} | {' | '.join(cells)} |")
    return "\n".join(rows)


def _tell(interval: Interval | None) -> str:
    return f"{interval.value:+.3f} [{interval.low:+.3f} {interval.high:+.3f}]" if interval else ""
