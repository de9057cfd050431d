"""What is accepted and in which order it runs, with virtual work on a virtual clock."""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from docrerank.serving.errors import ApiError
from docrerank.serving.schedule import BATCH_SECONDS, Job, Pace, Schedule

SECONDS = 60.0
#: Seconds for a new character and for a pair of the virtual model.
CHARACTER, PAIR, BATCH = 1e-4, 2e-3, 0.01


@dataclass
class World:
    """A model that works as fast as it is told, and clients that come at given times."""

    schedule: Schedule = field(default_factory=lambda: Schedule(SECONDS))
    noise: Callable[[], float] = lambda: 1.0
    now: float = 0.0
    finished: list[tuple[Job, float]] = field(default_factory=list)
    refused: list[tuple[float, ApiError]] = field(default_factory=list)
    batches: list[float] = field(default_factory=list)

    def run(self, arrivals: list[tuple[float, str, list[int]]]) -> World:
        coming = [(at, number, client, sizes) for number, (at, client, sizes) in enumerate(arrivals)]
        heapq.heapify(coming)
        while coming or self.schedule.jobs:
            while coming and coming[0][0] <= self.now:
                at, _, client, sizes = heapq.heappop(coming)
                self.accept(Job("model", client, at + SECONDS, sizes))
            taken = self.schedule.take(self.now)
            if not taken:
                self.now = coming[0][0] if coming else self.now
                continue
            pairs = sum(count for _, count in taken)
            characters = sum(sum(job.sizes[job.done : job.done + count]) for job, count in taken)
            seconds = (BATCH + CHARACTER * characters + PAIR * pairs) * self.noise()
            self.now += seconds
            self.batches.append(seconds)
            self.schedule.learn(taken, seconds)
            self.finished += [(job, self.now) for job, _ in taken if job.ended]
        return self

    def accept(self, job: Job) -> None:
        try:
            self.schedule.accept(job, self.now)
        except ApiError as error:
            self.refused.append((self.now, error))


def learned() -> World:
    """A world whose pace is known."""
    world = World()
    world.schedule.paces["model"] = Pace(CHARACTER, PAIR, BATCH, 10)
    return world


def work(sizes: list[int]) -> float:
    return CHARACTER * sum(sizes) + PAIR * len(sizes)


def test_at_twice_the_capacity_most_of_it_is_goodput_and_nobody_accepted_is_late() -> None:
    chance = random.Random(13)
    world = World(noise=lambda: chance.uniform(0.7, 1.4))
    arrivals, at = [], 0.0
    while at < 300:
        sizes = [chance.randrange(100, 3_000) for _ in range(chance.choice([1, 5, 20, 20, 100]))]
        arrivals.append((at, f"client {chance.randrange(8)}", sizes))
        at += chance.expovariate(1 / (0.5 * work(sizes)))
    world.run(arrivals)
    late = [job for job, when in world.finished if when > job.deadline]
    useful = sum(work(list(job.sizes)) * 1.05 for job, when in world.finished if when <= job.deadline)
    assert late == []
    assert len(world.finished) + len(world.refused) == len(arrivals)
    assert useful > 0.8 * min(world.now, 300)
    assert len(world.refused) > 0.2 * len(arrivals)


def test_a_refusal_says_when_there_will_be_room() -> None:
    world = learned()
    sizes = [1_000] * 100
    while not world.refused:
        world.accept(Job("model", "a", SECONDS, sizes))
    error = world.refused[0][1]
    assert error.status == 429
    wait = float(error.headers["retry-after"])
    while world.now < wait:
        taken = world.schedule.take(world.now)
        seconds = sum(work(list(job.sizes[job.done : job.done + count])) for job, count in taken)
        world.now += seconds
        world.schedule.learn(taken, seconds)
    world.schedule.accept(Job("model", "a", world.now + SECONDS, sizes), world.now)


def test_work_that_never_fits_is_refused_with_what_would() -> None:
    world = learned()
    world.accept(Job("model", "a", SECONDS, [10_000] * 100))
    assert (world.refused[0][1].status, world.refused[0][1].body.code) == (413, "too_much_work")
    assert "about 47 of" in str(world.refused[0][1])


def test_batches_are_about_a_second_once_the_pace_is_known() -> None:
    world = World().run([(0.0, "a", [2_000] * 200), (0.0, "b", [100] * 300)])
    assert max(world.batches[4:]) < 1.5 * BATCH_SECONDS
    assert sum(world.batches[4:-1]) / len(world.batches[4:-1]) > 0.4 * BATCH_SECONDS


def test_a_small_request_does_not_wait_for_a_large_one_that_goes_on_all_the_same() -> None:
    world = learned()
    small = [(float(second), "b", [1_000] * 3) for second in range(1, 40)]
    world.run([(0.0, "a", [2_000] * 200), *small])
    waits = [when - (job.deadline - SECONDS) for job, when in world.finished if job.client == "b"]
    assert max(waits) < 3 * BATCH_SECONDS
    assert all(when <= job.deadline for job, when in world.finished)


def test_a_client_that_asks_more_gets_no_more() -> None:
    world = learned()
    crowd = [(0.0, "greedy", [1_000] * 20) for _ in range(20)]
    world.run([*crowd, (0.1, "modest", [1_000] * 20)])
    order = [job.client for job, _ in world.finished]
    assert order.index("modest") < 6


def test_the_oldest_go_first_where_a_deadline_is_near() -> None:
    world = learned()
    world.accept(Job("model", "a", 5.0, [1_000] * 30))
    world.accept(Job("model", "b", SECONDS, [1_000]))
    taken = world.schedule.take(0.5)
    assert taken[0][0].client == "a"
    assert taken[0][1] >= 9


def test_each_model_has_its_turn() -> None:
    world = learned()
    world.schedule.accept(Job("slow", "a", SECONDS, [1_000] * 400), 0.0)
    world.schedule.accept(Job("model", "b", SECONDS, [1_000]), 0.0)
    models = []
    for _ in range(2):
        taken = world.schedule.take(0.0)
        models.append(taken[0][0].model)
        world.schedule.learn(taken, 1.0)
    assert set(models) == {"slow", "model"}


@pytest.mark.parametrize("factor", [0.1, 1.0, 20.0])
def test_a_pace_is_learned_within_a_few_batches(factor: float) -> None:
    pace, chance = Pace(), random.Random(5)
    for _ in range(25):
        characters, pairs = chance.randrange(20_000), chance.randrange(1, 200)
        pace.learn(characters, pairs, factor * (BATCH + CHARACTER * characters + PAIR * pairs))
    assert pace.estimate(10_000, 100) == pytest.approx(factor * (CHARACTER * 10_000 + PAIR * 100), rel=0.25)


def test_small_requests_do_not_make_large_ones_look_slow() -> None:
    """What a batch costs beyond its pairs is not the pairs': 10,000 known pairs were refused after single ones."""
    pace = Pace()
    for _ in range(50):
        pace.learn(300, 1, 0.03)
    assert pace.estimate(0, 10_000) < 10
