"""Scores and ranks (query, page) pairs: a page is encoded once for all its queries, and kept for the next call."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from docrerank.records import Page, UserError
from docrerank.retrieval.model_card import read_card
from docrerank.retrieval.relevance import Answer, RankedPage, Threshold, measure_relevance
from docrerank.vision.backbone import PageTokens, unwrap
from docrerank.vision.draw_ahead import draw_ahead
from docrerank.vision.load_vision import Parts, load_parts
from docrerank.vision.memory_limit import run_halving
from docrerank.vision.page_cache import HOST_BYTES, PageCache, PageKeys
from docrerank.vision.page_groups import PageGroup, Row, Scored, batch_by_tokens, cut_rows, group_pairs
from docrerank.vision.prefix import PagePrefix, count_prefix_bytes, encode_pages, score_queries

logger = logging.getLogger(__name__)

#: Tokens of a batch of pages: a GPU wants many, a core's caches few.
BATCH_TOKENS = {"cpu": 2_048, "cuda": 16_384}
#: Queries keep no activations of their page: this many times more tokens fit.
QUERY_SHARE = 8
#: Pages whose prefixes are held at once, as far as they take no more memory than this together.
STEP, STEP_BYTES = 16, 2_000_000_000


class VisionReranker:
    """A vision-language reranker: it has the contract of the text `Reranker`, and `score` for bare logits.

    Args:
        parts: what `load_parts` gives.
        cache: where pages are kept between calls; 2 GB of host memory if None.
        batch_tokens: tokens of a batch of pages, padding counted; by the kind of device if None.
        threshold: the relevance from which a page is said to answer.
        page_text: whether `Page` records are read with their text, as the model was trained.
        title_strip: whether those of filings are read with company and period above them, likewise.

    Examples:
        >>> reranker = VisionReranker.from_pretrained("RUN/model")  # doctest: +SKIP
        >>> reranker.rank("net sales in 2022", ["page-1.png", "page-2.png"], top_k=1)  # doctest: +SKIP
        [{'corpus_id': 1, 'score': 0.93, 'page': 'page-2.png', 'error': None}]
    """

    def __init__(
        self,
        parts: Parts,
        cache: PageCache | None = None,
        batch_tokens: int | None = None,
        threshold: Threshold | None = None,
        page_text: bool = False,
        title_strip: bool = False,
    ) -> None:
        self.parts = parts
        self.cache = PageCache(HOST_BYTES) if cache is None else cache
        self.threshold, self.page_text, self.title_strip = threshold, page_text, title_strip
        self.batch_tokens = batch_tokens or BATCH_TOKENS.get(self.device.type, BATCH_TOKENS["cuda"])
        self._keys = PageKeys(parts)

    @classmethod
    def from_pretrained(
        cls,
        name_or_path: str | Path,
        *,
        base: str | None = None,
        prompt: str | None = None,
        pixels: int | None = None,
        device: str | None = None,
        dtype: torch.dtype | None = None,
        cache: PageCache | None = None,
    ) -> VisionReranker:
        """Load a base model, an adapter, a merged model or a CrossEncoder folder; see `load_parts`."""
        parts = load_parts(name_or_path, base=base, prompt=prompt, pixels=pixels, device=device, dtype=dtype)
        card = read_card(Path(name_or_path))
        return cls(parts, cache, None, card.relevance_threshold, card.page_text, card.title_strip)

    @property
    def model(self) -> Any:
        """The transformers model."""
        return self.parts.model

    @property
    def device(self) -> torch.device:
        """Where it runs."""
        return torch.device(unwrap(self.model).device)

    def predict(self, pairs: Sequence[tuple[str, Any]]) -> npt.NDArray[np.float32]:
        """Score (query, page) pairs, each alone: float32 of shape (pairs,), higher is better.

        Args:
            pairs: a page is an image, a path, a `Page`, or `{"image": ..., "text": ...}`.

        Returns:
            The probability of the true word, in [0, 1] (the bare logit difference for a checkpoint that says so); NaN,
            with a warning, where a page cannot be read.

        Raises:
            UserError: a query is empty, or a pair is not one.
        """
        scored = self.score(pairs)
        for index, reason in scored.reasons.items():
            logger.warning("pair %d has no score: %s", index + 1, reason)
        return self._activate(scored.values)

    def rank(self, query: str, pages: Sequence[Any], top_k: int | None = None) -> list[RankedPage]:
        """Order pages by what `predict` gives, best first; those that cannot be read come last, with the reason.

        Raises:
            UserError: the query is empty or there are no pages.
        """
        if not pages:
            raise UserError("no pages to rank: give at least one")
        scored = self.score([(query, page) for page in pages])
        scores = self._activate(scored.values).tolist()
        order = np.argsort(np.nan_to_num(-scored.values, nan=np.inf), kind="stable").tolist()
        return [
            RankedPage(corpus_id=at, score=scores[at], page=pages[at], error=scored.reasons.get(at))
            for at in order[:top_k]
        ]

    def find_answer(self, query: str, pages: Sequence[Any]) -> Answer:
        """Whether any of these pages, best first as `rank` orders them, answers a query (see `measure_relevance`)."""
        score = np.nan_to_num(self.score([(query, page) for page in pages[:1]]).values, nan=-np.inf)
        probability = (1 / (1 + np.exp(-score.astype(np.float64)))).max(initial=0.0)
        texts = [page.text if isinstance(page, Page) else "" for page in pages]
        return Answer(measure_relevance(query, texts, float(probability)), self.threshold)

    @torch.no_grad()
    def score(self, pairs: Sequence[Sequence[Any]]) -> Scored:
        """Logit differences of pairs, with the reasons of those that have none; see `predict`."""
        groups, scored = self._group(pairs)
        for step in self._cut(groups):
            stored = {place: found for place, group in enumerate(step) if (found := self._recall(group))}
            read = {place: self._read(group) for place, group in enumerate(step) if place not in stored}
            self._score_step(step, stored, read, scored)
        return Scored(scored.values, dict(sorted(scored.reasons.items())))

    @torch.no_grad()
    def stream(self, pairs: Sequence[Sequence[Any]], workers: int = -1) -> Iterator[tuple[list[int], Scored]]:
        """Score many pairs: other processes draw pages ahead, and each page is encoded once for all its queries.

        Args:
            pairs: as for `predict`; pages are taken in the order of their first pair, and none is looked up or kept.
            workers: see `count_workers`.

        Yields:
            places of the pairs that are done, and the scores of just these, after every few pages.
        """
        groups, scored = self._group(pairs)
        drawn = draw_ahead(groups, self.parts.reader, unwrap(self.model).dtype, workers)
        if scored.reasons:
            yield scored.take(sorted(scored.reasons))
        for step in self._cut(groups):
            self._score_step(step, {}, {place: next(drawn) for place in range(len(step))}, scored, keep=False)
            yield scored.take(sorted(index for group in step for index in group.indices))

    def warm(self, pages: Sequence[Any]) -> dict[int, str]:
        """Encode pages into the cache; returns why some could not be.

        Raises:
            UserError: the checkpoint's prompt puts the query before the page: nothing can be kept.
        """
        if not self.parts.reader.prompt.is_shareable:
            raise UserError("this checkpoint reads the query before the page: no page can be encoded ahead")
        return self.score([("warm", page) for page in pages]).reasons

    def _activate(self, values: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        if self.parts.activation == "identity":
            return values
        return np.asarray(torch.sigmoid(torch.from_numpy(values)).numpy(), np.float32)

    def _group(self, pairs: Sequence[Sequence[Any]]) -> tuple[list[PageGroup], Scored]:
        """Pairs by page, and where their scores go."""
        self.parts.model.eval()
        reader, scored = self.parts.reader, Scored.none_of(len(pairs))
        groups, reasons = group_pairs(pairs, reader.prompt, reader.pixels, self.page_text, self.title_strip)
        scored.reasons.update(reasons)
        return groups, scored

    def _cut(self, groups: Sequence[PageGroup]) -> list[Sequence[PageGroup]]:
        """Groups whose pages' prefixes are held at once."""
        page = count_prefix_bytes(self.model, self.parts.reader.page_tokens)
        size = max(1, min(STEP, STEP_BYTES // page))
        return [groups[start : start + size] for start in range(0, len(groups), size)]

    def _read(self, group: PageGroup) -> PageTokens | str:
        try:
            return self.parts.reader.read(group.page, group.query)
        except UserError as error:
            return str(error)

    def _score_step(
        self,
        groups: Sequence[PageGroup],
        stored: dict[int, PagePrefix],
        drawn: Mapping[int, PageTokens | str],
        scored: Scored,
        keep: bool = True,
    ) -> None:
        """Score the pairs of a few pages, or say why not; `stored` and `drawn` are by the groups' places."""
        read = {place: page for place, page in drawn.items() if not isinstance(page, str)}

        def lose(place: int, reason: str) -> None:
            scored.reasons.update(dict.fromkeys(groups[place].indices, reason))

        def encode(places: Sequence[int]) -> None:
            for place, prefix in zip(places, encode_pages(self.model, [read[at] for at in places]), strict=True):
                stored[place] = prefix
                if keep and not groups[place].query:
                    self.cache.put(self._keys.read(groups[place].page), prefix)

        for place, reason in drawn.items():
            if isinstance(reason, str):
                lose(place, reason)
        for batch in batch_by_tokens(sorted(read), lambda place: len(read[place].ids), self.batch_tokens):
            run_halving(encode, batch, lose)
        self._ask([row for place in sorted(stored) for row in cut_rows(groups[place], stored[place])], scored)

    def _ask(self, rows: Sequence[Row], scored: Scored) -> None:
        head = self.parts.head()

        def ask(batch: Sequence[Row]) -> None:
            queries = [row.queries for row in batch]
            logits = score_queries(self.model, head, [row.prefix for row in batch], queries)
            places = [index for row in batch for index in row.indices]
            scored.values[places] = (logits[:, 0] - logits[:, 1]).cpu().float().numpy()

        def lose(row: Row, reason: str) -> None:
            scored.reasons.update(dict.fromkeys(row.indices, reason))

        for batch in batch_by_tokens(rows, lambda row: row.tokens, self.batch_tokens * QUERY_SHARE):
            run_halving(ask, batch, lose)

    def _recall(self, group: PageGroup) -> PagePrefix | None:
        if group.query:
            return None
        return self.cache.get(self._keys.read(group.page), unwrap(self.model).dtype, self.device)
