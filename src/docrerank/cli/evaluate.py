"""`docrerank evaluate`: models against each other, and against everything they must beat, on a benchmark."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from docrerank.cli.options import Json, Overrides, find_source, keep_local, open_run
from docrerank.cli.output import print_json, progress, results, say
from docrerank.cli.rerank import Pixels, Prompt
from docrerank.records import UserError

if TYPE_CHECKING:
    from docrerank.evaluation import ResultsTable, Settings

Models = Annotated[
    list[str],
    typer.Argument(
        help="Run folders, models' folders, hub names, 'docrerank-mini', 'minilm', 'bm25', 'random' or 'oracle'.",
        parser=find_source,
        metavar="MODEL...",
        show_default=False,
    ),
]
Benchmark = Annotated[
    str,
    typer.Option(
        "--benchmark",
        "-b",
        help="A folder of PDFs with queries.jsonl and qrels/test.tsv, a data set in BEIR form (folder or org/name), "
        "or a task or benchmark of mteb.",
        show_default=False,
    ),
]
Compare = Annotated[
    bool, typer.Option("--compare", help="One table of all models; what several models or any option below do anyway.")
]
FirstStage = Annotated[
    str | None,
    typer.Option(
        "--first-stage",
        help="bm25, minilm, hybrid, an embedder, or a file of candidates; without it the data set's own, else bm25.",
        show_default=False,
    ),
]
Top = Annotated[int | None, typer.Option("--top", "-k", min=1, help="Candidates of a query: 50.", show_default=False)]
Out = Annotated[
    Path | None,
    typer.Option(
        "--out",
        "-o",
        help="Folder of tables, plot, candidates and results: evaluations/NAME.",
        parser=keep_local,
        metavar="FOLDER",
    ),
]
Form = Annotated[
    Literal["text", "markdown", "json", "csv"] | None, typer.Option("--format", help="How the table is printed: text.")
]
Data = Annotated[Path, typer.Option("--data", help="Where local copies of data sets stand, as DATA/org/name.")]
Split = Annotated[str, typer.Option("--split", help="Of a data set.")]
Levels = Annotated[
    list[int] | None, typer.Option("--level", min=0, max=3, help="Rephrase level to ask; may be repeated: all.")
]
WithText = Annotated[bool, typer.Option("--with-text", help="Give a vision model the page's text beside its image.")]
Trust = Annotated[
    bool, typer.Option("--trust-remote-code", help="Run the code in a model's repository (jina-reranker-m0).")
]
Seed = Annotated[int, typer.Option("--seed", help="Of resampling and of 'random'.")]


def evaluate_run(
    models: Models,
    benchmark: Benchmark,
    compare: Compare = False,
    first_stage: FirstStage = None,
    top: Top = None,
    out: Out = None,
    format_: Form = None,
    data: Data = Path("datasets"),
    split: Split = "test",
    level: Levels = None,
    with_text: WithText = False,
    trust_remote_code: Trust = False,
    pixels: Pixels = None,
    prompt: Prompt = None,
    seed: Seed = 0,
    set_: Overrides = None,
    json: Json = False,
) -> None:
    """Measure models on a benchmark: metrics with intervals, every pair's difference, time and tokens.

    A single RUN on a folder of PDFs, without any other option, is compared with every untrained first stage and
    reranker, and RUN/evaluation.json is written.
    """
    asked = (compare, first_stage, top, out, format_, level, with_text, trust_remote_code, pixels, prompt)
    if len(models) == 1 and not any(asked) and _is_run(models[0], benchmark):
        _evaluate_run(Path(models[0]), Path(benchmark), set_, json)
        return
    if set_:
        raise UserError("--set changes a run's recipe: give one RUN, a folder of PDFs and no other option")
    from docrerank.evaluation import Settings

    settings = Settings(
        out or name_folder(benchmark), first_stage, top or 50, data, split, tuple(level or ()), with_text,
        trust_remote_code, seed, pixels=pixels, prompt=prompt,
    )  # fmt: skip
    tables = _evaluate(models, benchmark, settings)
    _print(tables, "json" if json else format_ or "text")
    say(f"tables, plot, candidates and results: {settings.out}")


def name_folder(benchmark: str) -> Path:
    """Where results go if nobody says: `evaluations/` and the benchmark's name."""
    from docrerank.evaluation import slug

    return Path("evaluations") / slug(Path(benchmark).resolve().name if Path(benchmark).exists() else benchmark)


def _is_run(model: str, benchmark: str) -> bool:
    from docrerank.evaluation.benchmark import is_pdf_benchmark

    return (Path(model) / "recipe.yaml").is_file() and is_pdf_benchmark(Path(benchmark))


def _evaluate_run(run: Path, benchmark: Path, set_: list[str] | None, json: bool) -> None:
    from docrerank.evaluation import evaluate, read_evaluation

    opened = open_run(run, set_)
    with opened.locked(), progress("evaluate") as show:
        evaluate(opened, benchmark, show)
    evaluation = read_evaluation(opened)
    if json:
        print_json(evaluation)
    else:
        results.print(evaluation["table"], markup=False, soft_wrap=True)


def _evaluate(models: Sequence[str], benchmark: str, settings: Settings) -> list[ResultsTable]:
    from docrerank.evaluation import evaluate_models
    from docrerank.evaluation.referee import evaluate_tasks, find_tasks

    tasks = [] if Path(benchmark).exists() else find_tasks(benchmark, settings.levels)
    with progress("evaluate") as show:
        if tasks:
            return evaluate_tasks(models, tasks, settings, show)
        return evaluate_models(models, benchmark, settings, show)


def _print(tables: Sequence[ResultsTable], form: Literal["text", "markdown", "json", "csv"]) -> None:
    from docrerank.evaluation import build_dict, render, render_summary

    if form == "json":
        rows = [build_dict(table) for table in tables]
        print_json(rows[0] if len(rows) == 1 else rows)
        return
    for number, table in enumerate(tables):
        text = render(table, form)
        if form == "csv" and number:
            text = text.partition("\n")[2]
        sys.stdout.write(text)
    if len(tables) > 1 and form != "csv":
        sys.stdout.write(render_summary(tables, form == "markdown"))
