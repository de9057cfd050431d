"""Models over mteb's tasks: mteb runs and scores them, its files stand beside ours, ours add what it does not say."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from docrerank.evaluation import (
    BASELINES,
    Candidates,
    Measured,
    ResultsTable,
    Settings,
    compare_models,
    find_model,
    load_scorer,
    measure,
    name_file,
    open_model,
    open_system,
    read_measured,
    write_measured,
    write_summary,
)
from docrerank.evaluation.benchmark import Benchmark, BenchmarkQuery, Collection, Pictures, RowPages, collect_traits
from docrerank.evaluation.referee.adapter import Found, MtebReranker, open_corpus
from docrerank.evaluation.referee.tasks import load_task
from docrerank.recipe import fingerprint
from docrerank.recipe.extras import require
from docrerank.records import UserError
from docrerank.runs import Progress

logger = logging.getLogger(__name__)
MAIN_SCORES = {"ndcg_at_5": "NDCG@5", "ndcg_at_10": "NDCG@10", "recall_at_1": "R@1", "recall_at_5": "R@5"}


def evaluate_tasks(
    models: Sequence[str],
    tasks: Sequence[Any],
    settings: Settings,
    progress: Progress = lambda done, total: None,
) -> list[ResultsTable]:
    """Measure models on tasks, one after the other; a private task whose data is not at hand is left out.

    Returns:
        one table for each task; mteb's own files are in `<out>/mteb/`.

    Raises:
        UserError: data is not at hand, or no task is left.
    """
    tables = []
    for task in tasks:
        try:
            load_task(task, settings.data)
        except UserError:
            if task.metadata.is_public is not False or len(tasks) == 1:
                raise
            logger.warning("%s is left out: its data set is private and not at hand", task.metadata.name)
            continue
        collection = read_task(task, settings.out / "pages")
        tables.append(_evaluate_task(models, task, collection, settings, progress))
        task.unload_data()
    if not tables:
        raise UserError("every task is private and none of their data sets is at hand")
    write_summary(tables, settings.out)
    return tables


def read_task(task: Any, folder: Path) -> Collection:
    """A loaded task as a collection; ids of a subset (a language) get its name in front: `english/12`."""
    rows: dict[str, tuple[Any, int]] = {}
    groups: dict[str, list[str]] = {}
    queries: dict[str, BenchmarkQuery] = {}
    qrels: dict[str, dict[str, int]] = {}
    scope: dict[str, str] = {}
    given: dict[str, list[str]] = {}
    documents: dict[str, str] = {}
    for subset, split, content in _list_parts(task):
        lead = _lead(task, subset, split)
        source, ids = open_corpus(content["corpus"], folder)
        rows |= {lead + page: place for page, place in source.rows.items()}
        groups[lead] = [lead + page for page in ids]
        documents |= {lead + page: page for page in ids}
        metadata = {"language": subset} if subset != "default" else {}
        for query, text in zip(content["queries"]["id"], content["queries"]["text"], strict=True):
            queries[lead + query] = BenchmarkQuery(lead + query, str(text), metadata=metadata)
            scope[lead + query] = lead
            judged = content["relevant_docs"].get(query, {})
            qrels[lead + query] = {lead + page: int(score) for page, score in judged.items()}
        for query, pages in (content["top_ranked"] or {}).items():
            given[lead + query] = [lead + page for page in pages]
    asked = tuple(queries.values())
    return Collection(
        name=task.metadata.name,
        benchmark=Benchmark(Path(task.metadata.name), asked, qrels),
        source=RowPages(rows, Pictures(folder)),
        groups=groups,
        scope=scope,
        top_ranked=given,
        documents=documents,
        traits=collect_traits(asked),
        headline=MAIN_SCORES.get(task.metadata.main_score, "NDCG@10"),
        version=fingerprint(task.metadata.dataset["path"], task.metadata.revision),
    )


def _evaluate_task(
    models: Sequence[str], task: Any, collection: Collection, settings: Settings, progress: Progress
) -> ResultsTable:
    def work(name: str, candidates: Candidates) -> Measured:
        if name in BASELINES:
            system = open_system(name, collection, settings.seed)
            return measure(collection, system, candidates, settings.out, progress)
        return _judge(name, task, collection, candidates, settings, progress)

    return compare_models(models, collection, settings, work, progress)


def _judge(
    name: str, task: Any, collection: Collection, candidates: Candidates, settings: Settings, progress: Progress
) -> Measured:
    """Let mteb judge what a model makes of the candidates; what it found is kept, and taken if nothing changed.

    The model scores all subsets together: pages that several languages ask of are read once.
    """
    model = find_model(name)
    made_from = fingerprint("mteb", 2, collection.fingerprint(), candidates.version, model.fingerprint())
    reading = map(list, settings.reading.items())
    made_from = fingerprint(made_from, settings.with_text, require("mteb", extra="bench").__version__, *reading)
    path = name_file(collection.name, f"{model.name} mteb", settings.out)
    if (known := read_measured(path, made_from)) is not None:
        return known
    scorer = load_scorer(model, settings.with_text, settings.trust_code, **settings.reading)
    measured = measure(collection, open_model(model, scorer, collection), candidates, settings.out, progress)
    reranker = MtebReranker(name, scorer=scorer, folder=settings.out, found=_split(task, measured))
    score = _run(reranker, task, candidates, settings.out / "mteb")
    extra = {"mteb": round(score, 5), "mteb_main_score": task.metadata.main_score}
    found = replace(measured, made_from=made_from, extra=extra)
    write_measured(path, found)
    return found


def _run(reranker: MtebReranker, task: Any, candidates: Candidates, folder: Path) -> float:
    """mteb's main score, in mteb's own way; its result and the predictions are files in the folder."""
    mteb = require("mteb", extra="bench")
    for subset, split, content in _list_parts(task):
        lead = _lead(task, subset, split)
        content["top_ranked"] = {
            query: [page.removeprefix(lead) for page in candidates.pages[lead + query]]
            for query in content["queries"]["id"]
        }
    results = mteb.evaluate(
        reranker,
        task,
        cache=mteb.ResultCache(folder),
        overwrite_strategy="always",
        co2_tracker=False,
        prediction_folder=folder / "predictions",
        show_progress_bar=False,
    )
    return float(results.task_results[0].get_score())


def _split(task: Any, measured: Measured) -> Found:
    """Each subset's scores under the ids that mteb knows."""
    found: dict[tuple[str, str], dict[str, dict[str, float]]] = {}
    for subset, split, content in _list_parts(task):
        lead = _lead(task, subset, split)
        found[subset, split] = {
            query: {page.removeprefix(lead): score for page, score in measured.ranking[lead + query].items()}
            for query in content["queries"]["id"]
        }
    return found


def _list_parts(task: Any) -> list[tuple[str, str, Any]]:
    return [(subset, split, content) for subset, splits in task.dataset.items() for split, content in splits.items()]


def _lead(task: Any, subset: str, split: str) -> str:
    """What stands in front of the ids of one part; nothing where a task has but one."""
    parts = [] if subset == "default" else [subset]
    parts += [split] if len(task.dataset[subset]) > 1 else []
    return "".join(f"{part}/" for part in parts)
