"""The queue: merging changes no score, nobody waits for ever, nothing runs for a client that has left."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

import numpy as np
import pytest

from docrerank.records import Page
from docrerank.reranker import Reranker
from docrerank.serving.batching import Batcher
from docrerank.serving.errors import ApiError
from docrerank.serving.limits import Limits
from docrerank.serving.models import ServedModel
from docrerank.serving.pages import PageContent

QUERIES = ["How many people work there?", "net sales in 2020", "litres of water", "the court's decision"]


class Watched:
    """A reranker that notes what it is asked, and may be slow."""

    def __init__(self, reranker: Reranker, seconds: float = 0.0) -> None:
        self.reranker, self.seconds = reranker, seconds
        self.batches: list[list[tuple[str, Any]]] = []

    def predict(self, pairs: Sequence[tuple[str, Any]]) -> Any:
        import time

        time.sleep(self.seconds)
        self.batches.append(list(pairs))
        return self.reranker.predict(pairs)

    def encode_queries(self, texts: Sequence[str]) -> Any:
        return self.reranker.encode_queries(texts)

    def rank(self, query: str, pages: Sequence[Any]) -> Any:
        return self.reranker.rank(query, pages)

    def encode_pages(self, pages: Sequence[Any]) -> Any:
        return self.reranker.encode_pages(pages)


def contents(pages: Sequence[Page]) -> list[PageContent]:
    return [PageContent(page.text, page, page.text) for page in pages]


def serve_with(reranker: Any, fused: bool = False) -> ServedModel:
    return ServedModel("a-model", "late_interaction", reranker, fused)


def run(limits: Limits, work: Callable[[Batcher], Coroutine[Any, Any, Any]]) -> Any:
    async def live() -> Any:
        batcher = Batcher(limits)
        batcher.start()
        try:
            return await work(batcher)
        finally:
            await batcher.close()

    return asyncio.run(live())


@pytest.mark.parametrize("batch_pairs", [512, 7])
def test_merged_requests_score_as_each_alone(untrained: Reranker, topic_pages: list[Page], batch_pairs: int) -> None:
    pages, model = contents(topic_pages), serve_with(untrained)

    async def ask(batcher: Batcher) -> Any:
        return await asyncio.gather(*[batcher.score(model, query, pages) for query in QUERIES * 3])

    found = run(Limits(batch_pairs=batch_pairs), ask)
    for query, scores in zip(QUERIES * 3, found, strict=True):
        np.testing.assert_allclose(scores, untrained.predict([(query, page) for page in topic_pages]), atol=1e-5)


def test_merged_fused_requests_rank_as_each_alone(untrained: Reranker, topic_pages: list[Page]) -> None:
    pages, model = contents(topic_pages), serve_with(untrained, fused=True)

    async def ask(batcher: Batcher) -> Any:
        return await asyncio.gather(*[batcher.score(model, query, pages) for query in QUERIES])

    for query, scores in zip(QUERIES, run(Limits(), ask), strict=True):
        ranked = {hit["corpus_id"]: hit["score"] for hit in untrained.rank(query, topic_pages)}
        np.testing.assert_allclose(scores, [ranked[index] for index in range(len(pages))], atol=1e-4)


def test_requests_that_wait_are_merged_and_equal_pairs_asked_once(
    untrained: Reranker, topic_pages: list[Page]
) -> None:
    watched = Watched(untrained, 0.1)
    pages, model = contents(topic_pages), serve_with(watched)

    async def ask(batcher: Batcher) -> Any:
        return await asyncio.gather(*[batcher.score(model, query, pages) for query in ["a first", *QUERIES, *QUERIES]])

    run(Limits(), ask)
    assert len(watched.batches) <= 2
    asked = [(query, page.id) for query, page in watched.batches[-1]]
    assert len(asked) == len(set(asked))


def test_a_large_request_does_not_hold_up_a_small_one(untrained: Reranker, topic_pages: list[Page]) -> None:
    watched = Watched(untrained, 0.05)
    model = serve_with(watched)
    many = [PageContent(f"{index}", f"word {index}", "") for index in range(600)]

    async def ask(batcher: Batcher) -> list[str]:
        ended: list[str] = []

        async def note(name: str, pages: Sequence[PageContent]) -> None:
            await batcher.score(model, "a query", pages)
            ended.append(name)

        large = asyncio.create_task(note("large", many))
        await asyncio.sleep(0.08)
        await asyncio.gather(large, note("small", contents(topic_pages)))
        return ended

    assert run(Limits(batch_pairs=64), ask) == ["small", "large"]


def test_a_full_queue_is_told_with_a_time_to_come_back(untrained: Reranker, topic_pages: list[Page]) -> None:
    model = serve_with(Watched(untrained, 0.3))

    async def ask(batcher: Batcher) -> Any:
        asked = [batcher.score(model, "a query", contents(topic_pages)) for _ in range(5)]
        return await asyncio.gather(*asked, return_exceptions=True)

    found = run(Limits(queued_requests=2), ask)
    refused = [error for error in found if isinstance(error, ApiError)]
    assert len(refused) == 3
    assert all(error.status == 429 and error.retry_after >= 1 for error in refused)
    assert sum(isinstance(scores, list) for scores in found) == 2


def test_a_deadline_passes_while_the_model_works_on(untrained: Reranker, topic_pages: list[Page]) -> None:
    model = serve_with(Watched(untrained, 0.5))

    async def ask(batcher: Batcher) -> Any:
        asked = [batcher.score(model, query, contents(topic_pages)) for query in QUERIES[:2]]
        return await asyncio.gather(*asked, return_exceptions=True)

    found = run(Limits(request_seconds=0.1), ask)
    assert [error.body.code for error in found] == ["deadline", "deadline"]


def test_what_waits_for_a_client_that_left_is_never_scored(untrained: Reranker, topic_pages: list[Page]) -> None:
    watched = Watched(untrained, 0.2)
    model = serve_with(watched)

    async def ask(batcher: Batcher) -> Any:
        first = asyncio.create_task(batcher.score(model, "stays", contents(topic_pages)))
        await asyncio.sleep(0.05)
        gone = asyncio.create_task(batcher.score(model, "leaves", contents(topic_pages)))
        await asyncio.sleep(0.05)
        gone.cancel()
        return await first

    assert len(run(Limits(), ask)) == len(topic_pages)
    assert {query for batch in watched.batches for query, _ in batch} == {"stays"}


def test_a_request_that_fails_fails_alone(untrained: Reranker, topic_pages: list[Page]) -> None:
    model = serve_with(untrained)

    async def ask(batcher: Batcher) -> Any:
        asked = [batcher.score(model, query, contents(topic_pages)) for query in ("good", " ", "also good")]
        return await asyncio.gather(*asked, return_exceptions=True)

    found = run(Limits(), ask)
    assert [isinstance(scores, list) for scores in found] == [True, False, True]


def test_closing_finishes_what_waits(untrained: Reranker, topic_pages: list[Page]) -> None:
    model = serve_with(Watched(untrained, 0.1))

    async def live() -> Any:
        batcher = Batcher(Limits())
        batcher.start()
        waiting = [asyncio.create_task(batcher.score(model, query, contents(topic_pages))) for query in QUERIES]
        await asyncio.sleep(0.02)
        await batcher.close()
        return await asyncio.gather(*waiting)

    assert len(asyncio.run(live())) == len(QUERIES)
