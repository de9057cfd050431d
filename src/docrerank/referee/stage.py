"""Models over mteb's tasks: mteb runs and scores them, its files stand beside ours, ours add what it does not say."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from docrerank.benchmark import Benchmark, BenchmarkQuery, Collection, Pictures, RowShelf, collect_traits
from docrerank.evaluation.suite.board import Board, build_board
from docrerank.evaluation.suite.candidates import Candidates, find_candidates, slug
from docrerank.evaluation.suite.measure import (
    Measured,
    measure,
    measure_order,
    read_measured,
    write_measured,
)
from docrerank.evaluation.suite.models import find_model, load_scorer
from docrerank.evaluation.suite.stage import Settings, is_baseline, write_board, write_summary
from docrerank.evaluation.suite.systems import open_system
from docrerank.recipe import fingerprint
from docrerank.recipe.extras import require
from docrerank.records import UserError
from docrerank.referee.adapter import MtebReranker, open_corpus
from docrerank.referee.tasks import load_task

logger = logging.getLogger(__name__)
Progress = Callable[[str, int, int], None]
MAIN_SCORES = {"ndcg_at_5": "NDCG@5", "ndcg_at_10": "NDCG@10", "recall_at_1": "R@1", "recall_at_5": "R@5"}


def evaluate_tasks(
    models: Sequence[str],
    tasks: Sequence[Any],
    settings: Settings,
    progress: Progress = lambda name, done, total: None,
) -> list[Board]:
    """Measure models on tasks, one after the other; a private task whose data is not at hand is left out.

    Returns:
        one board for each task; mteb's own files are in `<out>/mteb/`.

    Raises:
        UserError: data is not at hand, or no task is left.
    """
    boards = []
    for task in tasks:
        try:
            load_task(task, settings.data)
        except UserError:
            if task.metadata.is_public is not False or len(tasks) == 1:
                raise
            logger.warning("%s is left out: its data set is private and not at hand", task.metadata.name)
            continue
        collection = read_task(task, settings.out / "pages")
        boards.append(_evaluate_task(models, task, collection, settings, progress))
        task.unload_data()
    if not boards:
        raise UserError("every task is private and none of their data sets is at hand")
    return write_summary(boards, settings.out)


def read_task(task: Any, folder: Path) -> Collection:
    """A loaded task as a collection; ids of a subset (a language) get its name in front: `english/12`."""
    rows: dict[str, tuple[Any, int]] = {}
    groups: dict[str, list[str]] = {}
    queries: dict[str, BenchmarkQuery] = {}
    qrels: dict[str, dict[str, int]] = {}
    scope: dict[str, str] = {}
    given: dict[str, list[str]] = {}
    for subset, split, content in _list_parts(task):
        lead = _lead(task, subset, split)
        shelf, ids = open_corpus(content["corpus"], folder)
        rows |= {lead + page: place for page, place in shelf.rows.items()}
        groups[lead] = [lead + page for page in ids]
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
        shelf=RowShelf(rows, Pictures(folder)),
        groups=groups,
        scope=scope,
        top_ranked=given,
        traits=collect_traits(asked),
        headline=MAIN_SCORES.get(task.metadata.main_score, "NDCG@10"),
        version=fingerprint(task.metadata.dataset["path"], task.metadata.revision),
    )


def _evaluate_task(
    models: Sequence[str], task: Any, collection: Collection, settings: Settings, progress: Progress
) -> Board:
    candidates = find_candidates(
        collection, settings.out, settings.first_stage, settings.top, lambda a, b: progress("candidates", a, b)
    )
    measured = [measure_order(candidates)]
    for number, name in enumerate(dict.fromkeys(models)):
        progress(f"{task.metadata.name}: {name}", number, len(models))
        if is_baseline(name):
            system = open_system(name, collection, settings.seed)
            measured.append(measure(collection, system, candidates, settings.out))
        else:
            measured.append(_judge(name, task, collection, candidates, settings))
    board = build_board(collection, candidates, measured, settings.seed, settings.resamples)
    write_board(board, settings.out)
    return board


def _judge(name: str, task: Any, collection: Collection, candidates: Candidates, settings: Settings) -> Measured:
    """Let mteb run a model over the candidates; what it found is kept, and taken if nothing changed."""
    model = find_model(name)
    made_from = fingerprint("mteb", 1, collection.fingerprint(), candidates.version, model.fingerprint())
    made_from = fingerprint(made_from, settings.with_text, require("mteb", extra="bench").__version__)
    path = settings.out / "results" / f"{slug(collection.name)}--{slug(model.name)}.json"
    if (known := read_measured(path)) and known.made_from == made_from:
        return known
    scorer = load_scorer(model, settings.with_text, settings.trust_code)
    reranker = MtebReranker(name, scorer=scorer, folder=settings.out)
    score = _run(reranker, task, candidates, settings.out / "mteb")
    extra = {"mteb": round(score, 5), "mteb_main_score": task.metadata.main_score}
    found = replace(_gather(task, reranker, model.trained), made_from=made_from, extra=extra)
    found = replace(found, name=model.name)
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


def _gather(task: Any, reranker: MtebReranker, trained: bool) -> Measured:
    """All subsets together, under the collection's ids."""
    whole = Measured(reranker.model.name, trained, {}, {}, {})
    ranking: dict[str, dict[str, float]] = {}
    times: dict[str, float] = {}
    tokens: dict[str, int] = {}
    unreadable = 0
    for subset, split, _ in _list_parts(task):
        lead = _lead(task, subset, split)
        found = reranker.measured[task.metadata.name, split, subset]
        for query, pages in found.ranking.items():
            ranking[lead + query] = {lead + page: score for page, score in pages.items()}
        times |= {lead + query: value for query, value in found.milliseconds.items()}
        tokens |= {lead + query: value for query, value in found.tokens.items()}
        unreadable += found.unreadable
    return replace(whole, ranking=ranking, milliseconds=times, tokens=tokens, unreadable=unreadable)


def _list_parts(task: Any) -> list[tuple[str, str, Any]]:
    return [(subset, split, content) for subset, splits in task.dataset.items() for split, content in splits.items()]


def _lead(task: Any, subset: str, split: str) -> str:
    """What stands in front of the ids of one part; nothing where a task has but one."""
    parts = [] if subset == "default" else [subset]
    parts += [split] if len(task.dataset[subset]) > 1 else []
    return "".join(f"{part}/" for part in parts)
