from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from docrerank.chat import Admission


async def enter_now(admission: Admission, group: str = "") -> int:
    return await asyncio.wait_for(admission.enter(group), 0.5)


def test_the_limit_doubles_until_the_first_protest_and_then_creeps(
    run: Callable[[Coroutine[Any, Any, Any]], Any],
) -> None:
    async def work() -> None:
        admission = Admission(64)
        open_at_once = []

        async def call(number: int) -> None:
            epoch = await admission.enter(str(number))
            open_at_once.append(admission.running)
            await asyncio.sleep(0.02)
            admission.leave(epoch, True)

        await asyncio.gather(*(call(number) for number in range(300)))
        assert open_at_once[:8] == list(range(1, 9))
        assert admission.limit == admission.peak == 64
        admission.leave(await enter_now(admission), False)
        assert admission.limit == 32
        await asyncio.gather(*(call(number) for number in range(100)))
        assert 33 < admission.limit < 37

    run(work())


def test_many_protests_at_once_halve_the_limit_once(run: Callable[[Coroutine[Any, Any, Any]], Any]) -> None:
    async def work() -> None:
        admission = Admission(8)
        epochs = [await enter_now(admission) for _ in range(8)]
        for epoch in epochs:
            admission.leave(epoch, False)
        assert admission.limit == 4
        assert admission.running == 0

    run(work())


def test_the_limit_never_falls_below_one(run: Callable[[Coroutine[Any, Any, Any]], Any]) -> None:
    async def work() -> None:
        admission = Admission(2)
        for _ in range(10):
            admission.leave(await enter_now(admission), False)
        assert admission.limit == 1

    run(work())


def test_a_cancelled_wait_loses_no_slot(run: Callable[[Coroutine[Any, Any, Any]], Any]) -> None:
    async def work() -> None:
        admission = Admission(1)
        epoch = await enter_now(admission)
        waiting = [asyncio.create_task(admission.enter(str(n))) for n in range(5)]
        await asyncio.sleep(0)
        for task in waiting[:4]:
            task.cancel()
        admission.leave(epoch, True)
        assert await asyncio.wait_for(waiting[4], 1) == 0
        waiting[4].cancel()
        admission.leave(0, True)
        assert admission.running == 0

    run(work())


def test_a_slot_granted_to_a_cancelled_call_goes_to_the_next(run: Callable[[Coroutine[Any, Any, Any]], Any]) -> None:
    async def work() -> None:
        admission = Admission(1)
        epoch = await enter_now(admission)
        first, second = (asyncio.create_task(admission.enter(name)) for name in "ab")
        await asyncio.sleep(0)
        admission.leave(epoch, True)
        first.cancel()
        await asyncio.wait_for(second, 1)
        assert admission.running == 1

    run(work())


def test_nobody_is_let_in_during_a_pause(run: Callable[[Coroutine[Any, Any, Any]], Any]) -> None:
    async def work() -> None:
        admission, loop = Admission(4), asyncio.get_running_loop()
        started = loop.time()
        admission.pause(0.2)
        await asyncio.gather(*(admission.enter(str(n)) for n in range(4)))
        assert loop.time() - started >= 0.2

    run(work())
