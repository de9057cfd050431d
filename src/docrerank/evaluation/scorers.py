"""What scores a benchmark's pairs: docrerank's rerankers and any CrossEncoder; `peer_scorers` has the others.

A scorer is given a few pages, each with all that is asked of it, so that it reads each page once. It never sees
judgements, ids or what else is asked.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from docrerank.recipe import fingerprint
from docrerank.records import Page
from docrerank.reranker import Reranker
from docrerank.retrieval import Encoding, TokenEncoder, Vectors, clean_text, score_tokens, score_windows

if TYPE_CHECKING:
    from docrerank.vision import VisionReranker

#: A page, with its text if the model reads text, and the questions asked of it.
Asked = tuple[Page, Sequence[str]]

#: Score of a page that could not be read or drawn: behind every page that could.
UNREADABLE = -1e9
#: Queries whose vectors are held.
HELD = 4_096
#: Pages that are given to a scorer at once, and to one that draws pages ahead.
STEP, LONG_STEP = 16, 256


class Scores(NamedTuple):
    """What a scorer made of some pairs of a page and a question.

    Attributes:
        places: of the pairs among all those given, page by page.
        values: float32 of shape (pairs, views), all finite; of one view it is the score, higher is better; the two
            of late interaction are what `TextScorer.combine` makes scores of.
        tokens: of each pair, as the model reads it when nothing is kept between pairs.
    """

    places: Sequence[int]
    values: Vectors
    tokens: npt.NDArray[np.int64]


class Scorer(Protocol):
    """One model.

    Attributes:
        needs_text: whether pages must come with their text.
        reading: how it reads pages, as far as its files do not say.
        step: pages that it is given at once.
    """

    needs_text: bool
    reading: str
    step: int

    def score(self, asked: Sequence[Asked]) -> Iterator[Scores]:
        """Every pair of a page and its questions once."""

    def count_query(self, query: str) -> int:
        """Tokens that are read once for a query and all its pages, besides those of the pairs."""


class TextScorer:
    """A docrerank text reranker, or a CrossEncoder, as `Reranker.rank` orders pages.

    Args:
        reranker: as loaded.
    """

    needs_text, reading, step = True, "", STEP

    def __init__(self, reranker: Reranker) -> None:
        self.reranker = reranker
        self._late = isinstance(reranker.scorer, TokenEncoder)
        self._ask = lru_cache(HELD)(self._encode)

    def score(self, asked: Sequence[Asked]) -> Iterator[Scores]:
        """See `Scorer`; the two views of late interaction, or what a cross-encoder predicts."""
        values, tokens = self._compare(asked) if self._late else self._predict(asked), list[int]()
        for page, queries in asked:
            read = self._count_page(page.text)
            tokens += [read if self._late else read + self._count_query(query) for query in queries]
        yield Scores(range(len(tokens)), values, np.array(tokens, np.int64))

    def combine(self, query: str, pages: Sequence[Page], values: Vectors) -> Vectors:
        """The views of late interaction, (pages, 2), fused among a query's candidates; scores of shape (pages,)."""
        return self.reranker.fuse(query, [_give(page) for page in pages], values[:, 0], values[:, 1])

    def count_query(self, query: str) -> int:
        """See `Scorer`: late interaction reads a question once for all pages."""
        return self._count_query(query) if self._late else 0

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

    def _count_query(self, query: str) -> int:
        return int(sum(self.reranker.scorer.cutter.count([clean_text(query)]))) + 2

    def _count_page(self, text: str) -> int:
        cutter = self.reranker.scorer.cutter
        windows = cutter.cut([text])[0]
        return int(sum(cutter.count(windows))) + 2 * len(windows)


class VisionScorer:
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
            values = np.nan_to_num(found.values, nan=UNREADABLE).astype(np.float32)
            yield Scores(places, values[:, None], found.tokens)

    def count_query(self, query: str) -> int:
        """See `Scorer`: a query is part of each pair."""
        return 0

    def _give(self, page: Page) -> Any:
        return {"image": page, "text": page.text} if self.needs_text else page


def _give(page: Page) -> Page | str:
    """A page as a text reranker takes it: without boxes it has no layout."""
    return page if page.boxes.size else page.text
