"""Which waiting work runs next, and which is accepted at all: arithmetic over measured paces, given the time."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from docrerank.serving.errors import ApiError

#: A batch is about so long: what a small request waits for, and what SIGTERM does.
BATCH_SECONDS = 1.0
#: Of a request's time, the share that estimated work may fill; estimates err.
HEADROOM = 0.8
#: Of a request's time, what may wait when one more comes from a client that has its share of the queue: a longer
#: queue answers nothing more, only later.
QUEUE = 0.25
#: Of the time until a deadline, what estimates may fill before the oldest go first.
CERTAINTY = 0.75
#: Characters that reading any page costs beyond its own.
PAGE_CHARACTERS = 100
#: Batches after which a pace is good enough to refuse a request that nothing else delays.
SURE_BATCHES = 3


@dataclass(slots=True)
class Pace:
    """What a model needs in seconds, learned from its batches.

    Attributes:
        character: for a character of a page that it has not read yet.
        pair: for a pair whose page it has read.
        batch: for a batch beyond its pairs.
        batches: how many it was learned from.
    """

    character: float = 2e-5
    pair: float = 5e-4
    batch: float = 0.01
    batches: int = 0

    def estimate(self, characters: int, pairs: int) -> float:
        """Seconds for so many new characters and pairs."""
        return self.character * characters + self.pair * pairs

    def learn(self, characters: int, pairs: int, seconds: float) -> None:
        """Adjust each rate by its share of what was expected."""
        expected = self.batch + self.estimate(characters, pairs)
        step = math.log(max(seconds, 1e-6) / expected)
        step = step if self.batches < SURE_BATCHES else 0.2 * min(2.0, max(-2.0, step))
        self.batch *= math.exp(step * self.batch / expected)
        self.character, self.pair = (
            self.character * math.exp(step * self.character * characters / expected),
            self.pair * math.exp(step * self.pair * pairs / expected),
        )
        self.batches += 1


@dataclass(eq=False, slots=True)
class Job:
    """A request's pairs, waiting or scored in part.

    Attributes:
        model: whose pace counts, and whose jobs may share a batch.
        client: who asks.
        deadline: when the answer is due.
        sizes: new characters of each pair; 0 if the model has read its page.
        done: pairs that are scored.
    """

    model: str
    client: str
    deadline: float
    sizes: Sequence[int]
    done: int = 0
    left: int = field(init=False)
    ended: bool = False

    def __post_init__(self) -> None:
        self.left = sum(self.sizes)

    def advance(self, count: int) -> None:
        """Note that the next `count` pairs are scored."""
        self.left -= sum(self.sizes[self.done : self.done + count])
        self.done += count
        self.ended = self.ended or self.done == len(self.sizes)


class Schedule:
    """Jobs in the order of their arrival.

    Half of a batch goes to the oldest job of its model, the rest to the clients that had least, small jobs first.
    Where this would let a deadline pass, the oldest go first. A job is accepted if what waits leaves it enough
    time, and either its client or all together have little waiting.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.jobs: list[Job] = []
        self.paces: dict[str, Pace] = {}
        self._had: dict[str, float] = {}

    def pace(self, model: str) -> Pace:
        """What this model needs."""
        return self.paces.setdefault(model, Pace())

    def estimate(self, job: Job) -> float:
        """Seconds that a job still needs."""
        return self.pace(job.model).estimate(job.left, len(job.sizes) - job.done)

    def backlog(self, client: str | None = None) -> float:
        """Seconds that all jobs, or those of one client, still need."""
        jobs = (job for job in self.jobs if not job.ended and client in (None, job.client))
        return sum(map(self.estimate, jobs))

    def accept(self, job: Job, now: float, others: float = 0.0) -> None:
        """Take on a job."""
        own, ahead = self.estimate(job), self.backlog() + others
        wait = ahead + own - HEADROOM * min(self.seconds, job.deadline - now)
        clients = {job.client, *(one.client for one in self.jobs)}
        if own + self.backlog(job.client) > QUEUE * self.seconds / len(clients):
            wait = max(wait, ahead - QUEUE * self.seconds)
        if own > HEADROOM * self.seconds and (self.jobs or self.pace(job.model).batches >= SURE_BATCHES):
            fit = max(1, int(len(job.sizes) * HEADROOM * self.seconds / own))
            message = f"at its present pace the server scores about {fit} of these documents within a request's time"
            raise ApiError(413, "too_much_work", message, "documents", "send them in several requests")
        if wait > 0 and (ahead or self.pace(job.model).batches >= SURE_BATCHES):
            raise refuse_busy(wait)
        if job.client not in self._had:
            self._had[job.client] = min(self._had.values(), default=0.0)
        self.jobs.append(job)

    def take(self, now: float) -> list[tuple[Job, int]]:
        """The next batch: jobs of one model and how many pairs of each; empty if nothing waits."""
        self.jobs = [job for job in self.jobs if not job.ended and job.deadline > now]
        clients = {job.client for job in self.jobs}
        self._had = {client: had for client, had in self._had.items() if client in clients}
        if not self.jobs:
            return []
        taken: list[tuple[Job, int]] = []
        room = BATCH_SECONDS
        for job, share in self._order(now):
            if room <= 0:
                break
            count, seconds = self._cut(job, min(room, share))
            room -= seconds
            self._had[job.client] += seconds
            taken.append((job, count))
        return taken

    def learn(self, taken: Sequence[tuple[Job, int]], seconds: float) -> None:
        """Note what a batch took, and advance its jobs."""
        characters = sum(sum(job.sizes[job.done : job.done + count]) for job, count in taken)
        self.pace(taken[0][0].model).learn(characters, sum(count for _, count in taken), seconds)
        for job, count in taken:
            job.advance(count)

    def _order(self, now: float) -> Iterator[tuple[Job, float]]:
        """Jobs of one model with the seconds that each may take."""
        if self._is_late(now):
            yield from ((job, BATCH_SECONDS) for job in self.jobs if job.model == self.jobs[0].model)
            return
        fair = sorted(self.jobs, key=lambda job: (self._had[job.client], self.estimate(job) // BATCH_SECONDS))
        own = [job for job in fair if job.model == fair[0].model]
        oldest = next(job for job in self.jobs if job.model == fair[0].model)
        yield oldest, BATCH_SECONDS / 2
        share = BATCH_SECONDS / max(1, len({job.client for job in own}))
        yield from ((job, share) for job in own if job is not oldest)

    def _is_late(self, now: float) -> bool:
        """Whether anyone's deadline would pass if the oldest were not first."""
        ahead = 2 * BATCH_SECONDS
        for job in self.jobs:
            ahead += self.estimate(job) / CERTAINTY
            if now + ahead > job.deadline:
                return True
        return False

    def _cut(self, job: Job, seconds: float) -> tuple[int, float]:
        """How many of a job's next pairs fit into so many seconds, one at least, and their seconds."""
        pace, used, count = self.pace(job.model), 0.0, 0
        for size in job.sizes[job.done :]:
            cost = pace.estimate(size, 1)
            if count and used + cost > seconds:
                break
            used, count = used + cost, count + 1
        return count, used


def refuse_busy(wait: float) -> ApiError:
    """The refusal of work for which there will be room after so many seconds."""
    message, after = "the server has as much work as it can finish in time", max(1, math.ceil(wait))
    return ApiError(429, "busy", message, "", f"try again in {after} s", retry_after=after)
