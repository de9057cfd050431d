"""The evaluate stage: the run's reranker beside everything it must beat, on a local benchmark."""

from __future__ import annotations

import hashlib
import json
import platform
import shlex
import sys
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from docrerank.evaluation.benchmark import Collection, Corpus, read_pdf_benchmark
from docrerank.evaluation.candidates import Candidates
from docrerank.evaluation.layout import build_dict, render
from docrerank.evaluation.names import FIRST_STAGE, STARTED, TOKENS, TRAINED, TRAINED_FUSED
from docrerank.evaluation.query_timing import TIMED_QUERIES
from docrerank.evaluation.relevance import describe_relevance
from docrerank.evaluation.results_table import ResultsTable, SystemResult, build_table
from docrerank.evaluation.run_systems import rank_systems
from docrerank.evaluation.system_result import Measured
from docrerank.recipe import fingerprint
from docrerank.records import UserError
from docrerank.retrieval import MINI, STARTS, hash_start, read_card
from docrerank.runs import Progress, Run, write_text

STAGE = "evaluate"
#: Raised when the same pages, questions and model would give other numbers than before, or another file.
STAGE_VERSION = 5
#: Pages of each ranking that are kept in the file.
TOP = 10


def evaluate(run: Run, benchmark: Path, progress: Progress = lambda done, total: None) -> dict[str, Any]:
    """Measure every system on a benchmark folder and write `RUN/evaluation.json`, unless it is there and up to date.

    Args:
        run: its pages are used where the benchmark's documents are the run's; others are read into
            `RUN/benchmark/<name>`. Its model is measured if it has been trained.
        benchmark: a folder with `corpus/*.pdf`, `queries.jsonl` and `qrels/test.tsv`.
        progress: called with (steps done, steps in all).

    Returns:
        the number of questions, the best untrained system, and the headline metric of the systems.

    Raises:
        UserError: the benchmark is malformed, or none of its relevant pages was read.

    Example:
        >>> evaluate(Run.open("RUN"), Path("benchmark"))["best_untrained"]  # doctest: +SKIP
        'untrained fusion'
    """
    collection, corpus, source = read_pdf_benchmark(benchmark, run)
    made_from = _made_from(run, collection, corpus)
    if (known := _read(run)).get("made_from") == made_from:
        return _count(known)
    with run.manifest.stage(STAGE) as counts:
        measured, candidates = rank_systems(run, collection, corpus, source, progress)
        content = build_evaluation(run, collection, corpus, measured, candidates)
        write_text(run.evaluation, json.dumps({"made_from": made_from, **content}, indent=1) + "\n")
        counts.update(_count(content))
    return _count(content)


def read_evaluation(run: Run) -> dict[str, Any]:
    """The content of `RUN/evaluation.json`; `table` is the comparison as text.

    Raises:
        UserError: nothing was evaluated yet, or the file is damaged, or of an earlier version of docrerank.
    """
    if not run.evaluation.is_file():
        raise UserError(f"'{run.path}' was not evaluated yet: docrerank evaluate {run.path} --benchmark FOLDER")
    content = _read(run)
    if not content:
        raise UserError(f"{run.evaluation} is damaged: delete it and evaluate again")
    if "version" not in content:
        again = f"docrerank evaluate {run.path} --benchmark FOLDER"
        raise UserError(f"{run.evaluation} is of an earlier docrerank, whose intervals were too narrow: {again}")
    return content


def build_evaluation(
    run: Run, collection: Collection, corpus: Corpus, measured: Sequence[Measured], candidates: Candidates
) -> dict[str, Any]:
    """Everything measured, as `json.dumps` takes it: `comparison`, `table`, `candidates`, `corpus`, `queries`, ..."""
    table = build_table(
        collection,
        candidates,
        measured,
        every_pair=False,
        notes=_list_notes(run, corpus, measured),
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
        "comparison": build_dict(table),
        "table": render(table),
        "relevance": _judge_threshold(run, collection, measured),
        "queries": _describe_queries(collection, table, measured),
    }


def _read(run: Run) -> dict[str, Any]:
    try:
        content = json.loads(run.evaluation.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) and "comparison" in content else {}


def _made_from(run: Run, collection: Collection, corpus: Corpus) -> str:
    folder = collection.benchmark.path
    files = [folder / "queries.jsonl", folder / "qrels" / "test.tsv"]
    files += sorted(path for path in run.model.rglob("*") if path.is_file())
    hashes = [[file.name, _hash(file)] for file in files]
    train = run.recipe.train.model_dump(include={"window_tokens", "window_overlap", "context_tokens"})
    train["base"] = hash_start(run.recipe.train.base) if run.recipe.train.base in STARTS else run.recipe.train.base
    return fingerprint(STAGE, STAGE_VERSION, hashes, corpus.made_from(), run.recipe.evaluate, train, run.recipe.seed)


def _hash(file: Path) -> str:
    with file.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def _judge_threshold(run: Run, collection: Collection, measured: Sequence[Measured]) -> dict[str, Any] | None:
    """The stored threshold on these questions, for the trained model or, without one, the untrained."""
    told = {found.name: found for found in measured if found.relevance}
    found = told.get(TRAINED, told.get(TOKENS))
    threshold = read_card(run.model).relevance_threshold if run.model.is_dir() else None
    return describe_relevance(found.name, found.relevance, collection.benchmark, threshold) if found else None


def _list_notes(run: Run, corpus: Corpus, measured: Sequence[Measured]) -> list[str]:
    count, names = run.recipe.evaluate.candidates, {found.name for found in measured}
    trained = names & {TRAINED, TRAINED_FUSED}
    notes = [
        "'untrained' is MiniLM as it comes; the first stage adds BM25 and the best window as z-scores, fusion late "
        "interaction too. BM25 reads OCR except where it says that it does not.",
        f"ms/query: the median of {TIMED_QUERIES} questions at most, one at a time, to encode the question and score "
        "its pages, which are encoded beforehand and held in memory.",
        "Answerability: from the best page's score; for late interaction and the trained reranker from relevance, "
        "mostly whether the question's names and figures stand on the pages.",
    ]
    if STARTED in names:
        notes.append(
            f"'{MINI}' is what training starts from: MiniLM trained on people's questions, none of them on these. "
            "Late interaction is its own or the trained model's, and both weigh a question's words by how rare they "
            "are on the run's pages; the windows in every fusion are MiniLM's."
        )
    if trained == {TRAINED}:
        notes.append(f"'trained' reorders the first stage's top {count}.")
    elif trained:
        notes.append(
            f"'trained' and 'trained, fused' reorder the first stage's top {count}; late interaction is cheap enough "
            "to score every page, as 'every page' does."
        )
    else:
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
                found.name: _describe(query.id, found, result)
                for found, result in zip(measured, table.systems, strict=True)
            },
        }
        for query in collection.queries
    ]


def _describe(query: str, found: Measured, result: SystemResult) -> dict[str, Any]:
    return {
        "metrics": {metric: values[query] for metric, values in result.metrics.items() if query in values},
        "top": [[page, score] for page, score in islice(found.ranking[query].items(), TOP)],
    }


def _count(content: dict[str, Any]) -> dict[str, Any]:
    comparison = content["comparison"]
    means = {name: round(system["metrics"]["NDCG@5"]["value"], 4) for name, system in comparison["systems"].items()}
    return {"questions": comparison["queries"], "best_untrained": comparison["baseline"], "NDCG@5": means}
