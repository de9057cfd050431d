"""What scores a benchmark's pairs: docrerank's rerankers and any CrossEncoder; `peer_scorers` has the others.

A scorer is given pages with their text already in them, all that is asked of a page one after the other, so that it
reads each page once. It never sees judgements, ids or what else is asked.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import groupby
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from docrerank.recipe import fingerprint
from docrerank.records import Page
from docrerank.reranker import Reranker
from docrerank.retrieval import Encoding, TokenEncoder, Vectors, clean_text, score_tokens, score_windows

if TYPE_CHECKING:
    from docrerank.vision import VisionReranker

Pair = tuple[str, Page]

#: Score of a page that could not be read or drawn: behind every page that could.
UNREADABLE = -1e9
#: Pages whose token counts, and queries whose vectors, are held.
HELD = 4_096
#: Pages that are encoded together.
STEP = 16


class Scores(NamedTuple):
    """What a scorer made of some of the pairs.

    Attributes:
        places: of the pairs among those given.
        values: float32 of shape (pairs, views), all finite; of one view it is the score, higher is better; the two
            of late interaction are what `TextScorer.combine` makes scores of.
        tokens: of each pair, as the model reads it when nothing is kept between pairs.
    """

    places: list[int]
    values: Vectors
    tokens: npt.NDArray[np.int64]


class Scorer(Protocol):
    """One model.

    Attributes:
        needs_text: whether pages must come with their text.
        reading: how it reads pages, as far as its files do not say.
    """

    needs_text: bool
    reading: str

    def score(self, pairs: Sequence[Pair]) -> Iterator[Scores]:
        """Every pair once, a few pages at a time; the pairs of a page follow each other."""

    def count_query(self, query: str) -> int:
        """Tokens that are read once for a query and all its pages, besides those of the pairs."""


class TextScorer:
    """A docrerank text reranker, or a CrossEncoder, as `Reranker.rank` orders pages.

    Args:
        reranker: as loaded.
    """

    needs_text, reading = True, ""

    def __init__(self, reranker: Reranker) -> None:
        self.reranker = reranker
        self._ask = lru_cache(HELD)(self._encode)
        self._count = lru_cache(HELD)(self._count_page)

    def score(self, pairs: Sequence[Pair]) -> Iterator[Scores]:
        """See `Scorer`; the two views of late interaction, or what a cross-encoder predicts."""
        late = isinstance(self.reranker.scorer, TokenEncoder)
        for step in cut_steps(pairs):
            own = [pairs[place] for place in step]
            values = self._compare(own) if late else self._predict(own)
            yield Scores(step, values, np.array([self._count_pair(*pair, late) for pair in own], np.int64))

    def combine(self, query: str, pages: Sequence[Page], values: Vectors) -> Vectors:
        """The views of late interaction, (pages, 2), fused among a query's candidates; scores of shape (pages,)."""
        return self.reranker.fuse(query, [_give(page) for page in pages], values[:, 0], values[:, 1])

    def count_query(self, query: str) -> int:
        """See `Scorer`: late interaction reads a question once for all pages."""
        return self._count_asked(query) if isinstance(self.reranker.scorer, TokenEncoder) else 0

    def _predict(self, pairs: Sequence[Pair]) -> Vectors:
        return self.reranker.predict([(query, _give(page)) for query, page in pairs])[:, None]

    def _compare(self, pairs: Sequence[Pair]) -> Vectors:
        """Best window and late interaction, each page encoded once; float32 of shape (pairs, 2)."""
        reranker, first = self.reranker, self.reranker.open_first()
        pages = [next(own)[1] for _, own in groupby(pairs, lambda pair: name_page(pair[1]))]
        given = [_give(page) for page in pages]
        encoded = zip(first.encode_pages(given), reranker.encode_pages(given), strict=True)
        rows = []
        for (windows, tokens), (_, own) in zip(encoded, groupby(pairs, lambda p: name_page(p[1])), strict=True):
            asked = [self._ask(query) for query, _ in own]
            best = score_windows([each for each, _ in asked], [windows])[:, 0]
            rows.append(np.stack([best, score_tokens([each for _, each in asked], [tokens])[:, 0]], axis=1))
        return np.concatenate(rows)

    def _encode(self, query: str) -> tuple[Encoding, Encoding]:
        return self.reranker.open_first().encode_queries([query])[0], self.reranker.encode_queries([query])[0]

    def _count_pair(self, query: str, page: Page, late: bool) -> int:
        windows = self._count(page.text)
        return windows if late else windows + self._count_asked(query)

    def _count_asked(self, query: str) -> int:
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

    def __init__(self, reranker: VisionReranker, with_text: bool = False) -> None:
        self.reranker = reranker
        self.needs_text = with_text or reranker.page_text
        reader = reranker.parts.reader
        self.reading = fingerprint(reader.prompt.template, reader.pixels)

    def score(self, pairs: Sequence[Pair]) -> Iterator[Scores]:
        """See `Scorer`; pages are drawn ahead by other processes, and none is held longer than its step."""
        for places, found in self.reranker.stream([(query, self._give(page)) for query, page in pairs]):
            values = np.nan_to_num(found.values, nan=UNREADABLE).astype(np.float32)
            yield Scores(places, values[:, None], found.tokens)

    def count_query(self, query: str) -> int:
        """See `Scorer`: a query is part of each pair."""
        return 0

    def _give(self, page: Page) -> Any:
        return {"image": page, "text": page.text} if self.needs_text else page


def name_page(page: Page) -> str:
    """What tells one page from another."""
    return f"{page.id}\n{page.sha256}"


def cut_steps(pairs: Sequence[Pair], pages: int = STEP) -> list[list[int]]:
    """Places of the pairs of a few pages at a time."""
    rows = [list(own) for _, own in groupby(range(len(pairs)), lambda place: name_page(pairs[place][1]))]
    return [[place for row in rows[start : start + pages] for place in row] for start in range(0, len(rows), pages)]


def _give(page: Page) -> Page | str:
    """A page as a text reranker takes it: without boxes it has no layout."""
    return page if page.boxes.size else page.text
