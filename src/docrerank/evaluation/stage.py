"""The evaluate stage: the run's reranker beside everything it must beat, on a local benchmark."""

from __future__ import annotations

import hashlib
import json
import platform
import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from docrerank.benchmark import (
    Benchmark,
    Corpus,
    describe_missing,
    leave_out_missing,
    name_benchmark,
    open_corpus,
    read_benchmark,
)
from docrerank.evaluation.results import build_evaluation
from docrerank.evaluation.systems import rank_all
from docrerank.recipe import fingerprint
from docrerank.records import UserError
from docrerank.runs import Run, write_text

STAGE = "evaluate"
#: Raised when the same pages, questions and model would give other numbers than before.
STAGE_VERSION = 2


def evaluate(
    run: Run, benchmark: Path, progress: Callable[[int, int], None] = lambda done, total: None
) -> dict[str, Any]:
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
    whole = read_benchmark(benchmark)
    corpus = open_corpus(run, whole)
    page_ids = [page.id for document in corpus.parts for page in corpus.parts[document].read(document)]
    asked, missing = leave_out_missing(whole, page_ids)
    run.rejected(STAGE).write(name_benchmark(whole), missing, fingerprint(STAGE, STAGE_VERSION))
    made_from = _made_from(run, asked, corpus)
    if (known := _read(run)) and known.get("made_from") == made_from:
        return _count(known)
    with run.manifest.stage(STAGE) as counts:
        systems, candidates = rank_all(run, asked, corpus, progress)
        found = build_evaluation(run, asked, corpus, systems, candidates, describe_missing(missing))
        content = {"made_from": made_from, **_describe_origin(run, asked), **found}
        write_text(run.evaluation, json.dumps(content, indent=1) + "\n")
        counts.update(_count(content))
    return _count(content)


def read_evaluation(run: Run) -> dict[str, Any]:
    """The content of `RUN/evaluation.json`; `table` is the comparison as text.

    Raises:
        UserError: nothing was evaluated yet, or the file is damaged.
    """
    if not run.evaluation.is_file():
        raise UserError(f"'{run.path}' was not evaluated yet: docrerank evaluate {run.path} --benchmark FOLDER")
    content = _read(run)
    if not content:
        raise UserError(f"{run.evaluation} is damaged: delete it and evaluate again")
    return content


def _read(run: Run) -> dict[str, Any]:
    try:
        content = json.loads(run.evaluation.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) and "comparison" in content else {}


def _made_from(run: Run, benchmark: Benchmark, corpus: Corpus) -> str:
    files = [benchmark.path / "queries.jsonl", benchmark.path / "qrels" / "test.tsv"]
    files += sorted(path for path in run.model.rglob("*") if path.is_file())
    hashes = [[file.name, _hash(file)] for file in files]
    train = run.recipe.train.model_dump(include={"window_tokens", "window_overlap", "context_tokens"})
    return fingerprint(STAGE, STAGE_VERSION, hashes, corpus.made_from(), run.recipe.evaluate, train, run.recipe.seed)


def _hash(file: Path) -> str:
    with file.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def _describe_origin(run: Run, benchmark: Benchmark) -> dict[str, Any]:
    return {
        "benchmark": name_benchmark(benchmark),
        "command": shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]]),
        "seed": run.recipe.seed,
        "platform": f"{platform.system()} {platform.machine()}, {platform.processor() or 'unknown processor'}",
    }


def _count(content: dict[str, Any]) -> dict[str, Any]:
    comparison = content["comparison"]
    means = {name: round(system["metrics"]["NDCG@5"]["value"], 4) for name, system in comparison["systems"].items()}
    return {"questions": comparison["queries"], "best_untrained": comparison["baseline"], "NDCG@5": means}
