"""`docrerank run`: all stages, from PDFs to an evaluated reranker and a report."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated, Any

import typer

from docrerank.cli.generate import BudgetOption, EndpointOption, ModelOption, point_roles, write_queries
from docrerank.cli.needs import check_needs
from docrerank.cli.options import Base, Benchmark, Engine, Json, Out, Overrides, Pdfs, RayAddress, RecipeName, choose
from docrerank.cli.output import print_json, say, show_time
from docrerank.cli.stage_lines import describe_figures
from docrerank.cli.stages import read_pages, work, write_page
from docrerank.recipe import load_recipe
from docrerank.records import UserError
from docrerank.runs import Run
from docrerank.vision import count_processes

STAGES = ("ingest", "generate", "mine", "train", "evaluate", "report")

From = Annotated[str, typer.Option("--from", help="First stage to do: " + ", ".join(STAGES))]
To = Annotated[str, typer.Option("--to", help="Last stage to do.")]


def run_all(
    pdfs: Pdfs,
    out: Out,
    recipe: RecipeName = "cpu",
    set_: Overrides = None,
    benchmark: Benchmark = None,
    from_: From = STAGES[0],
    to: To = STAGES[-1],
    endpoint: EndpointOption = "",
    model: ModelOption = "",
    budget: BudgetOption = 0.0,
    base: Base = "",
    engine: Engine = "",
    ray_address: RayAddress = "",
    json: Json = False,
) -> None:
    """Make a reranker from PDFs: all stages and a report; what is done already is not done again."""
    if count_processes() > 1:
        raise UserError("several processes share only the training: torchrun -m docrerank.cli train RUN")
    overrides = [*point_roles(endpoint, model), *choose(base, engine, ray_address, set_)]
    loaded, chosen = load_recipe(recipe, overrides), _between(from_, to)
    _check_inputs(pdfs if "ingest" in chosen else [], benchmark)
    check_needs(Run(out, loaded), pdfs, chosen)
    run, started = Run.create(out, loaded), time.monotonic()
    with run.locked():
        counts = {stage: _do(stage, run, pdfs, benchmark, budget) for stage in chosen}
    if json:
        print_json(counts)
    _say_end(run, counts, time.monotonic() - started)


def _check_inputs(pdfs: list[str], benchmark: Path | None) -> None:
    """A mistake in them ends the run now, not after an hour's work."""
    if pdfs:
        from docrerank.pages import check_paths

        check_paths(pdfs)
    if benchmark is not None:
        from docrerank.evaluation.benchmark import read_benchmark

        read_benchmark(benchmark)


def _do(stage: str, run: Run, pdfs: list[str], benchmark: Path | None, budget: float) -> dict[str, Any]:
    match stage:
        case "ingest":
            return read_pages(run, pdfs)
        case "generate":
            return write_queries(run, budget)
        case "mine":
            from docrerank.mining import mine

            return work(run, stage, mine)
        case "train":
            from docrerank.training import train

            return work(run, stage, train)
        case "evaluate":
            return _evaluate(run, benchmark)
    return write_page(run)


def _evaluate(run: Run, benchmark: Path | None) -> dict[str, Any]:
    if benchmark is None:
        say("evaluate: skipped, no --benchmark was given")
        return {}
    from docrerank.evaluation import evaluate

    return work(run, "evaluate", lambda run, show: evaluate(run, benchmark, show))


def _say_end(run: Run, counts: dict[str, dict[str, Any]], seconds: float) -> None:
    """How long it took, the figures that count, and what to do next."""
    say(f"done in {show_time(seconds)}")
    for line in describe_figures(counts.get("evaluate", {})):
        say(line)
    if (run.path / "model").is_dir():
        say(f'next: docrerank search {run.path} "your question"')
    elif last := [name for name in counts if name != "report"]:
        later = STAGES[STAGES.index(last[-1]) + 1 :]
        say(f"next: the same command with --from {later[0]} --to {STAGES[-1]}" if later else "")


def _between(first: str, last: str) -> tuple[str, ...]:
    for name in (first, last):
        if name not in STAGES:
            raise UserError(f"no stage '{name}': the stages are {', '.join(STAGES)}")
    start, end = STAGES.index(first), STAGES.index(last)
    if start > end:
        raise UserError(f"--from {first} comes after --to {last}: the order is {', '.join(STAGES)}")
    return STAGES[start : end + 1]
