"""The queue: merging changes no score, nobody waits for ever, nothing runs for a client that has left."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from fastapi import Request

from docrerank.records import Page
from docrerank.reranker import Reranker
from docrerank.serving.batching import Asker, Batcher
from docrerank.serving.errors import ApiError
from docrerank.serving.models import ServedModel
from docrerank.serving.pages import Content
from docrerank.serving.routes.common import serve
from docrerank.serving.settings import Limits

QUERIES = ["How many people work there?", "net sales in 2020", "litres of water", "the court's decision"]


class Watched:
    """A reranker that notes what it is asked, and may be slow."""

    def __init__(self, reranker: Reranker, seconds: float = 0.0) -> None:
        self.reranker, self.seconds = reranker, seconds
        self.batches: list[list[tuple[str, Any]]] = []

    def predict(self, pairs: Sequence[tuple[str, Any]]) -> Any:
        time.sleep(self.seconds)
        self.batches.append(list(pairs))
        return self.reranker.predict(pairs)

    def encode_queries(self, texts: Sequence[str]) -> Any:
        return self.reranker.encode_queries(texts)

    def rank(self, query: str, pages: Sequence[Any]) -> Any:
        return self.reranker.rank(query, pages)

    def encode_pages(self, pages: Sequence[Any]) -> Any:
        return self.reranker.encode_pages(pages)


def contents(pages: Sequence[Page]) -> list[Content]:
    return [Content(page.text, page, page.text) for page in pages]


def serve_with(reranker: Any, fused: bool = False) -> ServedModel:
    return ServedModel("a-model", "late_interaction", reranker, fused)


def run(work: Callable[[Batcher], Coroutine[Any, Any, Any]], seconds: float = 60.0) -> Any:
    async def live() -> Any:
        batcher = Batcher(seconds)
        batcher.start()
        try:
            return await work(batcher)
        finally:
            await batcher.close()

    return asyncio.run(live())


async def score(batcher: Batcher, model: ServedModel, query: str, pages: Sequence[Content]) -> list[float]:
    asker = Asker("a client", time.monotonic() + batcher.schedule.seconds)
    return (await batcher.score(asker, model, [(query, page) for page in pages])).values


@pytest.mark.parametrize("pairs_a_batch", [512, 7])
def test_merged_requests_score_as_each_alone(
    untrained: Reranker, topic_pages: list[Page], pairs_a_batch: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("docrerank.serving.schedule.Pace.estimate", lambda self, _, pairs: pairs / pairs_a_batch)
    pages, model = contents(topic_pages), serve_with(untrained)

    async def ask(batcher: Batcher) -> Any:
        return await asyncio.gather(*[score(batcher, model, query, pages) for query in QUERIES * 3])

    found = run(ask)
    for query, scores in zip(QUERIES * 3, found, strict=True):
        np.testing.assert_allclose(scores, untrained.predict([(query, page) for page in topic_pages]), atol=1e-5)


def test_merged_fused_requests_rank_as_each_alone(untrained: Reranker, topic_pages: list[Page]) -> None:
    pages, model = contents(topic_pages), serve_with(untrained, fused=True)

    async def ask(batcher: Batcher) -> Any:
        return await asyncio.gather(*[score(batcher, model, query, pages) for query in QUERIES])

    for query, scores in zip(QUERIES, run(ask), strict=True):
        ranked = {hit["corpus_id"]: hit["score"] for hit in untrained.rank(query, topic_pages)}
        np.testing.assert_allclose(scores, [ranked[index] for index in range(len(pages))], atol=1e-4)


def test_requests_that_wait_are_merged_and_equal_pairs_asked_once(
    untrained: Reranker, topic_pages: list[Page]
) -> None:
    watched = Watched(untrained, 0.1)
    pages, model = contents(topic_pages), serve_with(watched)

    async def ask(batcher: Batcher) -> Any:
        return await asyncio.gather(
            *[score(batcher, model, query, pages) for query in ["a first", *QUERIES, *QUERIES]]
        )

    run(ask)
    assert len(watched.batches) <= 2
    asked = [(query, page.id) for query, page in watched.batches[-1]]
    assert len(asked) == len(set(asked))


def test_a_full_queue_is_refused_with_a_time_to_come_back(untrained: Reranker, topic_pages: list[Page]) -> None:
    model = serve_with(Watched(untrained, 0.5))

    async def ask(batcher: Batcher) -> Any:
        for _ in range(3):
            await score(batcher, model, "learns the pace", contents(topic_pages))
        asked = [score(batcher, model, f"query {number}", contents(topic_pages)) for number in range(60)]
        return await asyncio.gather(*asked, return_exceptions=True)

    found = run(ask, seconds=2.0)
    refused = [error for error in found if isinstance(error, ApiError)]
    assert refused
    assert all(error.status == 429 and int(error.headers["retry-after"]) >= 1 for error in refused)
    assert any(isinstance(scores, list) for scores in found)


@pytest.mark.parametrize("why", ["deadline", "stopping", "client_left"])
def test_work_ends_at_its_deadline_when_the_server_stops_and_when_the_client_leaves(why: str) -> None:
    ended: list[str] = []

    async def work(asker: Asker) -> None:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            ended.append(asker.client)
            raise

    async def receive() -> dict[str, str]:
        await asyncio.sleep(0 if why == "client_left" else 60)
        return {"type": "http.disconnect"}

    async def ask() -> None:
        ending = asyncio.Event()
        if why == "stopping":
            asyncio.get_running_loop().call_later(0.05, ending.set)
        state: Any = SimpleNamespace(ending=ending, settings=SimpleNamespace(limits=Limits()))
        scope = {"type": "http", "client": ("a client", 1), "state": {"started": time.monotonic()}}
        await serve(Request(scope, receive), state, work, 0.1 if why == "deadline" else 60)

    with pytest.raises(ApiError) as raised:
        asyncio.run(ask())
    assert raised.value.body.code == why
    assert ended == ["a client"]


def test_what_waits_for_a_client_that_left_is_never_scored(untrained: Reranker, topic_pages: list[Page]) -> None:
    watched = Watched(untrained, 0.2)
    model = serve_with(watched)

    async def ask(batcher: Batcher) -> Any:
        first = asyncio.create_task(score(batcher, model, "stays", contents(topic_pages)))
        await asyncio.sleep(0.05)
        gone = asyncio.create_task(score(batcher, model, "leaves", contents(topic_pages)))
        await asyncio.sleep(0.05)
        gone.cancel()
        return await first

    assert len(run(ask)) == len(topic_pages)
    assert {query for batch in watched.batches for query, _ in batch} == {"stays"}


def test_a_request_that_fails_fails_alone(untrained: Reranker, topic_pages: list[Page]) -> None:
    model = serve_with(untrained)

    async def ask(batcher: Batcher) -> Any:
        asked = [score(batcher, model, query, contents(topic_pages)) for query in ("good", " ", "also good")]
        return await asyncio.gather(*asked, return_exceptions=True)

    found = run(ask)
    assert [isinstance(scores, list) for scores in found] == [True, False, True]
