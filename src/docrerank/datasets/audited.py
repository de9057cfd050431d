"""What people found when they audited a run, for the card."""

from __future__ import annotations

from docrerank.report.audit import AuditSummary, Rate, read_summary
from docrerank.runs import Run


def describe_audit(run: Run) -> str:
    """A table of the audit's rates as Markdown; empty if nobody has audited the run."""
    summary = read_summary(run.path)
    return "" if summary is None or not summary.judged else write_audit(summary)


def write_audit(summary: AuditSummary) -> str:
    """The rates of an audit, each with its 95 % interval.

    Args:
        summary: `seed`, `auditors`, `judged`, `unclear`, `agreement`, and the rates `false_negatives` (hard
            negatives that people found answerable), `false_positives` and `by_property`; a rate has `cases`, `of`,
            `low` and `high`.
    """
    who = len(summary.auditors)
    lines = [
        f"{summary.judged} questions, drawn at random (seed {summary.seed}), were held against their page by {who} "
        f"{'person' if who == 1 else 'people'}; {summary.unclear} were unclear.",
        "",
        "| | cases | of | share | 95 % interval |",
        "| --- | --- | --- | --- | --- |",
        _write_rate("hard negatives that the page answers", summary.false_negatives),
        _write_rate("positives that it does not answer", summary.false_positives),
    ]
    rates = sorted(dict(summary.by_property).items())
    lines += [_write_rate(f"hard negatives: {name or 'property unknown'}", rate) for name, rate in rates]
    if summary.agreement is not None:
        lines += ["", f"Agreement between people: Fleiss' kappa {summary.agreement:.2f}."]
    return "\n".join(lines)


def _write_rate(name: str, rate: Rate) -> str:
    share = f"{rate.cases / rate.of:.1%}" if rate.of else "-"
    return f"| {name} | {rate.cases} | {rate.of} | {share} | {rate.low:.1%} to {rate.high:.1%} |"
