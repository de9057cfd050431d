"""What scores a benchmark's pairs: docrerank's rerankers, any CrossEncoder, embedders, models whose own code scores.

A scorer is given a few pages, each with all that is asked of it, so that it reads each page once. It never sees
judgements, ids or what else is asked.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from docrerank.pages import render
from docrerank.recipe import fingerprint
from docrerank.records import Page, UserError
from docrerank.reranker import FirstEncoder, Reranker
from docrerank.retrieval import Encoding, TokenEncoder, Vectors, score_tokens, score_windows

if TYPE_CHECKING:
    from docrerank.vision import VisionReranker

#: A page, with its text if the model reads text, and the questions asked of it.
Asked = tuple[Page, Sequence[str]]
#: Places of some pairs of page and question among all those given, and float32 of shape (pairs, views), all finite:
#: of one view the score, higher is better; `TextScorer.combine` makes scores of late interaction's two.
Scores = tuple[Sequence[int], Vectors]

#: Score of a page that could not be read or drawn: behind every page that could.
UNREADABLE = -1e9
#: Queries whose vectors are held.
HELD = 4_096
#: Pages that are given to a scorer at once, and to one that draws pages ahead.
STEP, LONG_STEP = 16, 256
#: Pixels of a page's image for models without a budget of their own.
PIXELS = 768 * 28 * 28
#: Pairs that such a model reads together.
BATCH = 8


class Scorer(ABC):
    """One model.

    Attributes:
        needs_text: whether pages must come with their text.
        reading: how it reads pages, as far as its files do not say.
        step: pages that it is given at once.
    """

    needs_text = True
    reading = ""
    step = STEP

    @abstractmethod
    def score(self, asked: Sequence[Asked]) -> Iterator[Scores]:
        """Every pair of a page and its questions once."""


class TextScorer(Scorer):
    """A docrerank text reranker, or a CrossEncoder, as `Reranker.rank` orders pages.

    Args:
        reranker: as loaded.
    """

    def __init__(self, reranker: Reranker) -> None:
        self.reranker = reranker
        self._ask = lru_cache(HELD)(self._encode)

    def score(self, asked: Sequence[Asked]) -> Iterator[Scores]:
        """See `Scorer`; the two views of late interaction, or what a cross-encoder predicts."""
        values = self._compare(asked) if isinstance(self.reranker.scorer, TokenEncoder) else self._predict(asked)
        yield range(len(values)), values

    def combine(self, query: str, pages: Sequence[Page], values: Vectors) -> Vectors:
        """The views of late interaction, (pages, 2), fused among a query's candidates; scores of shape (pages,)."""
        return self.reranker.fuse(query, [_give(page) for page in pages], values[:, 0], values[:, 1])

    def _predict(self, asked: Sequence[Asked]) -> Vectors:
        return self.reranker.predict([(query, _give(page)) for page, queries in asked for query in queries])[:, None]

    def _compare(self, asked: Sequence[Asked]) -> Vectors:
        """Best window and late interaction, each page encoded once; float32 of shape (pairs, 2)."""
        pages = [_give(page) for page, _ in asked]
        views = (self.reranker.open_first().encode_pages(pages), self.reranker.encode_pages(pages))
        rows = []
        for windows, tokens, (_, queries) in zip(*views, asked, strict=True):
            first, own = zip(*map(self._ask, queries), strict=True)
            rows.append(np.concatenate([score_windows(first, [windows]), score_tokens(own, [tokens])], axis=1))
        return np.concatenate(rows)

    def _encode(self, query: str) -> tuple[Encoding, Encoding]:
        return self.reranker.open_first().encode_queries([query])[0], self.reranker.encode_queries([query])[0]


class VisionScorer(Scorer):
    """A vision-language reranker on page images.

    Args:
        reranker: as loaded.
        with_text: give it the page's text beside the image.
    """

    step = LONG_STEP

    def __init__(self, reranker: VisionReranker, with_text: bool = False) -> None:
        self.reranker = reranker
        self.needs_text = with_text or reranker.page_text
        reader = reranker.parts.reader
        self.reading = fingerprint(reader.prompt.template, reader.pixels)

    def score(self, asked: Sequence[Asked]) -> Iterator[Scores]:
        """See `Scorer`; pages are drawn ahead by other processes, and none is held longer than its step."""
        pairs = [(query, self._give(page)) for page, queries in asked for query in queries]
        for places, found in self.reranker.stream(pairs):
            yield places, np.nan_to_num(found.values, nan=UNREADABLE).astype(np.float32)[:, None]

    def _give(self, page: Page) -> Any:
        return {"image": page, "text": page.text} if self.needs_text else page


class EmbedderScorer(Scorer):
    """An embedder, dense or of late interaction, of texts or of page images.

    Args:
        encoder: as loaded.
    """

    def __init__(self, encoder: FirstEncoder) -> None:
        self.encoder, self.needs_text, self.reading = encoder, isinstance(encoder, TokenEncoder), encoder.fingerprint
        self._ask = lru_cache(HELD)(lambda query: encoder.encode_queries([query])[0])

    def score(self, asked: Sequence[Asked]) -> Iterator[Scores]:
        """See `Scorer`; the model's own similarity, of the best window of a text."""
        pages = zip(self.encoder.read([page for page, _ in asked]), asked, strict=True)
        values = np.concatenate([score_windows([*map(self._ask, queries)], [page]) for page, (_, queries) in pages])
        yield range(len(values)), values


class ImageScorer(Scorer):
    """A model of another library that is given pairs of a query and a page's image, some pages at a time.

    Args:
        compare: scores of (query, image) pairs, of shape (pairs,).
        pixels: that a page is drawn with at most; the model's own processor may shrink it further.
    """

    needs_text = False

    def __init__(self, compare: Callable[[list[tuple[str, Any]]], Any], pixels: int = PIXELS) -> None:
        self.compare, self.pixels = compare, pixels
        self.reading = "" if pixels == PIXELS else str(pixels)

    def score(self, asked: Sequence[Asked]) -> Iterator[Scores]:
        """See `Scorer`; a page is drawn once, and encoded for each of its queries."""
        pairs, places, count = list[tuple[str, Any]](), list[int](), 0
        for page, queries in asked:
            with suppress(UserError):
                image = render(page, self.pixels)
                pairs += [(query, image) for query in queries]
                places += range(count, count + len(queries))
            count += len(queries)
        values = np.full((count, 1), UNREADABLE, np.float32)
        if pairs:
            values[places, 0] = self.compare(pairs)
        yield range(count), values


def predict_images(model: Any, pairs: list[tuple[str, Any]]) -> Vectors:
    """Bare logits of a multimodal CrossEncoder: a sigmoid would make equal scores of two good pages."""
    found = model.predict(pairs, batch_size=BATCH, show_progress_bar=False, activation_fn=lambda scores: scores)
    return np.asarray(found, np.float32).reshape(len(pairs), -1)[:, 0]


def run_own_code(model: Any, pairs: list[tuple[str, Any]]) -> Vectors:
    """Scores by a model's own `compute_score` of text and image, as jina-reranker-m0 has it."""
    asked = [list(pair) for pair in pairs]
    return np.ravel(model.compute_score(asked, batch_size=BATCH, max_length=8192, doc_type="image"))


def _give(page: Page) -> Page | str:
    """A page as a text reranker takes it: without boxes it has no layout."""
    return page if page.boxes.size else page.text
