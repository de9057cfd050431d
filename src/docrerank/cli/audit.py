"""`docrerank audit`: people judge a random sample of a run's queries; how many negatives are answerable after all."""

from __future__ import annotations

import getpass
import webbrowser
from contextlib import suppress
from dataclasses import asdict
from typing import Annotated

import typer

from docrerank.cli.options import Json, RunFolder
from docrerank.cli.output import print_json, say
from docrerank.recipe.extras import require
from docrerank.runs import Run

Sample = Annotated[int, typer.Option("--sample", min=1, max=10_000, help="Queries to judge.")]
Seed = Annotated[int, typer.Option("--seed", help="Of the sample; the same for everyone who audits a run.")]
Auditor = Annotated[str, typer.Option("--auditor", help="Your name; by default the one you are logged in with.")]
Port = Annotated[int, typer.Option("--port", min=0, max=65_535, help="0 takes a free one.")]
Browser = Annotated[bool, typer.Option("--open/--no-open", help="Open the page in a browser.")]
Result = Annotated[bool, typer.Option("--result", help="Only sum up what was judged so far.")]


def audit_run(
    run: RunFolder,
    sample: Sample = 100,
    seed: Seed = 13,
    auditor: Auditor = "",
    port: Port = 0,
    browser: Browser = True,
    result: Result = False,
    json: Json = False,
) -> None:
    """Judge a blind random sample of a run's queries against their pages, in a local web page; see docs/audit.md."""
    opened = Run.open(run)
    if not result:
        _serve(opened, auditor or _find_user(), (sample, seed), port, browser)
    _sum_up(opened, seed, json)


def _serve(run: Run, auditor: str, sample: tuple[int, int], port: int, browser: bool) -> None:
    """Serve the audit on this machine alone, until Ctrl-C."""
    require("fastapi", extra="serve")
    from docrerank.report.audit import Journal
    from docrerank.serving import LOOPBACK, Settings, run_server

    name = Journal(run, auditor).auditor

    def announce(url: str) -> None:
        address = f"{url}?auditor={name}"
        say(f"audit: {address} (Ctrl-C ends and sums up)")
        if browser:
            webbrowser.open(address)

    settings = Settings((), run.path, hosts=LOOPBACK, is_local=True, audit=sample)
    with suppress(KeyboardInterrupt):
        run_server(settings, port=port, announce=announce)


def _sum_up(run: Run, seed: int, json: bool) -> None:
    from docrerank.report.audit import describe_summary, summarise

    summary, stale = summarise(run, seed)
    if json:
        print_json(asdict(summary))
        return
    for line in describe_summary(summary, stale):
        say(line)


def _find_user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "auditor"
