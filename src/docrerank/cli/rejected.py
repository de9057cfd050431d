"""`docrerank rejected`: what a run left out, and why."""

from __future__ import annotations

import json as json_module
from dataclasses import asdict
from typing import Annotated

import typer

from docrerank.cli.options import Json, RunFolder
from docrerank.cli.output import results, say
from docrerank.runs import Run

Reason = Annotated[str, typer.Option("--reason", help="List every case whose reason contains these words.")]


def show_rejected(run: RunFolder, reason: Reason = "", json: Json = False) -> None:
    """Count the files, pages and queries that RUN left out, by reason, each with an example.

    --reason lists every case of one reason, --json prints every case as a line of JSON.
    """
    from docrerank.report.left_out import count_left_out, describe, read_left_out

    opened = Run.open(run)
    if json or reason:
        for row in read_left_out(opened):
            if reason in row.reason:
                line = json_module.dumps(asdict(row), ensure_ascii=False) if json else describe(row)
                results.print(line, markup=False, soft_wrap=True)
        return
    for each in count_left_out(opened):
        line = f"{each.count:>7,} {each.stage}: {each.reason}\n        {describe(each.first)}"
        results.print(line, markup=False, soft_wrap=True)
    say("every case of a reason: --reason WORDS; all as lines of JSON: --json")
