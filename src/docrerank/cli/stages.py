"""The stages of a run that have a verb of their own, and what every stage prints."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from docrerank.cli.options import (
    Engine,
    FirstStage,
    Json,
    Out,
    Overrides,
    Pdfs,
    RayAddress,
    RecipeName,
    RunFolder,
    choose,
    open_run,
)
from docrerank.cli.output import print_json, progress, say, show_time
from docrerank.cli.stage_lines import describe_stage
from docrerank.recipe import load_recipe
from docrerank.records import Rejected
from docrerank.runs import Progress, Run

#: Documents and pages named on the command line; the rest is counted.
MAX_LEFT_OUT = 12

Stage = Callable[[Run, Progress], dict[str, Any]]


def ingest_run(
    pdfs: Pdfs,
    out: Out,
    recipe: RecipeName = "cpu",
    set_: Overrides = None,
    engine: Engine = "",
    ray_address: RayAddress = "",
    json: Json = False,
) -> None:
    """Read PDFs and images into page records (text, word boxes; OCR where there is no text)."""
    from docrerank.pages import check_paths

    loaded = load_recipe(recipe, choose("", engine, ray_address, set_))
    check_paths(pdfs)  # a mistake leaves no run folder behind
    do_stage(Run.create(out, loaded), lambda run: read_pages(run, pdfs), json)


def mine_run(run: RunFolder, first_stage: FirstStage = "", set_: Overrides = None, json: Json = False) -> None:
    """Find wrong pages for every positive with the first stage."""
    from docrerank.mining import mine

    overrides = choose(first=first_stage, given=set_)
    do_stage(open_run(run, overrides), lambda run: work(run, "mine", mine), json)


def report_run(run: RunFolder) -> None:
    """Write RUN/report.html: what the run did, to look at."""
    do_stage(Run.open(run), write_page, json=False)


def do_stage(run: Run, function: Callable[[Run], dict[str, Any]], json: bool) -> None:
    """Do a stage while the run is locked, and print its counts if a program reads."""
    with run.locked():
        counts = function(run)
    if json:
        print_json(counts)


def work(run: Run, name: str, stage: Stage) -> dict[str, Any]:
    """Do one stage of a run whose lock is held, and print a line about it."""
    started = time.monotonic()
    with progress(name) as show:
        counts = stage(run, show)
    say(f"{name}: {describe_stage(name, counts)} ({show_time(time.monotonic() - started)})")
    return counts


def read_pages(run: Run, pdfs: list[str]) -> dict[str, Any]:
    """Ingest, and say what was left out and which pages repeat others."""
    from docrerank.pages import find_repeats, ingest

    counts = work(run, "ingest", lambda run, show: ingest(run, pdfs, show))
    say_left_out(run, "ingest", lambda row: row.page_id or row.subject)
    if repeats := find_repeats(run):
        say(f"{len(repeats)} pages repeat {len(set(repeats.values()))} others: same numbers, nearly the same words")
    return counts


def write_page(run: Run) -> dict[str, Any]:
    """Write the report."""
    from docrerank.report import write_report

    return work(run, "report", lambda run, show: {"path": str(write_report(run))})


def say_left_out(run: Run, stage: str, name: Callable[[Rejected], str]) -> None:
    """Name what a stage left out, each with what to do; the rest is counted."""
    rows = list(run.rejected(stage).read())
    for row in rows[:MAX_LEFT_OUT]:
        say(f"left out {name(row)}: {row.reason}{': ' + row.detail if row.detail else ''}")
    if len(rows) > MAX_LEFT_OUT:
        say(f"and {len(rows) - MAX_LEFT_OUT} more, in {run.path / 'rejected' / stage}")
