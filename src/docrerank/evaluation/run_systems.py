"""The systems that a run is compared by: a name and how its scores come, for every question and page.

A further system is a further row in `_list_untrained`, `_list_started` or `_list_trained`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from docrerank.evaluation.benchmark import KEPT, Collection, Corpus, PdfPages, Scope, Scores, find_scopes, take_top
from docrerank.evaluation.candidates import Candidates
from docrerank.evaluation.models import Model
from docrerank.evaluation.names import (
    BM25,
    BM25_LAYER,
    FIRST_STAGE,
    FUSION,
    NAMED,
    STARTED,
    STARTED_FUSED,
    TOKENS,
    TRAINED,
    TRAINED_ALL,
    TRAINED_FUSED,
    TRAINED_FUSED_ALL,
    UNTRAINED_VISION,
    WINDOW,
)
from docrerank.evaluation.query_timing import Clock, start_clock
from docrerank.evaluation.relevance import find_relevance
from docrerank.evaluation.scorers import VisionScorer
from docrerank.evaluation.scoring import EncodedCorpus, drop_ocr, score_bm25, score_encoded, score_named
from docrerank.evaluation.system_result import Measured, measure
from docrerank.evaluation.systems import open_model
from docrerank.recipe import fingerprint
from docrerank.records import Page, UserError
from docrerank.reranker import load_encoder
from docrerank.retrieval import (
    MINI,
    Calibration,
    FusionWeights,
    TokenEncoder,
    describe_start,
    fuse,
    load_start,
    load_untrained,
    read_card,
    score_tokens,
    weigh_tokens,
    window_settings,
)
from docrerank.runs import Progress, Run
from docrerank.vision import is_vision_model

if TYPE_CHECKING:
    from docrerank.vision import VisionReranker

logger = logging.getLogger(__name__)
#: query id to page id to score, best first.
Ranking = dict[str, dict[str, float]]
#: Name of a system, its scores, (queries, pages) for each scope, and the clock's steps that make them.
Scored = tuple[str, list[Scores], tuple[str, ...]]
#: Where a vision-language model's scores are kept in a run.
SCORES = "evaluation"
#: The clock's steps of what stands beside late interaction in a fusion.
BESIDE = ("bm25", "named", "untrained encode", "untrained windows")


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

    def among(self, scopes: Sequence[Scope], candidates: Ranking, score: Callable[..., Scores]) -> Ranking:
        """The candidates in the order of their own `score(bm25, windows, tokens, named)`."""
        ranking = {}
        for scope, *matrices in zip(scopes, self.bm25, self.windows, self.tokens, self.named, strict=True):
            places = {page: place for place, page in enumerate(scope.page_ids())}
            for query, *rows in zip(scope.queries, *matrices, strict=True):
                chosen = list(candidates[query.id])
                at = [places[page] for page in chosen]
                ranking[query.id] = take_top(score(*(row[at] for row in rows)), chosen)
        return ranking


def rank_systems(
    run: Run, collection: Collection, corpus: Corpus, source: PdfPages, progress: Progress
) -> tuple[list[Measured], Candidates]:
    """Rank a benchmark's questions with every untrained system, and with the run's model if it has one.

    A question is ranked over all pages it is asked of, except by `TRAINED` and `TRAINED_FUSED`, which reorder the
    `recipe.evaluate.candidates` best of the first stage.

    Returns:
        the systems, and the first stage's candidates with their scores.
    """
    ids: dict[str, list[str]] = {}
    for page in source.light.values():
        ids.setdefault(page.document, []).append(page.id)
    vision = is_vision_model(run.model)
    started, trained = run.recipe.train.base == MINI and not vision, run.model.is_dir() and not vision
    step = _count_steps(progress, 2 * (1 + started + trained) * len(corpus.parts))
    scopes = find_scopes(collection.benchmark, corpus, ids)
    ranker = _Ranker(scopes, source.light, start_clock(collection.benchmark, run.recipe.seed), step)
    bm25, named = ranker.score_bm25(), score_named(scopes, list(source.light.values()), ranker.clock)
    encoded = EncodedCorpus(run, corpus, load_untrained(window_settings(run)))
    windows, tokens = ranker.score(encoded, "untrained", "windows", "tokens")
    views = _Views(bm25, windows, tokens, named)
    found = [ranker.measure(row) for row in _list_untrained(views, ranker)]
    first = ranker.rank(views.fuse(FusionWeights(1, 1, 0)), run.recipe.evaluate.candidates)
    if vision:
        found += ranker.rank_vision(run, collection, first)
    if started:
        rows = _list_started(ranker, EncodedCorpus(run, corpus, _load_weighted_start(run)), views)
        found += [ranker.measure(row, trained=True) for row in rows]
    if trained:
        card = read_card(run.model)
        encoded = EncodedCorpus(run, corpus, load_encoder(run.model, card))
        found += _list_trained(ranker, encoded, card.fusion, views, first)
    return [_add_relevance(each, run, collection, source) for each in found], Candidates(FIRST_STAGE, first, "")


def _list_untrained(views: _Views, ranker: _Ranker) -> list[Scored]:
    encode, windows, tokens = (f"untrained {name}" for name in ("encode", "windows", "tokens"))
    return [
        (BM25_LAYER, ranker.score_layer(), ("layer",)),
        (BM25, views.bm25, ("bm25",)),
        (WINDOW, views.windows, (encode, windows)),
        (TOKENS, views.tokens, (encode, tokens)),
        (FIRST_STAGE, views.fuse(FusionWeights(1, 1, 0, 0)), ("bm25", encode, windows)),
        (FUSION, views.fuse(FusionWeights(named=0)), ("bm25", encode, windows, tokens)),
        (NAMED, views.fuse(FusionWeights()), ("bm25", encode, windows, tokens, "named")),
    ]


def _load_weighted_start(run: Run) -> TokenEncoder:
    """The start as training takes it: tokens count by how rare they are on the run's pages."""
    encoder = load_start(MINI, window_settings(run))
    encoder.rarity = weigh_tokens(encoder.model.tokenizer, (page.text for page in run.pages.read()))
    return encoder


def _list_started(ranker: _Ranker, encoded: EncodedCorpus, untrained: _Views) -> list[Scored]:
    tokens = ranker.score(encoded, MINI, "tokens")[0]
    own = (f"{MINI} encode", f"{MINI} tokens")
    fused = replace(untrained, tokens=tokens).fuse(FusionWeights())
    return [(STARTED, tokens, own), (STARTED_FUSED, fused, (*own, *BESIDE))]


def _list_trained(
    ranker: _Ranker, encoded: EncodedCorpus, weights: FusionWeights, untrained: _Views, candidates: Ranking
) -> list[Measured]:
    views = replace(untrained, tokens=ranker.score(encoded, "trained", "tokens")[0])
    ranker.time_candidates(encoded, candidates)
    first = (*BESIDE, "trained encode", "candidates")
    every = ("trained encode", "trained tokens")
    alone = views.among(ranker.scopes, candidates, lambda bm25, windows, tokens, named: tokens)
    fused = views.among(
        ranker.scopes, candidates, lambda bm25, windows, tokens, named: fuse(bm25, windows, tokens, weights, named)
    )
    rows: list[Scored] = [
        (TRAINED_ALL, views.tokens, every),
        (TRAINED_FUSED_ALL, views.fuse(weights), (*every, *BESIDE)),
    ]
    return [
        Measured(TRAINED, True, alone, ranker.clock.milliseconds(*first)),
        Measured(TRAINED_FUSED, True, fused, ranker.clock.milliseconds(*first)),
        *(ranker.measure(row, trained=True) for row in rows),
    ]


@dataclass(frozen=True, slots=True)
class _Ranker:
    """The questions with the pages each is asked of, and a clock."""

    scopes: Sequence[Scope]
    pages: Mapping[str, Page]
    clock: Clock
    step: Callable[[], None]

    def score_bm25(self) -> list[Scores]:
        return score_bm25(self.scopes, list(self.pages.values()), "bm25", self.clock)

    def score_layer(self) -> list[Scores]:
        return score_bm25(self.scopes, drop_ocr(self.pages.values()), "layer", self.clock)

    def score(self, encoded: EncodedCorpus, name: str, *views: str) -> list[list[Scores]]:
        """Views by one encoder, whose pages are encoded first."""
        encoded.fill(self.step)
        return score_encoded(self.scopes, encoded, name, views, self.clock, self.step)

    def measure(self, row: Scored, trained: bool = False) -> Measured:
        name, scores, steps = row
        return Measured(name, trained, self.rank(scores), self.clock.milliseconds(*steps))

    def rank(self, scores: Sequence[Scores], count: int = KEPT) -> Ranking:
        """Each question's best pages."""
        return {
            query.id: take_top(row, scope.page_ids(), count)
            for scope, matrix in zip(self.scopes, scores, strict=True)
            for query, row in zip(scope.queries, matrix, strict=True)
        }

    def time_candidates(self, encoded: EncodedCorpus, candidates: Ranking) -> None:
        """Late interaction of each timed question with its candidates alone."""
        for query in (query for scope in self.scopes for query in scope.queries if query.id in self.clock.queries):
            question = encoded.encoder.encode_queries([query.text])
            own = encoded.read([self.pages[page] for page in candidates[query.id]])
            self.clock.measure("candidates", query.id, lambda one=question, own=own: score_tokens(one, own))  # type: ignore[misc]

    def rank_vision(self, run: Run, collection: Collection, candidates: Ranking) -> Iterator[Measured]:
        """The run's vision-language model, after its untrained base where that is still at hand."""
        from docrerank.vision import VisionReranker

        base, vision = run.recipe.train.base, run.recipe.vision
        try:
            untrained = VisionReranker.from_pretrained(base, pixels=vision.pixels, prompt=vision.prompt or None)
        except UserError as error:
            logger.warning("no row for the untrained base: %s", error)
        else:
            yield self.rank_pages(run, Model(UNTRAINED_VISION, base, False), untrained, collection, candidates)
            del untrained  # its memory is for the next one
        trained = Model(TRAINED, str(run.model), True)
        yield self.rank_pages(run, trained, VisionReranker.from_pretrained(run.model), collection, candidates)

    def rank_pages(
        self, run: Run, model: Model, reranker: VisionReranker, collection: Collection, candidates: Ranking
    ) -> Measured:
        """A vision-language model's order of the candidates; some questions are timed afterwards."""
        name = model.name
        given = Candidates(FIRST_STAGE, candidates, fingerprint(candidates))
        found = measure(collection, open_model(model, VisionScorer(reranker), collection), given, run.path / SCORES)
        for query in (query for query in collection.queries if query.id in self.clock.queries):
            own = [(query.text, self.pages[page]) for page in candidates[query.id]]
            reranker.score(own)  # the pages are then held in memory, as those of the other systems are
            self.clock.measure(name, query.id, lambda own=own: reranker.score(own))  # type: ignore[misc]
        return replace(found, milliseconds=self.clock.milliseconds(*BESIDE, name), tokens={})


def _add_relevance(found: Measured, run: Run, collection: Collection, source: PdfPages) -> Measured:
    """How far pages answer, for the systems whose score is the model's own and not relative to its candidates."""
    if found.name not in (TOKENS, STARTED, UNTRAINED_VISION, TRAINED, TRAINED_ALL):
        return found
    starts = {TOKENS: Calibration(), STARTED: describe_start(MINI).calibration, UNTRAINED_VISION: Calibration()}
    calibration = starts.get(found.name) or read_card(run.model).calibration
    if is_vision_model(run.model) and found.name in (UNTRAINED_VISION, TRAINED):
        calibration = Calibration(1.0, 0.0)
    relevance = find_relevance(
        found.ranking,
        {query.id: query.text for query in collection.queries},
        {page.id: page.text for page in source.light.values()},
        lambda score: float(calibration.apply(np.array([score], np.float32))[0]),
    )
    return replace(found, relevance=relevance)


def _count_steps(progress: Progress, total: int) -> Callable[[], None]:
    """A function that tells `progress` of one more step each time it is called."""
    done = 0

    def step() -> None:
        nonlocal done
        done += 1
        progress(done, total)

    progress(0, total)
    return step
