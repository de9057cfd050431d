"""Chooses the relevance from which a model says that a page answers: on a run's own questions, or on judged ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from docrerank.evaluation.benchmark import BenchmarkQuery, read_benchmark
from docrerank.evaluation.benchmark.pdf_pages import open_corpus
from docrerank.evaluation.probe.near_misses import find_held_out
from docrerank.records import Page, UserError
from docrerank.reranker import Reranker
from docrerank.retrieval import Bm25, Threshold, choose_threshold, read_card
from docrerank.retrieval.relevance import MIN_QUESTIONS
from docrerank.runs import Progress, Run, sort_by_hash

#: Pages of each question that the model orders, by BM25 first.
CANDIDATES = 20
#: Questions asked of each kind at most; more no longer change the threshold.
MAX_QUESTIONS = 200


def calibrate(
    run: Run,
    model: Path,
    benchmark: Path | None,
    false_answer_rate: float,
    progress: Progress = lambda done, total: None,
) -> Threshold:
    """Choose the relevance threshold of a model and write it into its `docrerank.json`.

    Questions are counted before pages are read and the model is loaded, so that too few are reported at once.

    Args:
        run: its pages; without a benchmark its questions too, of held-out pages if the model was trained on it.
        model: a model's folder, of text or vision.
        benchmark: judged questions, some of which no page answers.
        false_answer_rate: share of unanswerable questions that may pass, from 0 to 1.
        progress: called with (questions asked, questions in all).

    Raises:
        UserError: no such model, fewer than 20 questions of a kind, or no threshold that keeps half of the answers.
    """
    if not model.is_dir():
        raise UserError(f"no model in '{model}': train one, or give --model")
    read = _read_benchmark if benchmark else _read_run
    questions, pages, source = read(run, benchmark or model)
    asked = _find_candidates(questions, pages)
    reranker, found = Reranker.from_pretrained(model), list[tuple[bool, float]]()
    for done, (question, candidates) in enumerate(asked, 1):
        best = [candidates[hit["corpus_id"]] for hit in reranker.rank(question.text, candidates)]
        found.append((question.answerable, reranker.find_answer(question.text, best).relevance))
        progress(done, len(asked))
    threshold = choose_threshold(found, false_answer_rate, source)
    if threshold is None or not threshold.is_useful:
        kept = f"{threshold.answers_kept:.0%}" if threshold else "none"
        raise UserError(
            f"nothing stored: at {false_answer_rate:.0%} false answers only {kept} of the answerable questions would "
            "pass; allow more with --false-answer-rate, or judge questions (--benchmark)"
        )
    replace(read_card(model), relevance_threshold=threshold).write(model)
    return threshold


def _read_run(run: Run, model: Path) -> tuple[list[BenchmarkQuery], list[Page], str]:
    kept = find_held_out(run, [str(model)])
    asked = [
        BenchmarkQuery(query.id, query.text, query.page_id.rpartition("/")[0], query.kind != "hard_negative")
        for query in run.queries.read()
        if (kept is None or query.page_id in kept) and not (query.kind == "hard_negative" and query.answered_by)
    ]
    owner, source = ("pages", "a run's questions") if kept is None else ("held-out pages", "held-out pages")
    drawn = _draw(asked, run.recipe.seed, f"the run's {owner} have", "give judged questions with --benchmark")
    return drawn, [page for page in run.pages.read() if kept is None or page.id in kept], source


def _read_benchmark(run: Run, folder: Path) -> tuple[list[BenchmarkQuery], list[Page], str]:
    benchmark = read_benchmark(folder)
    asked = [*benchmark.ranked(), *benchmark.unanswerable()]
    advice = 'add questions, those that no page answers with "answerable": false'
    drawn = _draw(asked, run.recipe.seed, f"'{folder}' has", advice)
    corpus = open_corpus(run, benchmark)
    return drawn, [page for name in corpus.parts for page in corpus.read(name)], benchmark.name


def _draw(asked: Sequence[BenchmarkQuery], seed: int, owner: str, advice: str) -> list[BenchmarkQuery]:
    """Draw questions of both kinds by the seed, if there are enough."""
    by_key = {f"{one.text}\n{one.document or ''}": one for one in asked}
    order = [by_key[key] for key in sort_by_hash(list(by_key), seed)]
    kinds = [[one for one in order if one.answerable is kind] for kind in (True, False)]
    if min(map(len, kinds)) < MIN_QUESTIONS:
        counts = f"{len(kinds[0])} answerable and {len(kinds[1])} unanswerable questions"
        raise UserError(f"{owner} {counts}, {MIN_QUESTIONS} of each are needed: {advice}")
    return [one for kind in kinds for one in kind[:MAX_QUESTIONS]]


def _find_candidates(
    questions: Sequence[BenchmarkQuery], pages: Sequence[Page]
) -> list[tuple[BenchmarkQuery, list[Page]]]:
    """BM25's best pages for each question, of its document where it names one."""
    own: dict[str | None, list[Page]] = {None: list(pages)}
    for page in pages:
        own.setdefault(page.document, []).append(page)
    asked = [one for one in questions if one.document in own]
    indexes = {name: Bm25([page.text for page in own[name]]) for name in {one.document for one in asked}}
    orders = [np.argsort(-indexes[one.document].score(one.text), kind="stable")[:CANDIDATES] for one in asked]
    return [(one, [own[one.document][at] for at in order]) for one, order in zip(asked, orders, strict=True)]
