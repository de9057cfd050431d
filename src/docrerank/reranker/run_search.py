"""Search over a run's pages: first stage over all of them, then the run's reranker over the best."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from docrerank.records import Page, UserError
from docrerank.reranker.first_encoder import open_first
from docrerank.reranker.load_text_model import load_text
from docrerank.reranker.probability import share_probability
from docrerank.reranker.reranker import Reranker, first_windows, fuse_views
from docrerank.retrieval import (
    ENCODINGS,
    UNTRAINED,
    Candidates,
    NamedPages,
    PageStore,
    Search,
    TokenEncoder,
    Vectors,
    WindowSettings,
    check_pages,
    find_snippet,
    load_query_start,
    order,
    score_windows,
    window_settings,
)
from docrerank.retrieval.model_card import read_card
from docrerank.retrieval.relevance import Answer, measure_relevance
from docrerank.runs import Run
from docrerank.vision import is_vision_model

if TYPE_CHECKING:
    from docrerank.vision import VisionReranker

#: Folder of a run that holds its pages as a vision-language model has encoded them.
CACHE = "cache"


@dataclass(frozen=True, slots=True)
class Hit:
    """A page that a search found.

    Attributes:
        page_id: its id.
        score: among the candidates.
        probability: that this page answers; None for cross-encoders and vision-language models.
        snippet: its passage closest to the query.
        kind: what the page is, such as "balance sheet"; empty if it is nothing known.
        why: how the query names it, such as "quick ratio: balance sheet"; empty if it does not.
    """

    page_id: str
    score: float
    probability: float | None
    snippet: str
    kind: str = ""
    why: str = ""

    def to_dict(self) -> dict[str, Any]:
        """As `--json` prints it."""
        own = {"page": self.page_id, "score": round(self.score, 4), "text": self.snippet}
        own |= {} if self.probability is None else {"probability": round(self.probability, 4)}
        return own | {name: value for name, value in (("kind", self.kind), ("why", self.why)) if value}


class Searcher:
    """A run's pages, ready for many queries; a query takes tens of milliseconds.

    Making one reads every page. From 20,000 pages on it reads what is new or changed: the first stage lies in
    `RUN/index`, and pages stay on disk (extra `scale`); a page that the query names then comes first among the
    candidates, not among all.

    Args:
        run: its pages, its model (its recipe's start if it has none yet), its encodings.
        candidates: pages that the first stage hands to the reranker.

    Raises:
        UserError: the run has no pages yet.
    """

    def __init__(self, run: Run, candidates: int = 20) -> None:
        check_pages(run)
        self.run, self.candidates = run, candidates
        self.vision = open_vision(run)
        self.reranker = open_text(run)
        self.card, scorer = self.reranker.card, self.reranker.scorer
        self.store = PageStore(run.path / ENCODINGS, scorer) if isinstance(scorer, TokenEncoder) else None
        windows = first_windows(self.card, window_settings(run))
        self.first = Search.open(run, open_first(run, windows, light=True))
        self.windows = self._open_windows(windows)
        for store in filter(None, (self.store, self.windows)):
            self.first.pages.fill(store)

    def search(self, query: str, top_k: int = 10, document: str | None = None) -> list[Hit]:
        """The best pages, of one document if it is named.

        Raises:
            UserError: the query is empty.
        """
        if not query.strip():
            raise UserError("the query is empty: ask something")
        found = self.first.find(query, max(top_k, self.candidates), document)
        pages = found.pages
        if not pages:
            return []
        if self.vision:
            ranked = self.vision.rank(query, pages, top_k=top_k)
            return list_hits(query, pages, [(hit["corpus_id"], hit["score"]) for hit in ranked])
        own = self._score(query, pages)
        if self.store:  # as `rank` does: a bi-encoder's scores are fused, a cross-encoder's stand alone
            windows = self._compare_windows(query, found)
            scores = fuse_views(query, [page.text for page in pages], windows, own, self.card, found.named)
            likely = share_probability(self.card.calibration.apply(own), scores)
        else:
            scores, likely = self.card.calibration.apply(own), None
        return list_hits(query, pages, [(index, float(scores[index])) for index in order(scores)[:top_k]], likely)

    def _open_windows(self, windows: WindowSettings) -> PageStore | None:
        """MiniLM's windows, which a fusion adds up, where another embedder is the first stage."""
        if self.run.recipe.first_stage == UNTRAINED or not self.store or self.vision:
            return None
        return PageStore(self.run.path / ENCODINGS, load_query_start(UNTRAINED, windows))

    def _compare_windows(self, query: str, found: Candidates) -> Vectors:
        if self.windows is None:
            return found.windows
        asked = self.windows.encoder.encode_queries([query])
        scores: Vectors = score_windows(asked, self.windows.read(found.pages))[0]
        return scores

    def _score(self, query: str, pages: Sequence[Page]) -> Vectors:
        return self.reranker.score(query, pages, self.store.read(pages) if self.store else None)

    def find_answer(self, query: str, hits: Sequence[Hit]) -> Answer:
        """Whether a page of a search's hits answers; of a long list the first ones count."""
        ids = [hit.page_id for hit in hits[: self.candidates]]
        read = self.first.pages.read(ids)
        pages = [read[page_id] for page_id in ids if page_id in read]
        if self.vision:
            return self.vision.find_answer(query, pages)
        if not pages:
            return Answer(0.0, self.card.relevance_threshold)
        probability = float(self.card.calibration.apply(self._score(query, pages[:1]))[0])
        relevance = measure_relevance(query, [page.text for page in pages], probability)
        return Answer(relevance, self.card.relevance_threshold)


def search(run: Run, query: str, top_k: int = 10) -> list[Hit]:
    """Find the pages of a run that answer a question.

    Examples:
        >>> search(Run.open("RUN"), "net sales in 2020")[0].page_id  # doctest: +SKIP
        'report/12'
    """
    return Searcher(run, run.recipe.evaluate.candidates).search(query, top_k)


def open_text(run: Run) -> Reranker:
    """The run's trained text model, or its base; MiniLM where a vision model ranks."""
    if _is_trained(run):
        return Reranker(*load_text(run.model, light=True))
    train = run.recipe.train
    vision = is_vision_model(run.model) or is_vision_model(train.base)
    return Reranker(*load_text(UNTRAINED if vision else train.base, train, light=True))


def choose_windows(run: Run) -> WindowSettings:
    """The windows of a run's first stage: those of its trained encoder, or the recipe's."""
    usual = window_settings(run)
    return first_windows(read_card(run.model), usual) if _is_trained(run) else usual


def _is_trained(run: Run) -> bool:
    return run.model.is_dir() and not is_vision_model(run.model)


def open_vision(run: Run) -> VisionReranker | None:
    """The run's model if it is a vision-language one, with its page cache."""
    if not is_vision_model(run.model):
        return None
    from docrerank.vision import HOST_BYTES, PageCache, VisionReranker

    return VisionReranker.from_pretrained(run.model, cache=PageCache(HOST_BYTES, str(run.path / CACHE)))


def list_hits(
    query: str, pages: Sequence[Page], best: Sequence[tuple[int, float]], likely: Vectors | None = None
) -> list[Hit]:
    """Hits of rows of (place among the pages, score), with what is shown of each and how likely each page answers."""
    named, hits = NamedPages(pages), []
    for at, score in best:
        page, probability = pages[at], None if likely is None else float(likely[at])
        kind, snippet = next(iter(page.kinds), ""), find_snippet(query, page.text)
        hits.append(Hit(page.id, score, probability, snippet, kind, named.explain(query, at)))
    return hits
