"""The queue before the models: what several clients ask at once is scored as one batch, each page encoded once.

All state belongs to the event loop; a single thread runs the models, one batch after the other. While a batch runs,
requests gather: the next batch takes them all. Nobody waits for a batch to fill.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TypeVar

from docrerank.retrieval import Answer
from docrerank.serving.errors import ApiError
from docrerank.serving.limits import Limits
from docrerank.serving.metrics import BATCH_PAIRS, QUEUED_PAIRS, REUSED_PAIRS
from docrerank.serving.models import ServedModel
from docrerank.serving.pages import Content
from docrerank.serving.scoring import Slice, find_answer, score_slices

Result = TypeVar("Result")

#: Of a request's pairs, those that a batch takes at least, so that many requests do not crumble each other.
LEAST_SHARE = 32


@dataclass(eq=False, slots=True)
class Job:
    """One query's documents, waiting or in part scored."""

    model: ServedModel
    query: str
    pages: Sequence[Content]
    deadline: float
    future: asyncio.Future[list[float]]
    scores: list[float] = field(default_factory=list)

    @property
    def left(self) -> int:
        """Pairs not scored yet."""
        return len(self.pages) - len(self.scores)


Taken = tuple[Job, Sequence[Content]]


class Batcher:
    """Merges the requests of all clients into batches of one model; first come, first served, large ones in slices.

    Args:
        limits: of the queue and the batches.
    """

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._waiting: deque[Job] = deque()
        self._wake = asyncio.Event()
        self._thread = ThreadPoolExecutor(1, "model")
        self._rate = 200.0
        self._others = 0
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to work."""
        self._task = asyncio.get_running_loop().create_task(self._work())

    async def close(self) -> None:
        """Finish what waits, then stop."""
        while self._waiting or self._others:
            await asyncio.sleep(0.02)
        if self._task is not None:
            self._task.cancel()
        self._thread.shutdown(wait=True)

    async def score(self, model: ServedModel, query: str, pages: Sequence[Content]) -> list[float]:
        """Scores of pages for a query, each float32, in their order.

        Raises:
            ApiError: the queue is full, the deadline passed, or a page cannot be scored.
        """
        self._check_room(len(pages))
        loop = asyncio.get_running_loop()
        deadline = time.monotonic() + self.limits.request_seconds
        job = Job(model, query, pages, deadline, loop.create_future())
        self._waiting.append(job)
        self._wake.set()
        QUEUED_PAIRS.set(self._queued())
        try:
            return await asyncio.wait_for(job.future, self.limits.request_seconds)
        except TimeoutError:
            message = f"the answer was not ready within {self.limits.request_seconds:g} s"
            raise ApiError(503, "deadline", message, "", "send fewer documents", self._wait_seconds()) from None

    async def find_answer(
        self, model: ServedModel, query: str, pages: Sequence[Content], scores: Sequence[float]
    ) -> Answer:
        """Whether any of the scored pages answers."""
        return await self.run(lambda: find_answer(model.reranker, query, pages, scores))

    async def run(self, function: Callable[[], Result]) -> Result:
        """Run something else that uses a model, in its thread.

        Raises:
            ApiError: the queue is full.
        """
        self._check_room(0)
        self._others += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, function)
        finally:
            self._others -= 1

    def _check_room(self, pairs: int) -> None:
        requests = len(self._waiting) + self._others
        if requests < self.limits.queued_requests and (
            not requests or self._queued() + pairs <= self.limits.queued_pairs
        ):
            return
        raise ApiError(429, "busy", "too many requests wait", "", "try again later", self._wait_seconds())

    def _queued(self) -> int:
        return sum(job.left for job in self._waiting)

    def _wait_seconds(self) -> int:
        """How long the queue will take at the pace of late."""
        return min(60, max(1, math.ceil(self._queued() / max(self._rate, 1.0))))

    async def _work(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await self._wake.wait()
            taken = self._take()
            if not taken:
                self._wake.clear()
                continue
            started = time.monotonic()
            slices = [Slice(job.query, part, job.model.fused) for job, part in taken]
            try:
                found = await loop.run_in_executor(self._thread, score_slices, taken[0][0].model.reranker, slices)
            except Exception as error:
                found = [error] * len(taken)
            self._settle(taken, found)
            pairs = sum(len(part) for _, part in taken)
            self._rate = 0.8 * self._rate + 0.2 * pairs / max(time.monotonic() - started, 1e-3)
            BATCH_PAIRS.observe(pairs)
            REUSED_PAIRS.inc(pairs - len({page.key for _, part in taken for page in part}))
            QUEUED_PAIRS.set(self._queued())

    def _take(self) -> list[Taken]:
        """The next batch: of the oldest job's model, from each of its jobs a slice, the oldest first."""
        now = time.monotonic()
        self._waiting = deque(job for job in self._waiting if not job.future.done() and job.deadline > now)
        if not self._waiting:
            return []
        reranker = self._waiting[0].model.reranker
        own = [job for job in self._waiting if job.model.reranker is reranker]
        share = max(LEAST_SHARE, self.limits.batch_pairs // len(own))
        taken, room = [], self.limits.batch_pairs
        for job in own:
            size = job.left if job.model.fused else min(job.left, share, room)
            if room <= 0:
                break
            taken.append((job, job.pages[len(job.scores) : len(job.scores) + size]))
            room -= size
        return taken

    def _settle(self, taken: Sequence[Taken], found: Sequence[list[float] | Exception]) -> None:
        """Hand out results; a job with pairs left goes behind the others."""
        for (job, _), result in zip(taken, found, strict=True):
            self._waiting.remove(job)
            if job.future.done():
                continue
            if isinstance(result, Exception):
                job.future.set_exception(result)
                continue
            job.scores += result
            if job.left:
                self._waiting.append(job)
            else:
                job.future.set_result(job.scores)
