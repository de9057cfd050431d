"""The queue before the models: what several clients ask at once is scored as one batch, each page encoded once.

All state belongs to the event loop; a single thread runs the models, one batch after the other. While a batch runs,
requests gather; nobody waits for a batch to fill.
"""

from __future__ import annotations

import asyncio
import functools
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from cachetools import LRUCache

from docrerank.retrieval import Vectors
from docrerank.serving.errors import ApiError
from docrerank.serving.metrics import BATCH_PAIRS, QUEUED, REFUSED
from docrerank.serving.models import ServedModel
from docrerank.serving.schedule import HEADROOM, PAGE_CHARACTERS, Job, Schedule, refuse_busy
from docrerank.serving.scoring import Pairs, Scores, combine, score_parts

Result = TypeVar("Result")

#: Pages that a model keeps encoded, by and large.
KNOWN_PAGES = 512


@dataclass(frozen=True, slots=True)
class Asker:
    """Whose request it is, and when its answer is due."""

    client: str
    deadline: float


@dataclass(eq=False, slots=True)
class _Waiting:
    """A job with its content, and what is known of its scores."""

    job: Job
    model: ServedModel
    pairs: Pairs
    views: list[Vectors]
    future: asyncio.Future[Vectors]


class Batcher:
    """Merges the requests of all clients into batches, each about a second of work by one model."""

    def __init__(self, seconds: float) -> None:
        self.schedule = Schedule(seconds)
        self._waiting: dict[Job, _Waiting] = {}
        self._known: dict[str, LRUCache[str, bool]] = {}
        self._wake = asyncio.Event()
        self._thread = ThreadPoolExecutor(1, "model")
        self._others, self._other_seconds = 0, 0.02
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to work."""
        self._task = asyncio.get_running_loop().create_task(self._work())

    async def close(self) -> None:
        """Stop after the batch that runs."""
        if self._task is not None:
            self._task.cancel()
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def score(self, asker: Asker, model: ServedModel, pairs: Pairs) -> Scores:
        """Scores of pairs in their order; of a fused model, all have one query. Cancelled, it scores no more."""
        job = Job(model.name, asker.client, asker.deadline, self._measure(model, pairs))
        try:
            self.schedule.accept(job, time.monotonic(), self._others * self._other_seconds)
        except ApiError:
            REFUSED.inc()
            raise
        waiting = _Waiting(job, model, pairs, [], asyncio.get_running_loop().create_future())
        self._waiting[job] = waiting
        self._wake.set()
        try:
            views = await waiting.future
        finally:
            job.ended = True
            self._waiting.pop(job, None)
        return await self.run(lambda: combine(model, pairs, views))

    async def run(self, function: Callable[[], Result]) -> Result:
        """Run something short that uses a model, in its thread."""
        waiting = self._others * self._other_seconds
        if waiting > (1 - HEADROOM) * self.schedule.seconds:
            raise refuse_busy(waiting)
        self._others += 1
        try:
            found, seconds = await asyncio.get_running_loop().run_in_executor(self._thread, _clock, function)
            self._other_seconds += 0.1 * (seconds - self._other_seconds)
            return found
        finally:
            self._others -= 1

    def _measure(self, model: ServedModel, pairs: Pairs) -> list[int]:
        """New characters of each pair: pages of the run have been read, and so have those of late."""
        sizes = [PAGE_CHARACTERS + page.size for _, page in pairs]
        if model.kind == "cross_encoder":  # reads each page again for each query
            return sizes
        known = self._known.setdefault(model.name, LRUCache(KNOWN_PAGES))
        for place, (_, page) in enumerate(pairs):
            if page.stored or page.key in known:
                sizes[place] = 0
            known[page.key] = True
        return sizes

    async def _work(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await self._wake.wait()
            taken = self.schedule.take(time.monotonic())
            QUEUED.set(self.schedule.backlog())
            if not taken:
                self._wake.clear()
                continue
            own = [self._waiting[job] for job, _ in taken]
            parts = [one.pairs[job.done : job.done + count] for one, (job, count) in zip(own, taken, strict=True)]
            work = functools.partial(score_parts, own[0].model, parts)
            found, seconds = await loop.run_in_executor(self._thread, _clock, work)
            self.schedule.learn(taken, seconds)
            BATCH_PAIRS.observe(sum(count for _, count in taken))
            for one, result in zip(own, found, strict=True):
                _settle(one, result)


def _settle(one: _Waiting, result: Vectors | Exception) -> None:
    """Keep a batch's result; the last one completes the job."""
    if one.future.done():
        return
    if isinstance(result, Exception):
        one.job.ended = True
        one.future.set_exception(result)
        return
    one.views.append(result)
    if one.job.ended:
        one.future.set_result(np.concatenate(one.views))


def _clock(function: Callable[[], Result]) -> tuple[Result, float]:
    started = time.monotonic()
    return function(), time.monotonic() - started
