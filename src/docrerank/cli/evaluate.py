"""`docrerank evaluate`: a run against everything it must beat, or models against each other, on a benchmark."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from docrerank.cli.options import Json, argument, find_source, folder, is_run, open_run
from docrerank.cli.output import print_json, progress, say
from docrerank.records import UserError

if TYPE_CHECKING:
    from docrerank.evaluation import ResultsTable

Models = Annotated[
    list[str],
    argument(
        "MODEL...",
        "Run folders, models' folders, hub names, 'docrerank-mini', 'minilm', 'bm25', 'random' or 'oracle'.",
        find_source,
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
FirstStage = Annotated[
    str | None,
    typer.Option(
        "--first-stage",
        help="bm25, minilm, hybrid, an embedder, or a file of candidates; without it the data set's own, else bm25.",
        show_default=False,
    ),
]
Top = Annotated[int | None, typer.Option("--top", "-k", min=1, help="Candidates of a query: 50.", show_default=False)]
Out = Annotated[Path | None, folder("--out", "-o", help="Folder of tables, candidates and results: evaluations/NAME.")]
Levels = Annotated[
    list[int] | None, typer.Option("--level", min=0, max=3, help="Rephrase level to ask; may be repeated: all.")
]
WithText = Annotated[bool, typer.Option("--with-text", help="Give a vision model the page's text beside its image.")]
Trust = Annotated[
    bool, typer.Option("--trust-remote-code", help="Run the code in a model's repository (jina-reranker-m0).")
]
Pixels = Annotated[
    int | None, typer.Option("--pixels", min=3_136, help="Pixels of a page at most, for a model that reads images.")
]
Prompt = Annotated[
    str | None, typer.Option("--prompt", help="own, mono, qwen3 or lychee, for a model that does not say its prompt.")
]


def evaluate_run(
    models: Models,
    benchmark: Benchmark,
    first_stage: FirstStage = None,
    top: Top = None,
    out: Out = None,
    level: Levels = None,
    with_text: WithText = False,
    trust_remote_code: Trust = False,
    pixels: Pixels = None,
    prompt: Prompt = None,
    json: Json = False,
) -> None:
    """Measure a run or models on a benchmark, with intervals.

    One RUN on a folder of PDFs is compared with everything untrained and with what its training started from;
    RUN/evaluation.json has the results. Anything else is a comparison of models that reorder the same candidates.
    """
    from docrerank.evaluation import Settings, evaluate_models, slug
    from docrerank.evaluation.benchmark import is_pdf_benchmark

    options = {"first_stage": first_stage, "top": top, "out": out, "with_text": with_text}
    options |= {"trust_code": trust_remote_code, "pixels": pixels, "prompt": prompt}
    given: dict[str, Any] = {name: value for name, value in options.items() if value}
    path = Path(benchmark)
    if len(models) == 1 and is_run(models[0]) and is_pdf_benchmark(path):
        if given:
            raise UserError(
                f"a run on PDFs has its own first stage and models, and takes no --{min(given).replace('_', '-')}: "
                f"leave it out, or name the model alone: {models[0]}/model"
            )
        _evaluate_run(Path(models[0]), path, json)
        return
    given.setdefault("out", Path("evaluations") / slug(path.resolve().name if path.exists() else benchmark))
    with progress("evaluate") as show:
        tables = evaluate_models(models, benchmark, Settings(**given, levels=tuple(level or ())), show)
    _print(tables, json)
    say(f"tables, candidates and results: {given['out']}")


def _evaluate_run(run: Path, benchmark: Path, json: bool) -> None:
    from docrerank.evaluation import evaluate, read_evaluation

    opened = open_run(run)
    with opened.locked(), progress("evaluate") as show:
        evaluate(opened, benchmark, show)
    evaluation = read_evaluation(opened)
    if json:
        print_json(evaluation)
    else:
        sys.stdout.write(evaluation["table"])


def _print(tables: list[ResultsTable], json: bool) -> None:
    from docrerank.evaluation import build_dict, build_summary, render, render_summary

    if json:
        rows = [build_dict(table) for table in tables]
        print_json(rows[0] if len(rows) == 1 else rows)
        return
    for table in tables:
        sys.stdout.write(render(table))
    if len(tables) > 1:
        sys.stdout.write(render_summary(build_summary(tables)))
