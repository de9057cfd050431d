"""The systems that a run is compared by: everything untrained, what training started from, and the trained model.

A further row of the table is a further `System` in one of the `_list_...` functions.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain
from pathlib import Path

from docrerank.evaluation import names
from docrerank.evaluation.benchmark import Collection, PdfPages
from docrerank.evaluation.find_candidates import Candidates, rank_pages
from docrerank.evaluation.find_model import Model
from docrerank.evaluation.measured import Measured, measure
from docrerank.evaluation.page_by_page import ByPage
from docrerank.evaluation.scorers import TextScorer, VisionScorer
from docrerank.evaluation.systems import ByGroup, Fused, System, Views, open_bm25, open_search
from docrerank.recipe import fingerprint
from docrerank.records import UserError
from docrerank.reranker import Reranker, load_text, open_first
from docrerank.retrieval import (
    ENCODINGS,
    MINI,
    UNTRAINED,
    Calibration,
    Encoding,
    FusionWeights,
    NamedPages,
    PageEncoder,
    PageStore,
    TokenEncoder,
    encode_ahead,
    load_untrained,
    read_card,
    score_tokens,
    score_windows,
    window_settings,
)
from docrerank.runs import Progress, Run
from docrerank.vision import is_vision_model

logger = logging.getLogger(__name__)
#: Where a vision-language model's scores are kept in a run.
SCORES = "evaluation"
#: A system, and whether it ranks every page or, as a search does, reorders the first stage's candidates.
Row = tuple[System, bool]


@dataclass(frozen=True, slots=True)
class RunResults:
    """What a run's systems made of a benchmark.

    Attributes:
        measured: every system, the untrained ones first.
        candidates: the first stage's.
        start: name of what training started from, doing what a search does; None if it was not measured.
        trained: name of the trained model, doing the same; None if nothing was trained.
    """

    measured: list[Measured]
    candidates: Candidates
    start: str | None = None
    trained: str | None = None


@dataclass(frozen=True, slots=True)
class _Bench:
    """A run that is measured on a benchmark."""

    run: Run
    collection: Collection
    source: PdfPages
    progress: Progress

    def open_text_views(self) -> Views:
        """What every fusion adds up; late interaction is untrained MiniLM's."""
        ids = list(self.source.light)
        encoder = load_untrained(window_settings(self.run))
        return Views(
            open_bm25(names.BM25, self.collection),
            self.compare(names.WINDOW, encoder, windows=True),
            self.compare(names.TOKENS, encoder, calibration=Calibration()),
            open_search("named", NamedPages(list(self.source.light.values())), ids),
        )

    def open_first(self, views: Views) -> System:
        """The first stage as a search has it: BM25 beside MiniLM or the recipe's embedder, named pages on top."""
        if self.run.recipe.first_stage != UNTRAINED:
            encoder = open_first(self.run, window_settings(self.run))
            views = replace(views, windows=self.compare(names.FIRST_STAGE, encoder, windows=True))
        return Fused(names.FIRST_STAGE, views, FusionWeights(0.5, 0.5, 0))

    def compare(
        self, name: str, encoder: PageEncoder, calibration: Calibration | None = None, windows: bool = False
    ) -> ByGroup:
        """Best windows or late interaction by an encoder; pages are encoded here unless they are on disk already."""
        read = partial(self._read, self._encode(encoder), windows=windows)
        compare, trained = score_windows if windows else score_tokens, name not in (names.WINDOW, names.TOKENS)
        return ByGroup(name, self.collection, encoder.encode_queries, read, compare, trained, calibration)

    def _encode(self, encoder: PageEncoder) -> dict[Path, PageStore]:
        """Encode the documents that are new or changed, one at a time."""
        homes = {document: self.source.home(document) for document in self.source.parts}
        stores = {home: PageStore(home / ENCODINGS, encoder) for home in homes.values()}
        encode_ahead(self.run, encoder, homes)
        for done, (document, home) in enumerate(homes.items()):
            stores[home].fill(self.source.read(document))
            self.progress(done + 1, len(homes))
        return stores

    def _read(self, stores: dict[Path, PageStore], ids: Sequence[str], windows: bool) -> list[Encoding]:
        pages, found = [self.source.light[page] for page in ids], dict[str, Encoding]()
        for home, store in stores.items():
            own = [page for page in pages if self.source.home(page.document) == home]
            read = [Encoding(each[:0], each) for each in store.read_windows(own)] if windows else store.read(own)
            found |= zip((page.id for page in own), read, strict=True)
        return [found[page] for page in ids]


def measure_run(run: Run, collection: Collection, source: PdfPages, progress: Progress) -> RunResults:
    """Rank a benchmark's questions with every system of a run.

    A question is ranked over all pages it is asked of, except by the rows that do what a search does: they reorder the
    `recipe.evaluate.candidates` best of the first stage.
    """
    bench = _Bench(run, collection, source, progress)
    views = bench.open_text_views()
    stage = bench.open_first(views)
    pages = rank_pages(stage, collection, run.recipe.evaluate.candidates)
    first = Candidates(names.FIRST_STAGE, pages, fingerprint(pages))
    whole = {query.id: collection.groups[collection.group_of(query.id)] for query in collection.queries}
    every = Candidates("every page", {query: dict.fromkeys(ids, 0.0) for query, ids in whole.items()}, "")
    start, trained = _name_base(run), names.TRAINED_FUSED
    if is_vision_model(run.model) or is_vision_model(run.recipe.train.base):
        start, trained = names.UNTRAINED_VISION, names.TRAINED
        own = _list_vision(bench)
    else:
        own = chain(_list_started(bench, views), _list_trained(bench, views))
    measured = []
    for system, ranks_all in chain(_list_untrained(views, stage), own):
        measured.append(measure(system, collection, every if ranks_all else first, run.path / SCORES, progress))
        del system  # a large model's memory is for the next one
    known = {each.name for each in measured}
    trained = trained if trained in known else names.TRAINED
    return RunResults(measured, first, start if start in known else None, trained if trained in known else None)


def _list_untrained(views: Views, stage: System) -> Iterator[Row]:
    for view in (views.bm25, views.windows, views.tokens):
        assert view
        yield view, True
    yield stage, True
    yield Fused(names.FUSION, views, FusionWeights(named=0)), True
    yield Fused(names.NAMED, views, FusionWeights()), True


def _name_base(run: Run) -> str:
    base = run.recipe.train.base
    return names.STARTED_SEARCH.get(base, f"{Path(base).name}, before training")


def _list_started(bench: _Bench, views: Views) -> Iterator[Row]:
    """What training starts from, as a search uses it."""
    base, name = bench.run.recipe.train.base, _name_base(bench.run)
    weights = read_card(bench.run.model).fusion  # the trained model's, so that only training tells the two apart
    if base == UNTRAINED:
        yield Fused(name, views, weights), False
        return
    reranker = Reranker(*load_text(base, bench.run.recipe.train))
    model = Model(name, base, trained=base == MINI)
    yield _rank_as_alone(bench, views, reranker, model, weights if base == MINI else reranker.card.fusion), False


def _list_trained(bench: _Bench, views: Views) -> Iterator[Row]:
    if not bench.run.model.is_dir():
        return
    reranker = Reranker(*load_text(bench.run.model))
    if not isinstance(reranker.scorer, TokenEncoder):
        model = Model(names.TRAINED, str(bench.run.model), trained=True)
        yield _rank_as_alone(bench, views, reranker, model, reranker.card.fusion), False
        return
    tokens = bench.compare(names.TRAINED, reranker.scorer, reranker.card.calibration)
    yield tokens, False
    yield Fused(names.TRAINED_FUSED, replace(views, tokens=tokens), reranker.card.fusion, trained=True), False


def _rank_as_alone(bench: _Bench, views: Views, reranker: Reranker, model: Model, weights: FusionWeights) -> System:
    """What a search does with any text model: a bi-encoder fused, a cross-encoder by its own scores."""
    if isinstance(reranker.scorer, TokenEncoder):
        tokens = bench.compare(model.name, reranker.scorer, reranker.card.calibration)
        return Fused(model.name, replace(views, tokens=tokens), weights, trained=model.trained)
    return ByPage(model, TextScorer(reranker), bench.collection)


def _list_vision(bench: _Bench) -> Iterator[Row]:
    """The run's vision-language model, after its untrained base where its weights can be found."""
    from docrerank.vision import VisionReranker

    base, vision = bench.run.recipe.train.base, bench.run.recipe.vision
    probability = Calibration(1.0, 0.0)
    try:
        untrained = VisionReranker.from_pretrained(base, pixels=vision.pixels, prompt=vision.prompt or None)
    except UserError as error:
        logger.warning("no row for the untrained base: %s", error)
    else:
        model = Model(names.UNTRAINED_VISION, base, False)
        yield ByPage(model, VisionScorer(untrained), bench.collection, probability), False
        del untrained  # its memory is for the next one
    if not bench.run.model.is_dir():
        return
    scorer = VisionScorer(VisionReranker.from_pretrained(bench.run.model))
    yield ByPage(Model(names.TRAINED, str(bench.run.model), True), scorer, bench.collection, probability), False
