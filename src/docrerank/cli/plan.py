"""What `docrerank run --dry-run` tells: for each stage, how much is done and how much would be."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from docrerank.runs import Run


def plan(run: Run, pdfs: Sequence[Path], benchmark: Path | None, stages: Sequence[str]) -> dict[str, str]:
    """Say per stage what would run; reads and hashes the documents, changes nothing."""
    from docrerank.pages import plan_ingest

    ingest = plan_ingest(run, pdfs)
    total, fresh = len(ingest.todo) + len(ingest.done), not ingest.todo
    steps = {"ingest": f"{len(ingest.todo)} of {total} documents to read"}
    todo = _documents_to_write(run) if fresh else total
    steps["generate"] = f"{todo} of {total} documents to write queries for" + ("" if fresh else " at most")
    for stage in ("mine", "train"):
        steps[stage] = "done unless an earlier stage changes something" if fresh and not todo else "to do"
    steps["evaluate"] = f"on {benchmark}" if benchmark else "skipped: no --benchmark"
    steps["report"] = f"to {run.report}"
    return {stage: steps[stage] for stage in stages}


def _documents_to_write(run: Run) -> int:
    from docrerank.queries import made_from

    return sum(not run.queries.is_done(name, made_from(run, name)) for name in run.pages.names())
