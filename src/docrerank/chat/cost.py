"""What calls cost: estimated beforehand, counted as they are billed, and capped by a budget."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from docrerank.chat.answers import Reason, Reply
from docrerank.chat.messages import ChatRequest
from docrerank.recipe.endpoints import Endpoint
from docrerank.records import UserError

#: Characters of a token, roughly, in European languages.
CHARACTERS_PER_TOKEN = 4
#: Output tokens assumed where the recipe sets no bound.
UNBOUNDED_OUTPUT = 1024


def estimate_text_tokens(text: str) -> int:
    """About how many tokens a text is: a fourth of its characters.

    Examples:
        >>> estimate_text_tokens("Net sales in 2020")
        5
    """
    return -(-len(text) // CHARACTERS_PER_TOKEN)


def estimate_input_tokens(request: ChatRequest, endpoint: Endpoint) -> int:
    """About how many tokens a call sends: its text, and its images by the endpoint's patch rule."""
    images = sum(endpoint.image_tokens(image.width, image.height) for image in request.images())
    return estimate_text_tokens(request.text()) + images


def describe_calls(calls: int, tokens_in: int, tokens_out: int, money: float) -> str:
    """Calls, tokens and money in words."""
    return f"{calls:,} calls, {tokens_in:,} tokens in, {tokens_out:,} out, money {money:.2f}"


@dataclass(frozen=True, slots=True)
class PlannedCalls:
    """One role's calls, before they are made.

    Attributes:
        role: who is asked, for the reader of the plan.
        calls: how many.
        input_tokens: of one call, images counted.
        output_tokens: of one call.
    """

    role: str
    endpoint: Endpoint
    calls: int
    input_tokens: int
    output_tokens: int

    def tokens(self) -> tuple[int, int]:
        """Input and output tokens of all calls."""
        return self.calls * self.input_tokens, self.calls * self.output_tokens

    def describe(self) -> str:
        """Calls, tokens and money in words."""
        return describe_calls(self.calls, *self.tokens(), self.endpoint.price(*self.tokens()))


@dataclass(frozen=True, slots=True)
class Plan:
    """An estimate of a run's calls.

    Examples:
        >>> calls = PlannedCalls("judge", Endpoint(price_input=0.1, price_output=0.4), 2000, 1000, 50)
        >>> plan = Plan(pages=100, roles=[calls])
        >>> plan.calls, plan.input_tokens, plan.money
        (2000, 2000000, 0.24)
    """

    pages: int
    roles: Sequence[PlannedCalls]

    @property
    def calls(self) -> int:
        """All calls."""
        return sum(role.calls for role in self.roles)

    @property
    def input_tokens(self) -> int:
        """Tokens that all calls send."""
        return sum(role.tokens()[0] for role in self.roles)

    @property
    def output_tokens(self) -> int:
        """Tokens that all answers have."""
        return sum(role.tokens()[1] for role in self.roles)

    @property
    def money(self) -> float:
        """By the price table of each role's endpoint."""
        return sum(role.endpoint.price(*role.tokens()) for role in self.roles)

    def describe(self) -> str:
        """Calls, tokens and money in words."""
        return describe_calls(self.calls, self.input_tokens, self.output_tokens, self.money)

    def summary(self) -> dict[str, Any]:
        """The plan as JSON values."""
        names = ("pages", "calls", "input_tokens", "output_tokens", "money")
        roles = {role.role: dict(zip(names[2:4], role.tokens(), strict=True)) for role in self.roles}
        return {"estimate": True, **{name: getattr(self, name) for name in names}, "roles": roles}


@dataclass(slots=True)
class Usage:
    """What an endpoint's calls came to; counted as they happen.

    Attributes:
        answered: calls that the server answered and billed.
        cached: calls that the cache answered.
        unanswered: tries that were sent and brought no reply; a server may have billed some of them.
        input_tokens: of answered calls.
        output_tokens: of answered calls.
        money: of answered calls.
        failures: calls without a usable answer, by reason.
    """

    answered: int = 0
    cached: int = 0
    unanswered: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    money: float = 0.0
    failures: Counter[Reason] = field(default_factory=Counter)

    def add(self, reply: Reply, endpoint: Endpoint) -> None:
        """Count a billed reply."""
        self.answered += 1
        self.input_tokens += reply.input_tokens
        self.output_tokens += reply.output_tokens
        self.money += endpoint.price(reply.input_tokens, reply.output_tokens)

    def summary(self) -> dict[str, Any]:
        """The counts as JSON values, for `run.json`."""
        failures = {str(reason): count for reason, count in sorted(self.failures.items())}
        return {**asdict(self), "money": round(self.money, 6), "failures": failures}


class BudgetReached(UserError):
    """The next call could pass the cap; what is undone is done when the command is given again with more."""


class Budget:
    """A cap in money, shared by all endpoints of a run (one process).

    A call is let through only if its worst case (its prompt and `max_tokens`) fits with what was spent and with the
    worst cases in flight; a call that fits once some of those have come back waits for them.

    Args:
        money: cap in the currency of the price table; None for no cap.

    Examples:
        >>> budget = Budget(1.0)
        >>> asyncio.run(budget.reserve(0.6))
        >>> budget.settle(0.6, 0.4)
        >>> budget.spent
        0.4
    """

    def __init__(self, money: float | None = None) -> None:
        self.money, self.spent = money, 0.0
        self._held = 0.0
        self._settled = asyncio.Event()

    async def reserve(self, money: float) -> None:
        """Hold a call's worst case.

        Raises:
            BudgetReached: it would pass the cap, whatever comes of the calls in flight.
        """
        while not self._fits(money + self._held):
            if not self._fits(money):
                raise BudgetReached(
                    f"the budget is reached ({self.spent:.4f} of {self.money:.4f} spent): "
                    "give the same command with a larger one to go on"
                )
            await self._settled.wait()
        self._held += money

    def settle(self, held: float, money: float) -> None:
        """Give back what `reserve` held, count what was billed, and let those who wait look again."""
        self._held -= held
        self.spent += money
        self._settled.set()
        self._settled = asyncio.Event()

    def _fits(self, money: float) -> bool:
        """Sums of floats come back a hair beside zero: a billionth of money is none."""
        return self.money is None or self.spent + money <= self.money + 1e-9
