"""What `docrerank run --dry-run` tells: for each stage, how much is done and how much would be."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from docrerank.pages import IngestPlan
from docrerank.runs import Run


def plan(run: Run, pdfs: Sequence[str | Path], benchmark: Path | None, stages: Sequence[str]) -> dict[str, str]:
    """Say per stage what would run; reads and hashes the documents, changes nothing."""
    from docrerank.pages import plan_ingest

    ingest = plan_ingest(run, pdfs)
    total, fresh = len(ingest.todo) + len(ingest.done), not ingest.todo
    steps = {"ingest": f"{len(ingest.todo)} of {total} documents to read"}
    todo = _documents_to_write(run) if fresh else total
    steps["generate"] = f"{todo} of {total} documents to write queries for" + ("" if fresh else " at most")
    steps["generate"] += _cost(run, ingest)
    for stage in ("mine", "train"):
        steps[stage] = "done unless an earlier stage changes something" if fresh and not todo else "to do"
    steps["evaluate"] = f"on {benchmark}" if benchmark else "skipped: no --benchmark"
    steps["report"] = f"to {run.report}"
    return {stage: steps[stage] for stage in stages}


def _cost(run: Run, ingest: IngestPlan) -> str:
    """What models would be asked for the pages that are known, and for those of the documents not read yet."""
    from docrerank.generation import plan_calls, unfinished
    from docrerank.pages import count_pages

    known = sum(run.pages.count(name) for name in unfinished(run) if name not in {d.stem for d in ingest.todo})
    plan = plan_calls(run, known + sum(count_pages(document) for document in ingest.todo))
    if not plan.roles:
        return ""
    return (
        f"; about {plan.calls:,} calls for {plan.pages:,} pages, {plan.input_tokens:,} tokens in, "
        f"{plan.output_tokens:,} out, money {plan.money:.2f}, {plan.seconds / 3600:.1f} h at 1,000 tokens/s"
    )


def _documents_to_write(run: Run) -> int:
    from docrerank.generation import unfinished

    return len(unfinished(run))
