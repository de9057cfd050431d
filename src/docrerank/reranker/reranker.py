"""The reranker: which of these pages answers this question?"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from cachetools import LRUCache

from docrerank.records import Page, UserError
from docrerank.reranker.cross_encoder import PageCrossEncoder
from docrerank.reranker.load_text_model import load_text
from docrerank.reranker.probability import share_probability
from docrerank.retrieval import (
    MINI,
    Bm25,
    Encoding,
    NamedPages,
    TokenEncoder,
    Vectors,
    WindowSettings,
    find_heading,
    fuse,
    load_untrained,
    order,
    score_tokens,
    score_windows,
)
from docrerank.retrieval.model_card import ModelCard
from docrerank.retrieval.relevance import Answer, RankedPage, measure_relevance
from docrerank.vision import is_vision_model

if TYPE_CHECKING:
    from docrerank.vision import VisionReranker

#: Pages whose encodings are kept in memory (about 0.5 MB each).
CACHED_PAGES = 512
#: The longest windows that MiniLM was trained on.
MINILM_TOKENS = 256


class Reranker:
    """Orders pages by how well they answer a query.

    Args:
        scorer: what scores.
        card: the model's card.
        first: untrained MiniLM in the card's windows, if it is open already (see `open_first`).

    Examples:
        >>> from docrerank.pages import read_files  # doctest: +SKIP
        >>> pages, _ = read_files(["report.pdf"])  # doctest: +SKIP
        >>> Reranker.from_pretrained("RUN/model").rank("net sales in 2020", pages)[0]  # doctest: +SKIP
        {'corpus_id': 11, 'score': 1.93, 'page': Page(id='report/12', ...), 'error': None}
    """

    def __init__(
        self, scorer: TokenEncoder | PageCrossEncoder, card: ModelCard, first: Reranker | None = None
    ) -> None:
        self.scorer = scorer
        self.card = card
        self._encodings: LRUCache[tuple[str, str], Encoding] = LRUCache(CACHED_PAGES)
        self._first = first

    @classmethod
    def from_pretrained(cls, name_or_path: str | Path = MINI, **options: Any) -> Reranker | VisionReranker:
        """Load any reranker: a trained run's model, `docrerank-mini`, `minilm`, or anyone's folder or hub name.

        Text models are a SentenceTransformer, a MultiVectorEncoder (pylate's too) or a CrossEncoder. A vision-language
        model becomes a `VisionReranker`, which has the same `rank`, `predict`, `score` and `find_answer`.

        Args:
            name_or_path: which.
            options: of `VisionReranker.from_pretrained`; a text model takes none.

        Raises:
            UserError: no such folder, no reranker in it, or options for a text model.
        """
        if is_vision_model(name_or_path):
            from docrerank.vision import VisionReranker

            return VisionReranker.from_pretrained(name_or_path, **options)
        if options:
            raise UserError(f"'{name_or_path}' is a text model: it takes no {', '.join(options)}")
        return cls(*load_text(name_or_path))

    def rank(
        self, query: str, pages: Sequence[Page | str], top_k: int | None = None, fused: bool = True
    ) -> list[RankedPage]:
        """Order pages for a query, best first; equal scores keep the order given.

        Args:
            query: a question or keywords.
            pages: page records, or page texts with one line of the page per line.
            top_k: how many to return; all by default.
            fused: add BM25 and untrained MiniLM's best window to late interaction, as z-scores among these pages (see
                `fuse`), and prefer pages that the query names ("on page 12", "Figure 3"). MiniLM then encodes each
                page too. If false, or for a cross-encoder, the score is what `predict` gives for each pair alone.

        Raises:
            UserError: the query is empty or there are no pages.
        """
        _check([query], pages)
        if fused and isinstance(self.scorer, TokenEncoder):
            scores = self._fuse(query, pages)
        else:
            scores = self.predict([(query, page) for page in pages])
        best = order(scores)[:top_k]
        return [RankedPage(corpus_id=at, score=float(scores[at]), page=pages[at], error=None) for at in best]

    def score(self, query: str, pages: Sequence[Page | str], encoded: Sequence[Encoding] | None = None) -> Vectors:
        """The model's own scores of pages for a query, each page alone: float32 of shape (pages,), higher is better.

        Args:
            query: a question or keywords.
            pages: see `rank`.
            encoded: what `encode_pages` gave for them, if it is there already; a cross-encoder needs none.
        """
        return self._score([(query, page) for page in pages], encoded)

    def predict(self, pairs: Sequence[tuple[str, Page | str]]) -> Vectors:
        """The calibrated probability, 0 to 1, that each (query, page) pair's page answers; float32 of shape (pairs,).

        A page and a query that stand in several pairs are encoded once.
        """
        _check([query for query, _ in pairs], pairs)
        return self.card.calibration.apply(self._score(pairs))

    def share_probability(self, query: str, ranked: Sequence[RankedPage]) -> Vectors | None:
        """How likely each page of `rank`'s answers, float32 of shape (pages,); None for a cross-encoder.

        Their sum is how likely any of them does: give the whole ranking.
        """
        if isinstance(self.scorer, PageCrossEncoder):
            return None
        own = self.predict([(query, hit["page"]) for hit in ranked])
        return share_probability(own, np.array([hit["score"] for hit in ranked], np.float32))

    def _score(self, pairs: Sequence[tuple[str, Page | str]], encoded: Sequence[Encoding] | None = None) -> Vectors:
        if isinstance(self.scorer, PageCrossEncoder):
            texts = [(query, _text(page)) for query, page in pairs]
            return self.scorer.score(texts, [_heading(page) for _, page in pairs])
        queries = list(dict.fromkeys(query for query, _ in pairs))
        rows = dict(zip(queries, self.scorer.encode_queries(queries), strict=True))
        encoded = self.encode_pages([page for _, page in pairs]) if encoded is None else encoded
        return _score_pairs([rows[query] for query, _ in pairs], encoded)

    def find_answer(self, query: str, pages: Sequence[Page | str]) -> Answer:
        """Whether any of these pages, the best first as `rank` orders them, answers a query (see `measure_relevance`).

        Raises:
            UserError: the query is empty or there are no pages.
        """
        _check([query], pages)
        probability = min(1.0, max(0.0, float(self.predict([(query, pages[0])])[0])))
        relevance = measure_relevance(query, [_text(page) for page in pages], probability)
        return Answer(relevance, self.card.relevance_threshold)

    def encode_pages(self, pages: Sequence[Page | str]) -> list[Encoding]:
        """Encode pages, each text once; the last few hundred stay in memory.

        Raises:
            UserError: the model is a cross-encoder, which has no encoding of a page alone.
        """
        keys = [(_text(page), _heading(page)) for page in pages]
        known = {key: self._encodings[key] for key in keys if key in self._encodings}
        fresh = {key: page for key, page in zip(keys, pages, strict=True) if key not in known}
        known.update(zip(fresh, self._encode(list(fresh.values())), strict=True))
        self._encodings.update(known)
        return [known[key] for key in keys]

    def _encode(self, pages: Sequence[Page | str]) -> list[Encoding]:
        """Encode pages that are not in memory."""
        return self._encoder().encode_pages([_text(page) for page in pages], [_heading(page) for page in pages])

    def encode_queries(self, texts: Sequence[str]) -> list[Encoding]:
        """Encode queries; the same error as `encode_pages`."""
        return self._encoder().encode_queries(texts)

    def _encoder(self) -> TokenEncoder:
        if isinstance(self.scorer, PageCrossEncoder):
            raise UserError("a cross-encoder cannot encode a page without a query: use rank or predict")
        return self.scorer

    def _fuse(self, query: str, pages: Sequence[Page | str]) -> Vectors:
        tokens = self.score(query, pages)
        first = self.open_first()
        windows = score_windows(first.encode_queries([query]), first.encode_pages(pages))[0]
        return self.fuse(query, pages, windows, tokens)

    def fuse(self, query: str, pages: Sequence[Page | str], windows: Vectors, tokens: Vectors) -> Vectors:
        """What `rank` makes of two views of a query's pages: `open_first`'s best window and late interaction."""
        named = NamedPages(pages).score(query)
        return fuse_views(query, [_text(page) for page in pages], windows, tokens, self.card, named)

    def open_first(self) -> Reranker:
        """Untrained MiniLM, whose windows a model that was trained on tokens does not match."""
        if self._first is None:
            untrained = load_untrained(first_windows(self.card))
            own = self._encoder().fingerprint == untrained.fingerprint
            self._first = self if own else Reranker(untrained, ModelCard(self.card.windows))
        return self._first


def first_windows(card: ModelCard, usual: WindowSettings | None = None) -> WindowSettings:
    """How MiniLM cuts pages beside a model: as that does, unless its windows are longer than MiniLM reads."""
    return card.windows if card.windows.longest <= MINILM_TOKENS else usual or WindowSettings()


def fuse_views(
    query: str, texts: Sequence[str], windows: Vectors, tokens: Vectors, card: ModelCard, named: Vectors
) -> Vectors:
    """The fused scores of one query's candidates, BM25 counted among them alone; float32 of shape (candidates,).

    Args:
        windows: best-window scores by untrained MiniLM.
        tokens: late interaction by the card's model.
        named: how surely the query names each page.
    """
    return fuse(Bm25(texts).score(query), windows, tokens, card.fusion, named)


def _score_pairs(queries: Sequence[Encoding], pages: Sequence[Encoding]) -> Vectors:
    """Late interaction of matched pairs; pairs that follow each other with one query are scored at once."""
    scores = np.zeros(len(queries), np.float32)
    start = 0
    for end in range(1, len(queries) + 1):
        if end == len(queries) or queries[end] is not queries[start]:
            scores[start:end] = score_tokens([queries[start]], pages[start:end])[0]
            start = end
    return scores


def _check(queries: Sequence[str], pages: Sequence[object]) -> None:
    if not pages:
        raise UserError("no pages to rank: give at least one")
    if not all(query.strip() for query in queries):
        raise UserError("the query is empty: ask something")


def _text(page: Page | str) -> str:
    return page if isinstance(page, str) else page.text


def _heading(page: Page | str) -> str:
    return "" if isinstance(page, str) else find_heading(page)
