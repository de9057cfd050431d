"""From rankings to `evaluation.json`: metrics of each question, the comparison, and the table of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any

from docrerank.benchmark import Benchmark, BenchmarkQuery, Corpus
from docrerank.evaluation.answerability import measure_answerability
from docrerank.evaluation.clock import TIMED_QUERIES
from docrerank.evaluation.comparison import Comparison, SystemResult, choose_baseline, compare, summarise_system
from docrerank.evaluation.relevance import describe_relevance
from docrerank.evaluation.systems import FIRST_STAGE, TOKENS, TRAINED, Ranking, System
from docrerank.evaluation.table import build_dict, render_text
from docrerank.reranker import read_card
from docrerank.runs import Run
from docrerank.statistics import measure_ceiling, score_run

#: Pages of each ranking that are kept in the file.
TOP = 10
#: Characters of the table's lines at most.
WIDTH = 140


def build_evaluation(
    run: Run,
    benchmark: Benchmark,
    corpus: Corpus,
    systems: Sequence[System],
    candidates: Ranking,
    notes: Sequence[str] = (),
) -> dict[str, Any]:
    """Everything measured, as `json.dumps` takes it: `comparison`, `table`, `candidates`, `corpus`, `queries`."""
    results = [_summarise(run, benchmark, system) for system in systems]
    notes = [*notes, *benchmark.notes(), *_list_notes(run, corpus, results)]
    comparison = _compare(run, benchmark, results, candidates, notes)
    return {
        "corpus": {"documents": len(corpus.parts), "own": corpus.own, "unreadable": list(corpus.unreadable)},
        "candidates": {"system": FIRST_STAGE, "count": run.recipe.evaluate.candidates},
        "comparison": build_dict(comparison),
        "table": render_text(comparison, WIDTH),
        "relevance": _judge_threshold(run, benchmark, systems),
        "queries": [_describe(query, benchmark, systems, results) for query in benchmark.queries],
    }


def _summarise(run: Run, benchmark: Benchmark, system: System) -> SystemResult:
    seed, resamples = run.recipe.seed, run.recipe.evaluate.resamples
    return summarise_system(
        system.name,
        score_run(system.ranking, benchmark.qrels),
        trained=system.trained,
        ms_per_query=system.ms_per_query,
        answerability=measure_answerability(_best_scores(system), benchmark, seed, resamples),
        seed=seed,
        resamples=resamples,
    )


def _best_scores(system: System) -> Ranking:
    """What tells answerable questions apart: relevance where the system says it, else its best page's score."""
    return {query: {"best": value} for query, value in system.relevance.items()} or system.ranking


def _judge_threshold(run: Run, benchmark: Benchmark, systems: Sequence[System]) -> dict[str, Any] | None:
    """The stored threshold on these questions, for the trained model or, without one, the untrained."""
    told = {system.name: system for system in systems if system.relevance}
    system = told.get(TRAINED, told.get(TOKENS))
    threshold = read_card(run.model).relevance_threshold if run.model.is_dir() else None
    return describe_relevance(system.name, system.relevance, benchmark, threshold) if system else None


def _compare(
    run: Run, benchmark: Benchmark, results: Sequence[SystemResult], candidates: Ranking, notes: Sequence[str]
) -> Comparison:
    seed, resamples = run.recipe.seed, run.recipe.evaluate.resamples
    best = measure_ceiling(candidates, benchmark.qrels)
    name = f"ceiling of the top {run.recipe.evaluate.candidates}"
    return compare(
        results,
        choose_baseline(results),
        benchmark.evidence(),
        ceiling=summarise_system(name, best, trained=False, seed=seed, resamples=resamples),
        notes=notes,
        seed=seed,
        resamples=resamples,
    )


def _list_notes(run: Run, corpus: Corpus, results: Sequence[SystemResult]) -> list[str]:
    notes = [
        "The baseline is the best untrained system on these same questions.",
        "'untrained' is MiniLM as it comes; the first stage adds BM25 and the best window as z-scores, fusion late "
        "interaction too. BM25 reads OCR except where it says that it does not.",
        f"ms/query: the median of {TIMED_QUERIES} questions at most, one at a time, to encode the question and score "
        "its pages, which are encoded beforehand and held in memory.",
    ]
    trained = {result.name for result in results if result.trained}
    if trained == {TRAINED}:
        notes.append(f"'trained' reorders the first stage's top {run.recipe.evaluate.candidates}.")
    elif trained:
        notes.append(
            f"'trained' and 'trained, fused' reorder the first stage's top {run.recipe.evaluate.candidates}; late "
            "interaction is cheap enough to score every page, as 'every page' does."
        )
    else:
        notes.append("This run has no trained reranker yet: only what it must beat is measured.")
    notes.append(
        "Answerability: from the best page's score; for late interaction and the trained reranker from relevance, "
        "mostly whether the question's names and figures stand on the pages."
    )
    if corpus.unreadable:
        notes.append(f"Documents of the corpus without a readable page: {', '.join(corpus.unreadable)}.")
    return notes


def _describe(
    query: BenchmarkQuery, benchmark: Benchmark, systems: Sequence[System], results: Sequence[SystemResult]
) -> dict[str, Any]:
    relevant = benchmark.qrels.get(query.id, {})
    return {
        "id": query.id,
        "text": query.text,
        "document": query.document,
        "answerable": query.answerable,
        "evidence": list(query.evidence),
        "relevant": sorted(page for page, score in relevant.items() if score > 0),
        "systems": {
            system.name: {
                "metrics": {
                    metric: values[query.id] for metric, values in result.metrics.items() if query.id in values
                },
                "top": _take(system.ranking[query.id]),
            }
            for system, result in zip(systems, results, strict=True)
        },
    }


def _take(ranking: Mapping[str, float]) -> list[list[Any]]:
    return [[page, score] for page, score in islice(ranking.items(), TOP)]
