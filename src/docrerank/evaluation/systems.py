"""The systems that are compared: what each ranks for every question, and how long it takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from docrerank.benchmark import Benchmark, Corpus, Scope, Scores, find_scopes, take_top
from docrerank.encoding import load_untrained, score_tokens, window_settings
from docrerank.evaluation.clock import Clock, start_clock
from docrerank.evaluation.relevance import find_relevance
from docrerank.evaluation.scoring import (
    EncodedCorpus,
    drop_ocr,
    read_light_pages,
    score_bm25,
    score_encoded,
    score_named,
)
from docrerank.mining import FusionWeights, fuse
from docrerank.records import Page
from docrerank.reranker import Calibration, ModelCard, is_vision_model, load_encoder, read_card
from docrerank.runs import Run

#: `untrained` is MiniLM as it comes; the first stage adds BM25 and the best window, fusion late interaction too. The
#: rows that say so, the candidates and the trained fusion also prefer the pages that a question names outright.
BM25_LAYER = "BM25 (text layer only)"
BM25 = "BM25 (with OCR)"
WINDOW = "untrained best window"
TOKENS = "untrained late interaction"
FIRST_STAGE = "untrained first stage"
FUSION = "untrained fusion"
NAMED = "untrained fusion, named pages"
TRAINED = "trained"
TRAINED_FUSED = "trained, fused"
TRAINED_ALL = "trained, every page"
TRAINED_FUSED_ALL = "trained, fused, every page"

#: Score of a page that could not be drawn.
UNREADABLE = -100.0

#: query id to page id to score, best first.
Ranking = dict[str, dict[str, float]]


@dataclass(frozen=True, slots=True)
class System:
    """What one system made of a benchmark.

    Attributes:
        name: as in the table.
        trained: whether it learned from the run's queries.
        ranking: every question's best pages with their scores.
        ms_per_query: to encode one question and to score its pages, whose encodings are in memory.
        relevance: how far the pages answer each question, 0 to 1; empty for systems that do not say.
    """

    name: str
    trained: bool
    ranking: Ranking = field(hash=False, repr=False)
    ms_per_query: float
    relevance: Mapping[str, float] = field(default_factory=dict, hash=False, repr=False)


@dataclass(frozen=True, slots=True)
class _Views:
    """The views of every page for every question; (queries, pages) for each scope."""

    bm25: list[Scores]
    windows: list[Scores]
    tokens: list[Scores]
    named: list[Scores]

    def fuse(self, weights: FusionWeights) -> list[Scores]:
        rows = zip(self.bm25, self.windows, self.tokens, self.named, strict=True)
        return [
            np.stack([fuse(bm25, best, late, weights, named) for bm25, best, late, named in zip(*scope, strict=True)])
            for scope in rows
        ]


def rank_all(
    run: Run, benchmark: Benchmark, corpus: Corpus, progress: Callable[[int, int], None]
) -> tuple[list[System], Ranking]:
    """Rank the benchmark's questions with every untrained system, and with the run's model if it has one.

    A question is ranked over all pages it is asked of, except by `TRAINED` and `TRAINED_FUSED`, which reorder the
    `recipe.evaluate.candidates` best of the first stage.

    Returns:
        the systems, and the first stage's candidates with their scores.
    """
    pages, clock = read_light_pages(corpus), start_clock(benchmark, run.recipe.seed)
    by_id = {page.id: page for page in pages}
    scopes = find_scopes(benchmark, corpus, _list_page_ids(pages))
    trained = run.model.is_dir() and not is_vision_model(run.model)
    step = _count_steps(progress, (4 if trained else 2) * len(corpus.parts))
    layer = score_bm25(scopes, drop_ocr(pages), "layer", clock)
    bm25 = score_bm25(scopes, pages, "bm25", clock)
    encoded = EncodedCorpus(corpus, load_untrained(window_settings(run)))
    named = score_named(scopes, pages, clock)
    views = _score(encoded, bm25, named, scopes, "untrained", clock, step)
    systems = _list_untrained(scopes, layer, views, clock)
    candidates = _rank(scopes, views.fuse(FusionWeights(1, 1, 0)), run.recipe.evaluate.candidates)
    if is_vision_model(run.model):
        systems.append(_rank_vision(run.model, scopes, candidates, by_id, clock))
    elif trained:
        systems += _rank_trained(run.model, corpus, bm25, named, scopes, candidates, by_id, clock, step)
    return [_add_relevance(system, run, scopes, by_id) for system in systems], candidates


def _add_relevance(system: System, run: Run, scopes: Sequence[Scope], pages: Mapping[str, Page]) -> System:
    """How far pages answer, for the systems whose score is the model's own and not relative to its candidates."""
    if system.name not in (TOKENS, TRAINED, TRAINED_ALL):
        return system
    calibration = read_card(run.model).calibration if system.name != TOKENS else Calibration()
    if is_vision_model(run.model) and system.name == TRAINED:
        calibration = Calibration(1.0, 0.0)
    relevance = find_relevance(
        system.ranking,
        {query.id: query.text for scope in scopes for query in scope.queries},
        {page.id: page.text for page in pages.values()},
        lambda score: float(calibration.apply(np.array([score], np.float32))[0]),
    )
    return replace(system, relevance=relevance)


def _list_untrained(scopes: Sequence[Scope], layer: list[Scores], views: _Views, clock: Clock) -> list[System]:
    encode, windows, tokens = (f"untrained {name}" for name in ("encode", "windows", "tokens"))
    rows: list[tuple[str, list[Scores], tuple[str, ...]]] = [
        (BM25_LAYER, layer, ("layer",)),
        (BM25, views.bm25, ("bm25",)),
        (WINDOW, views.windows, (encode, windows)),
        (TOKENS, views.tokens, (encode, tokens)),
        (FIRST_STAGE, views.fuse(FusionWeights(1, 1, 0, 0)), ("bm25", encode, windows)),
        (FUSION, views.fuse(FusionWeights(named=0)), ("bm25", encode, windows, tokens)),
        (NAMED, views.fuse(FusionWeights()), ("bm25", encode, windows, tokens, "named")),
    ]
    return [System(name, False, _rank(scopes, scores), clock.milliseconds(*steps)) for name, scores, steps in rows]


def _rank_trained(
    folder: Path,
    corpus: Corpus,
    bm25: list[Scores],
    named: list[Scores],
    scopes: Sequence[Scope],
    candidates: Ranking,
    pages: Mapping[str, Page],
    clock: Clock,
    step: Callable[[], None],
) -> list[System]:
    card = read_card(folder)
    encoded = EncodedCorpus(corpus, load_encoder(folder, card))
    views = _score(encoded, bm25, named, scopes, "trained", clock, step)
    _time_candidates(scopes, encoded, candidates, pages, clock)
    first = ("bm25", "named", "untrained encode", "untrained windows", "trained encode", "candidates")
    every = ("trained encode", "trained tokens")
    return [
        System(TRAINED, True, _rerank(scopes, views, candidates, None), clock.milliseconds(*first)),
        System(TRAINED_FUSED, True, _rerank(scopes, views, candidates, card), clock.milliseconds(*first)),
        System(TRAINED_ALL, True, _rank(scopes, views.tokens), clock.milliseconds(*every)),
        System(
            TRAINED_FUSED_ALL,
            True,
            _rank(scopes, views.fuse(card.fusion)),
            clock.milliseconds(*every, "bm25", "named", "trained windows"),
        ),
    ]


def _rank_vision(
    folder: Path, scopes: Sequence[Scope], candidates: Ranking, pages: Mapping[str, Page], clock: Clock
) -> System:
    """A vision-language model's order of the first stage's candidates; a page that cannot be drawn comes last."""
    from docrerank.reranker.vision import VisionReranker

    reranker, ranking = VisionReranker.from_pretrained(folder), {}
    texts = {query.id: query.text for scope in scopes for query in scope.queries}
    pairs = [(query, page) for query, found in candidates.items() for page in found]
    scored = reranker.score([(texts[query], pages[page]) for query, page in pairs]).values
    scores = dict(zip(pairs, np.nan_to_num(scored, nan=UNREADABLE).tolist(), strict=True))
    for query, found in candidates.items():
        ranking[query] = take_top(np.array([scores[query, page] for page in found], np.float32), list(found))
        own = [(texts[query], pages[page]) for page in found]
        if query in clock.queries:
            reranker.score(own)  # the pages are then held in memory, as those of the other systems are
        clock.measure("vision", query, lambda own=own: reranker.score(own))  # type: ignore[misc]
    first = ("bm25", "named", "untrained encode", "untrained windows", "vision")
    return System(TRAINED, True, ranking, clock.milliseconds(*first))


def _score(
    encoded: EncodedCorpus,
    bm25: list[Scores],
    named: list[Scores],
    scopes: Sequence[Scope],
    name: str,
    clock: Clock,
    step: Callable[[], None],
) -> _Views:
    encoded.fill(step)
    return _Views(bm25, *score_encoded(scopes, encoded, name, clock, step), named)


def _rank(scopes: Sequence[Scope], scores: Sequence[Scores], count: int | None = None) -> Ranking:
    """Each question's best pages."""
    return {
        query.id: take_top(row, scope.page_ids(), **({} if count is None else {"count": count}))
        for scope, matrix in zip(scopes, scores, strict=True)
        for query, row in zip(scope.queries, matrix, strict=True)
    }


def _rerank(scopes: Sequence[Scope], views: _Views, candidates: Ranking, card: ModelCard | None) -> Ranking:
    """The candidates in the order of late interaction, or with a card of all views among the candidates."""
    ranking = {}
    for scope, *matrices in zip(scopes, views.bm25, views.windows, views.tokens, views.named, strict=True):
        places = {page: place for place, page in enumerate(scope.page_ids())}
        for query, *rows in zip(scope.queries, *matrices, strict=True):
            chosen = list(candidates[query.id])
            bm25, windows, tokens, named = (row[[places[page] for page in chosen]] for row in rows)
            scores = tokens if card is None else fuse(bm25, windows, tokens, card.fusion, named)
            ranking[query.id] = take_top(scores, chosen)
    return ranking


def _time_candidates(
    scopes: Sequence[Scope], encoded: EncodedCorpus, candidates: Ranking, pages: Mapping[str, Page], clock: Clock
) -> None:
    """Late interaction of each timed question with its candidates alone."""
    for query in (query for scope in scopes for query in scope.queries if query.id in clock.queries):
        question = encoded.encoder.encode_queries([query.text])
        own = encoded.read([pages[page] for page in candidates[query.id]])
        clock.measure("candidates", query.id, lambda one=question, own=own: score_tokens(one, own))  # type: ignore[misc]


def _list_page_ids(pages: Sequence[Page]) -> dict[str, list[str]]:
    ids: dict[str, list[str]] = {}
    for page in pages:
        ids.setdefault(page.document, []).append(page.id)
    return ids


def _count_steps(progress: Callable[[int, int], None], total: int) -> Callable[[], None]:
    """A function that tells `progress` of one more step each time it is called."""
    done = 0

    def step() -> None:
        nonlocal done
        done += 1
        progress(done, total)

    progress(0, total)
    return step
