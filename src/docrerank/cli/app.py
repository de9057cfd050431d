"""The command line's verbs, and what every verb does with an error."""

from __future__ import annotations

import os
import sys

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
from docrerank.cli.output import say
from docrerank.cli.plan_corpus import plan_run
from docrerank.cli.probe import probe_models
from docrerank.cli.recipe import print_recipe
from docrerank.cli.rerank import rerank_files
from docrerank.cli.run import run_all
from docrerank.cli.search import search_run
from docrerank.cli.serve import serve_models
from docrerank.cli.stages import ingest_run, mine_run, report_run
from docrerank.cli.train import import_set, train_run
from docrerank.records import UserError

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)
app.command("run")(run_all)
app.command("plan")(plan_run)
app.command("ingest")(ingest_run)
app.command("generate")(generate_run)
app.command("mine")(mine_run)
app.command("train")(train_run)
app.command("evaluate")(evaluate_run)
app.command("report")(report_run)
app.command("probe")(probe_models)
app.command("ablate")(ablate_run)
app.command("calibrate")(calibrate_model)
app.command("rerank")(rerank_files)
app.command("search")(search_run)
app.command("serve")(serve_models)
app.command("export")(export_source)
app.command("import")(import_set)
app.command("audit")(audit_run)
app.command("recipe")(print_recipe)


@app.callback()
def docrerank() -> None:
    """From a folder of PDFs to a reranker that knows which page answers a question."""


def main() -> None:
    """Run the command line. Exit codes: 0 done, 1 a failure told in one line, 2 usage, 130 stopped by the user."""
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
