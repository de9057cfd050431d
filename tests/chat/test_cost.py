from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from docrerank.chat import Budget, BudgetReached, ChatRequest, Image, Plan, PlannedCalls, estimate_input_tokens
from docrerank.recipe.endpoints import Endpoint


def test_a_plan_adds_up_its_roles() -> None:
    judge = PlannedCalls(
        "judge", Endpoint(price_input=1, price_output=2), calls=100, input_tokens=1000, output_tokens=10
    )
    writer = PlannedCalls(
        "writer", Endpoint(price_input=3, price_output=6), calls=10, input_tokens=1000, output_tokens=100
    )
    plan = Plan(10, [judge, writer]).summary()
    assert (plan["calls"], plan["input_tokens"], plan["output_tokens"]) == (110, 110_000, 2000)
    assert plan["money"] == pytest.approx(0.102 + 0.036)


def test_images_are_counted_in_patches(picture: bytes) -> None:
    request = ChatRequest((Image.encode(picture), "12345678"))
    assert estimate_input_tokens(request, Endpoint()) == 3 * 4 + 2
    assert estimate_input_tokens(request, Endpoint(image_patch=32)) == 2 * 3 + 2


def test_a_call_waits_for_those_in_flight_before_it_is_refused(run: Callable[[Coroutine[Any, Any, Any]], Any]) -> None:
    async def work() -> None:
        budget = Budget(100)
        await budget.reserve(80)
        waiting = asyncio.create_task(budget.reserve(50))
        await asyncio.sleep(0.01)
        assert not waiting.done()
        budget.settle(80, 20)
        await asyncio.wait_for(waiting, 1)
        budget.settle(50, 50)
        with pytest.raises(BudgetReached, match=r"70\.0000 of 100\.0000 spent"):
            await budget.reserve(50)
        await budget.reserve(30)

    run(work())


def test_a_cancelled_wait_passes_its_turn_on(run: Callable[[Coroutine[Any, Any, Any]], Any]) -> None:
    async def work() -> None:
        budget = Budget(100)
        await budget.reserve(100)
        first, second = (asyncio.create_task(budget.reserve(60)) for _ in range(2))
        await asyncio.sleep(0)
        budget.settle(100, 0)
        first.cancel()
        await asyncio.wait_for(second, 1)

    run(work())
