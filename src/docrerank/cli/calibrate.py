"""`docrerank calibrate`: from where on does a model say that a page answers?"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from docrerank.cli.options import Benchmark, Json, RunFolder
from docrerank.cli.output import print_json, progress, results
from docrerank.runs import Run

Model = Annotated[Path | None, typer.Option("--model", "-m", help="A model's folder; RUN/model without it.")]
Rate = Annotated[
    float, typer.Option("--false-answer-rate", min=0.0, max=0.99, help="Unanswerable questions that may pass.")
]


def calibrate_model(
    run: RunFolder,
    benchmark: Benchmark = None,
    model: Model = None,
    false_answer_rate: Rate = 0.1,
    json: Json = False,
) -> None:
    """Choose a model's relevance threshold, on RUN's own questions or on a benchmark's, and store it with the model.

    `search` and `rerank` then say when no page answers.
    """
    from docrerank.evaluation.probe import calibrate

    opened = Run.open(run)
    with opened.locked(), progress("calibrate") as show:
        found = calibrate(opened, model or opened.model, benchmark, false_answer_rate, show)
    if json:
        print_json(asdict(found))
        return
    results.print(
        f"a page answers from relevance {found.relevance:.4f} on: that keeps {found.answers_kept:.1%} of "
        f"{found.answerable} answerable questions and lets {found.false_answers:.1%} of {found.unanswerable} "
        f"unanswerable ones through ({found.source})",
        markup=False,
        soft_wrap=True,
    )
