"""The evaluate stage: the run's reranker beside everything it must beat, on a local benchmark."""

from __future__ import annotations

import json
import platform
import shlex
import sys
from collections.abc import Sequence
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import Any

from docrerank.evaluation.answerability import describe_relevance
from docrerank.evaluation.benchmark import Collection, PdfPages, read_pdf_benchmark
from docrerank.evaluation.measured import Measured
from docrerank.evaluation.names import FIRST_STAGE, TOKENS, TRAINED, TRAINED_FUSED
from docrerank.evaluation.results_table import ResultsTable, build_table
from docrerank.evaluation.run_systems import RunResults, measure_run
from docrerank.evaluation.systems import ignore
from docrerank.evaluation.table_forms import build_dict, render, sum_up
from docrerank.recipe import fingerprint
from docrerank.records import UserError
from docrerank.reranker import fingerprint_first
from docrerank.retrieval import STARTS, FusionWeights, hash_start, read_card
from docrerank.runs import Progress, Run, hash_file, read_json, write_text

STAGE = "evaluate"
#: Raised when the same pages, questions and model would give other numbers than before, or another file.
STAGE_VERSION = 8
#: Pages of each ranking that are kept in the file.
TOP = 10


def evaluate(run: Run, benchmark: Path, progress: Progress = ignore) -> dict[str, Any]:
    """Measure every system on a benchmark folder and write `RUN/evaluation.json`, unless it is there and up to date.

    Args:
        run: its pages are used where the benchmark's documents are the run's; others are read into
            `RUN/benchmark/<name>`. Its model is measured if it has been trained.
        benchmark: a folder with `corpus/*.pdf`, `queries.jsonl` and `qrels/test.tsv`.
        progress: called with (steps done, steps in all).

    Returns:
        the number of questions and the figures of `sum_up`.

    Raises:
        UserError: the benchmark is malformed, or none of its relevant pages was read.

    Examples:
        >>> evaluate(Run.open("RUN"), Path("benchmark"))["gain_of_training"]["value"]  # doctest: +SKIP
        0.021
    """
    collection, source = read_pdf_benchmark(benchmark, run)
    made_from = _made_from(run, collection, source)
    if (known := read_json(run.evaluation)).get("made_from") == made_from:
        return _count(known)
    with run.manifest.stage(STAGE) as counts:
        content = build_evaluation(run, collection, source, measure_run(run, collection, source, progress))
        write_text(run.evaluation, json.dumps({"made_from": made_from, **content}, indent=1) + "\n")
        counts.update(_count(content))
    return _count(content)


def read_evaluation(run: Run) -> dict[str, Any]:
    """The content of `RUN/evaluation.json`; `table` is the comparison as text.

    Raises:
        UserError: nothing was evaluated yet, or the file is damaged or another version's.
    """
    if not run.evaluation.is_file():
        raise UserError(f"'{run.path}' was not evaluated yet: docrerank evaluate {run.path} --benchmark FOLDER")
    content = read_json(run.evaluation)
    if "comparison" not in content:
        raise UserError(f"{run.evaluation} is damaged: delete it and evaluate again")
    if content.get("version") != STAGE_VERSION:
        again = f"docrerank evaluate {run.path} --benchmark FOLDER"
        raise UserError(f"{run.evaluation} was written by another version of docrerank: {again}")
    return content


def build_evaluation(run: Run, collection: Collection, corpus: PdfPages, results: RunResults) -> dict[str, Any]:
    """Everything measured, as `json.dumps` takes it: the figures of `sum_up`, `comparison`, `table`, `queries`, ..."""
    table = build_table(
        collection,
        results.candidates,
        results.measured,
        start=results.start,
        trained=results.trained,
        notes=_list_notes(run, corpus, results),
        seed=run.recipe.seed,
        resamples=run.recipe.evaluate.resamples,
    )
    return {
        "version": STAGE_VERSION,
        "benchmark": collection.name,
        "command": shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]]),
        "seed": run.recipe.seed,
        "platform": f"{platform.system()} {platform.machine()}, {platform.processor() or 'unknown processor'}",
        "corpus": {"documents": len(corpus.parts), "own": corpus.own, "unreadable": list(corpus.unreadable)},
        "candidates": {"system": FIRST_STAGE, "count": run.recipe.evaluate.candidates},
        **sum_up(table),
        "comparison": build_dict(table),
        "table": render(table),
        "relevance": _judge_threshold(run, collection, results.measured),
        "queries": _describe_queries(collection, table, results.measured),
    }


def _made_from(run: Run, collection: Collection, corpus: PdfPages) -> str:
    folder = collection.benchmark.path
    files = [folder / "queries.jsonl", folder / "qrels" / "test.tsv"]
    files += sorted(path for path in run.model.rglob("*") if path.is_file())
    hashes = [[file.name, hash_file(file)] for file in files]
    train = run.recipe.train.model_dump(include={"window_tokens", "window_overlap", "context_tokens"})
    train["base"] = hash_start(run.recipe.train.base) if run.recipe.train.base in STARTS else run.recipe.train.base
    train["fusion"] = asdict(FusionWeights())
    settings = [run.recipe.evaluate, train, run.recipe.seed, *fingerprint_first(run)]
    return fingerprint(STAGE, STAGE_VERSION, hashes, corpus.made_from(), *settings)


def _judge_threshold(run: Run, collection: Collection, measured: Sequence[Measured]) -> dict[str, Any] | None:
    """The stored threshold on these questions, of what a search does with the trained model, or the untrained one."""
    sure = {found.name: found for found in measured if found.relevance}
    found = next((sure[name] for name in (TRAINED_FUSED, TRAINED, TOKENS) if name in sure), None)
    threshold = read_card(run.model).relevance_threshold if run.model.is_dir() else None
    return describe_relevance(found.name, found.relevance, collection.benchmark, threshold) if found else None


def _list_notes(run: Run, corpus: PdfPages, results: RunResults) -> list[str]:
    count = run.recipe.evaluate.candidates
    notes = [
        "'untrained' is MiniLM as it comes; the first stage adds BM25 and the best window as z-scores, fusion late "
        "interaction too. BM25 reads OCR.",
        "Times (JSON): the median; encoding a question and scoring its pages, encoded beforehand, questions together. "
        "Rows that reorder candidates leave out the first stage's time.",
        "Answerability: from relevance, mostly whether the question's names and figures stand on the pages; without "
        "late interaction or a model, from the best page's score.",
    ]
    if results.start:
        notes.append(
            f"'{results.start}' is what training started from, and does what a search does: reorder the first stage's "
            f"top {count}. So does the trained model; untrained rows rank every page."
        )
    if not results.trained:
        notes.append("This run has no trained reranker yet: only what it must beat is measured.")
    if corpus.unreadable:
        notes.append(f"Documents of the corpus without a readable page: {', '.join(corpus.unreadable)}.")
    return notes


def _describe_queries(
    collection: Collection, table: ResultsTable, measured: Sequence[Measured]
) -> list[dict[str, Any]]:
    """Each question with what every system made of it; `cluster` is the document that it is drawn with."""
    clusters, qrels = collection.clusters(), collection.benchmark.qrels
    return [
        {
            "id": query.id,
            "text": query.text,
            "document": query.document,
            "cluster": clusters[query.id],
            "answerable": query.answerable,
            "evidence": list(query.evidence),
            "relevant": sorted(page for page, score in qrels.get(query.id, {}).items() if score > 0),
            "systems": {
                found.name: {
                    "metrics": {name: values[query.id] for name, values in row.metrics.items() if query.id in values},
                    "top": [[page, score] for page, score in islice(found.ranking[query.id].items(), TOP)],
                }
                for found, row in zip(measured, table.systems, strict=True)
            },
        }
        for query in collection.queries
    ]


def _count(content: dict[str, Any]) -> dict[str, Any]:
    figures = ("best_untrained", "start", "trained", "gain_of_training", "gain_over_untrained")
    return {"questions": content["comparison"]["queries"], **{name: content[name] for name in figures}}
