"""The command line's verbs, and what every verb does with an error."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from importlib.metadata import version
from typing import Annotated

# Weights come from packages and folders: a library that would ask a hub first only adds seconds and a failure.
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
# oneDNN keeps a compiled kernel for every new shape it meets: over a training of ever new batch shapes, gigabytes.
os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "32")
# Threads wait for each other at every operation; that they burn the time doubles the CPU time of a busy machine.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import typer

from docrerank.cli.ablate import ablate_run
from docrerank.cli.audit import audit_run
from docrerank.cli.calibrate import calibrate_model
from docrerank.cli.evaluate import evaluate_run
from docrerank.cli.export import export_source
from docrerank.cli.generate import generate_run
from docrerank.cli.models import label_run, push_model
from docrerank.cli.output import say
from docrerank.cli.plan import plan_run
from docrerank.cli.probe import probe_models
from docrerank.cli.recipe import print_recipe
from docrerank.cli.rejected import show_rejected
from docrerank.cli.rerank import rerank_files, search_run
from docrerank.cli.run import run_all
from docrerank.cli.serve import serve_models
from docrerank.cli.stages import ingest_run, mine_run, report_run
from docrerank.cli.train import import_set, train_run
from docrerank.records import UserError

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, rich_markup_mode="rich")

#: The verbs by what they are for, in the order of `--help`.
VERBS: dict[str, dict[str, Callable[..., None]]] = {
    "Start": {"run": run_all, "plan": plan_run},
    "Look": {
        "search": search_run,
        "rerank": rerank_files,
        "serve": serve_models,
        "report": report_run,
        "rejected": show_rejected,
    },
    "Your own data": {"audit": audit_run, "export": export_source, "import": import_set},
    "Models": {
        "evaluate": evaluate_run,
        "probe": probe_models,
        "calibrate": calibrate_model,
        "ablate": ablate_run,
        "label": label_run,
        "push": push_model,
    },
    "More: the stages of a run one by one, and its settings": {
        "ingest": ingest_run,
        "generate": generate_run,
        "mine": mine_run,
        "train": train_run,
        "recipe": print_recipe,
    },
}
for group, verbs in VERBS.items():
    for name, verb in verbs.items():
        app.command(name, rich_help_panel=group)(verb)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"docrerank {version('docrerank')}")
        raise typer.Exit


Version = Annotated[bool, typer.Option("--version", help="Print the version.", callback=_print_version, is_eager=True)]


@app.callback()
def docrerank(version_: Version = False) -> None:
    """From a folder of PDFs to a reranker that knows which page answers a question."""


def main() -> None:
    """Run the command line. Exit codes: 0 done, 1 a failure in one line, 2 usage, 130 stopped by the user."""
    try:
        app()
    except UserError as error:
        say(f"docrerank: {error}")
        sys.exit(1)
    except KeyboardInterrupt:
        say("docrerank: stopped; the same command goes on from here")
        sys.exit(130)
    except BrokenPipeError:
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115
        sys.exit(0)
