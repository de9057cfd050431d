"""`docrerank evaluate`: the run's reranker against everything it must beat, on a benchmark."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from docrerank.cli.options import Json, Overrides, RunFolder, open_run
from docrerank.cli.output import print_json, progress, results

Benchmark = Annotated[
    Path, typer.Option("--benchmark", "-b", help="A folder with corpus/, queries.jsonl and qrels/test.tsv.")
]


def evaluate_run(run: RunFolder, benchmark: Benchmark, set_: Overrides = None, json: Json = False) -> None:
    """Compare first stage, untrained and trained rerankers on a benchmark; writes RUN/evaluation.json."""
    from docrerank.evaluation import evaluate, read_evaluation

    opened = open_run(run, set_)
    with opened.locked(), progress("evaluate") as show:
        evaluate(opened, benchmark, show)
    evaluation = read_evaluation(opened)
    if json:
        print_json(evaluation)
    else:
        results.print(evaluation["table"], markup=False, soft_wrap=True)
