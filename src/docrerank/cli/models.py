"""`docrerank label` and `docrerank push`: a teacher's scores for training, and the trained model on the hub."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from docrerank.cli.options import Json, RunFolder, argument, find_source, open_run
from docrerank.cli.output import print_json, say
from docrerank.cli.stages import work

Teacher = Annotated[
    str,
    typer.Option("--teacher", help="Any reranker's name or folder, or `fusion`: the run's views.", parser=find_source),
]
Repo = Annotated[str, argument("REPO", "OWNER/NAME on the hub.")]
Private = Annotated[bool, typer.Option("--private", help="A new repository is private.")]


def label_run(run: RunFolder, teacher: Teacher = "fusion", json: Json = False) -> None:
    """Score a run's pairs with a teacher; then train with --set train.teacher_weight=1."""
    from docrerank.training import label

    opened = open_run(run, None)
    with opened.locked():
        counts = work(opened, "label", lambda run, show: label(run, teacher, show))
    if counts["doubts"]:
        say(f"{counts['doubts']} hard negatives are above their positive to the teacher: {run}/teacher/doubts.jsonl")
    if json:
        print_json(counts)


def push_model(run: RunFolder, repo: Repo, private: Private = False) -> None:
    """Upload a run's model to the hub, with its card."""
    os.environ["HF_HUB_OFFLINE"] = "0"  # the command line is offline unless it is asked to go online, as here
    from docrerank.datasets import push_folder

    say(f"pushed to {push_folder(open_run(run, None).model, repo, private, 'model')}")
