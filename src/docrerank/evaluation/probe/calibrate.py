"""Chooses anew from where on a model says that a page answers: on a run's own questions, or on judged ones."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from docrerank.evaluation.benchmark import name_benchmark, open_corpus, read_benchmark
from docrerank.evaluation.probe.probe import is_own
from docrerank.records import Page, UserError
from docrerank.reranker import Reranker
from docrerank.retrieval import Bm25, Threshold, choose_threshold, read_card
from docrerank.runs import Progress, Run, sort_by_hash, split_run

#: Pages of each question that the model orders, by BM25 first.
CANDIDATES = 20
#: Questions asked at most; more change the threshold no more.
MAX_QUESTIONS = 400


@dataclass(frozen=True, slots=True)
class Judged:
    """A question, the pages it is asked of, and whether one of them answers."""

    text: str
    pages: tuple[Page, ...]
    answerable: bool


def calibrate(
    run: Run,
    model: Path,
    benchmark: Path | None,
    false_answer_rate: float,
    progress: Progress = lambda done, total: None,
) -> Threshold:
    """Choose the relevance threshold of a model and write it into its `docrerank.json`.

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
    judged, source = _read_benchmark(run, benchmark) if benchmark else _read_run(run, model)
    reranker, found = Reranker.from_pretrained(model), list[tuple[bool, float]]()
    for done, one in enumerate(judged, 1):
        ranked = reranker.rank(one.text, one.pages)
        pages = [one.pages[hit["corpus_id"]] for hit in ranked]
        found.append((one.answerable, reranker.find_answer(one.text, pages).relevance))
        progress(done, len(judged))
    threshold = choose_threshold(found, false_answer_rate, source)
    if threshold is None:
        answerable = sum(kind for kind, _ in found)
        counts = f"{answerable} answerable and {len(found) - answerable} unanswerable questions"
        raise UserError(f"{counts} choose no threshold: 20 of each are needed")
    if not threshold.is_useful:
        raise UserError(
            f"nothing stored: at {false_answer_rate:.0%} false answers only {threshold.answers_kept:.0%} of the "
            "answerable questions would pass; allow more with --false-answer-rate, or judge questions (--benchmark)"
        )
    replace(read_card(model), relevance_threshold=threshold).write(model)
    return threshold


def _read_run(run: Run, model: Path) -> tuple[list[Judged], str]:
    pages = {page.id: page for page in run.pages.read()}
    own = is_own(run, str(model))
    if own:
        kept = split_run(run, run.recipe.train.dev_share).dev
        pages = {page_id: page for page_id, page in pages.items() if page_id in kept}
    asked = [
        (query.text, query.page_id.rpartition("/")[0], query.kind != "hard_negative")
        for query in run.queries.read()
        if query.page_id in pages and not (query.kind == "hard_negative" and query.answered_by)
    ]
    return list(_pair(asked, list(pages.values()), run.recipe.seed)), "held-out pages" if own else "a run's questions"


def _read_benchmark(run: Run, folder: Path) -> tuple[list[Judged], str]:
    benchmark = read_benchmark(folder)
    corpus = open_corpus(run, benchmark)
    pages = [page for document in corpus.parts for page in corpus.read(document)]
    questions = [*benchmark.ranked(), *benchmark.unanswerable()]
    asked = [(query.text, query.document or "", query.answerable) for query in questions]
    return list(_pair(asked, pages, run.recipe.seed)), name_benchmark(benchmark)


def _pair(asked: Sequence[tuple[str, str, bool]], pages: Sequence[Page], seed: int) -> Iterator[Judged]:
    """Each question with BM25's best pages, of its document where it names one; a seeded draw of very many."""
    own: dict[str, list[Page]] = {"": list(pages)}
    for page in pages:
        own.setdefault(page.document, []).append(page)
    drawn = {f"{text}\n{document}": (text, document, answerable) for text, document, answerable in asked}
    indexes: dict[str, Bm25] = {}
    for key in sort_by_hash(list(drawn), seed)[:MAX_QUESTIONS]:
        text, document, answerable = drawn[key]
        if document in own:
            index = indexes.setdefault(document, Bm25([page.text for page in own[document]]))
            best = np.argsort(-index.score(text), kind="stable")[:CANDIDATES]
            yield Judged(text, tuple(own[document][place] for place in best), answerable)
