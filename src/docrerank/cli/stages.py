"""One verb per stage of a run."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from docrerank.cli.options import (
    AddressOption,
    EngineOption,
    Json,
    Out,
    Overrides,
    Pdfs,
    RecipeName,
    RunFolder,
    choose_engine,
    open_run,
)
from docrerank.cli.output import print_json, progress, say, show_time
from docrerank.cli.stage_lines import describe_stage
from docrerank.recipe import load_recipe
from docrerank.runs import Progress, Run

#: Documents and pages named on the command line; the rest is counted.
MAX_LEFT_OUT = 12

Stage = Callable[[Run, Progress], dict[str, Any]]


def ingest_run(
    pdfs: Pdfs,
    out: Out,
    recipe: RecipeName = "cpu",
    set_: Overrides = None,
    engine: EngineOption = "",
    ray_address: AddressOption = "",
    json: Json = False,
) -> None:
    """Read PDFs and images into page records (text, word boxes; OCR where there is no text)."""
    from docrerank.pages import check_paths, ingest

    loaded = load_recipe(recipe, [*choose_engine(engine, ray_address), *(set_ or [])])
    check_paths(pdfs)  # a mistake leaves no run folder behind
    run = Run.create(out, loaded)
    _work(run, "ingest", lambda run, show: ingest(run, pdfs, show), json)
    say_left_out(run)
    with run.locked():
        say_repeats(run)


def mine_run(run: RunFolder, set_: Overrides = None, json: Json = False) -> None:
    """Find wrong pages for every positive with the first stage."""
    from docrerank.mining import mine

    _work(open_run(run, set_), "mine", mine, json)


def report_run(run: RunFolder) -> None:
    """Write RUN/report.html: what the run did, to look at."""
    from docrerank.report import write_report

    opened = Run.open(run)
    with opened.locked():
        say(f"report: {write_report(opened)}")


def say_left_out(run: Run) -> None:
    """Name the documents and pages that could not be read, each with what to do."""
    rows = list(run.rejected("ingest").read())
    for row in rows[:MAX_LEFT_OUT]:
        say(f"left out {row.page_id or row.subject}: {row.reason}{': ' + row.detail if row.detail else ''}")
    if len(rows) > MAX_LEFT_OUT:
        say(f"and {len(rows) - MAX_LEFT_OUT} more, in {run.path / 'rejected' / 'ingest'}")


def say_repeats(run: Run) -> None:
    """Say how many pages repeat others."""
    from docrerank.pages import find_repeats

    repeats = find_repeats(run)
    if repeats:
        say(f"{len(repeats)} pages repeat {len(set(repeats.values()))} others: same numbers, nearly the same words")


def work(run: Run, name: str, stage: Stage) -> dict[str, Any]:
    """Do one stage of a run whose lock is held, and print a line about it."""
    started = time.monotonic()
    with progress(name) as show:
        counts = stage(run, show)
    say(f"{name}: {describe_stage(name, counts)} ({show_time(time.monotonic() - started)})")
    return counts


def _work(run: Run, name: str, stage: Stage, json: bool) -> None:
    with run.locked():
        counts = work(run, name, stage)
    if json:
        print_json(counts)
