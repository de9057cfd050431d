"""What scores a question's pages: docrerank's rerankers, any CrossEncoder, embedders, models with code of their own.

A scorer is given pages with their text already in them. It never sees judgements, ids or other questions.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

import numpy as np

from docrerank.encoding import TokenEncoder, Vectors, clean_text
from docrerank.pages import render
from docrerank.records import Page, UserError
from docrerank.reranker import Reranker

if TYPE_CHECKING:
    from docrerank.reranker.vision import VisionReranker

Value = TypeVar("Value")

#: Score of a page that could not be read or drawn: behind every page that could.
UNREADABLE = -1e9
#: Characters of a page's text that an embedder is given.
MAX_TEXT = 100_000
#: Pages whose vectors or token counts are held.
HELD = 4_096
#: Pixels of a page's image for models without a budget of their own.
PIXELS = 768 * 28 * 28


class Scorer(Protocol):
    """One model.

    Attributes:
        needs_text: whether pages must come with their text.
    """

    needs_text: bool

    def score(self, query: str, pages: Sequence[Page]) -> Vectors:
        """Float32 scores of shape (pages,), higher is better, all finite."""

    def count_tokens(self, query: str, pages: Sequence[Page]) -> int:
        """Tokens of all (query, page) pairs as the model reads them when nothing is kept between pairs."""


class TextScorer:
    """A docrerank text reranker, or a CrossEncoder, as `Reranker.rank` orders pages.

    Args:
        reranker: as loaded.
    """

    needs_text = True

    def __init__(self, reranker: Reranker) -> None:
        self.reranker = reranker
        self._counts = Kept[int]()

    def score(self, query: str, pages: Sequence[Page]) -> Vectors:
        """See `Scorer`; the views of late interaction are fused among the pages given."""
        scores = np.full(len(pages), UNREADABLE, np.float32)
        given: list[Page | str] = [page if page.boxes.size else page.text for page in pages]
        for hit in self.reranker.rank(query, given):
            scores[hit["corpus_id"]] = hit["score"]
        return scores

    def count_tokens(self, query: str, pages: Sequence[Page]) -> int:
        """See `Scorer`: late interaction reads a question once for all pages."""
        cutter = self.reranker.scorer.cutter
        asked = sum(cutter.count([clean_text(query)])) + 2
        windows = [self._counts.get(page, self._count) for page in pages]
        if isinstance(self.reranker.scorer, TokenEncoder):
            return asked + sum(windows)
        return sum(windows) + len(pages) * asked

    def _count(self, page: Page) -> int:
        cutter = self.reranker.scorer.cutter
        windows = cutter.cut([page.text])[0]
        return sum(cutter.count(windows)) + 2 * len(windows)


class VisionScorer:
    """A vision-language reranker on page images.

    Args:
        reranker: as loaded.
        with_text: give it the page's text beside the image.
    """

    def __init__(self, reranker: VisionReranker, with_text: bool = False) -> None:
        self.reranker = reranker
        self.needs_text = with_text
        self._counts = Kept[int]()

    def score(self, query: str, pages: Sequence[Page]) -> Vectors:
        """See `Scorer`."""
        scored = self.reranker.score([(query, self._give(page)) for page in pages])
        return np.nan_to_num(scored.values, nan=UNREADABLE).astype(np.float32)

    def count_tokens(self, query: str, pages: Sequence[Page]) -> int:
        """See `Scorer`; a page's visual tokens are counted by cutting it up once."""
        prompt = self.reranker.parts.reader.prompt
        asked = len(prompt.suffix_ids(query, "")) if prompt.is_shareable else 0
        return sum(asked + self._counts.get(page, lambda p: self._count(query, p)) for page in pages)

    def _count(self, query: str, page: Page) -> int:
        from docrerank.reranker.vision.images import open_page

        reader = self.reranker.parts.reader
        try:
            return len(reader.read(open_page(self._give(page), reader.pixels), query).ids)
        except UserError:
            return 0

    def _give(self, page: Page) -> Any:
        return {"image": page, "text": page.text} if self.needs_text else page


class EmbedderScorer:
    """A bi-encoder of sentence-transformers, dense or multi-vector: a page is encoded once for all questions.

    Args:
        model: a `SentenceTransformer` or `MultiVectorEncoder`.
        images: encode page images instead of text.
        name: for messages.
    """

    def __init__(self, model: Any, images: bool, name: str) -> None:
        self.model, self.images, self.name = model, images, name
        self.needs_text = not images
        self._pages = Kept[Any]()
        self._counts = Kept[int]()

    def score(self, query: str, pages: Sequence[Page]) -> Vectors:
        """See `Scorer`; the model's own similarity."""
        vectors = [self._pages.get(page, lambda p: self.encode([p])[0]) for page in pages]
        return np.asarray(self.compare([query], vectors)[0], np.float32)

    def encode(self, pages: Sequence[Page]) -> list[Any]:
        """One vector, or matrix of token vectors, for each page."""
        given: list[Any] = [render(page, PIXELS) if self.images else page.text[:MAX_TEXT] for page in pages]
        return list(self.model.encode_document(given, show_progress_bar=False, convert_to_numpy=True))

    def compare(self, queries: Sequence[str], pages: Sequence[Any]) -> Vectors:
        """Similarities of shape (queries, pages)."""
        asked = self.model.encode_query(list(queries), show_progress_bar=False, convert_to_numpy=True)
        whole = all(np.ndim(page) == 1 for page in pages)
        given = np.stack(pages) if whole else [np.asarray(page) for page in pages]
        return np.asarray(self.model.similarity(asked, given), np.float32).reshape(len(queries), len(pages))

    def count_tokens(self, query: str, pages: Sequence[Page]) -> int:
        """See `Scorer`; 0 for images, which are no tokens of the tokenizer."""
        if self.images:
            return 0
        counts = (self._counts.get(page, lambda p: self._count(p.text)) for page in pages)
        return self._count(query) + sum(counts)

    def _count(self, text: str) -> int:
        ids = self.model.tokenizer(text[:MAX_TEXT], truncation=True, max_length=self.model.max_seq_length)["input_ids"]
        return len(ids)


class OwnCodeScorer:
    """A model whose own code scores pairs of text and image, as jina-reranker-m0's `compute_score` does.

    Args:
        model: what `AutoModel.from_pretrained(..., trust_remote_code=True)` gave.
    """

    needs_text = False

    def __init__(self, model: Any) -> None:
        self.model = model

    def score(self, query: str, pages: Sequence[Page]) -> Vectors:
        """See `Scorer`."""
        scores = np.full(len(pages), UNREADABLE, np.float32)
        for index, page in enumerate(pages):
            try:
                pair = [query, render(page, PIXELS)]
            except UserError:
                continue
            scores[index] = float(np.ravel(self.model.compute_score([pair], max_length=8192, doc_type="image"))[0])
        return scores

    def count_tokens(self, query: str, pages: Sequence[Page]) -> int:
        """Unknown: the model's own code hides them."""
        return 0


class Kept(Generic[Value]):
    """The last few thousand values by their pages."""

    def __init__(self) -> None:
        self._values: OrderedDict[str, Value] = OrderedDict()

    def get(self, page: Page, make: Callable[[Page], Value]) -> Value:
        """The value of a page, made if it is not held."""
        key = f"{page.id}\n{page.sha256}"
        if key not in self._values:
            self._values[key] = make(page)
            while len(self._values) > HELD:
                self._values.popitem(last=False)
        self._values.move_to_end(key)
        return self._values[key]
