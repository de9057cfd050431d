"""A cap on what a run spends: a call that could pass it is not sent, and a later run makes it."""

from __future__ import annotations

import asyncio

from docrerank.records import UserError


class BudgetReached(UserError):
    """The next call could pass the cap; what is undone is done when the command is given again with more."""


class Budget:
    """A cap in money, in tokens, or both, shared by all endpoints of a run (one process).

    A call is let through only if its worst case (its prompt and `max_tokens`) fits with what was spent and with the
    worst cases in flight; a call that fits once some of those have come back waits for them.

    Args:
        money: cap in the currency of the price table; None for no cap.
        tokens: cap on input and output tokens together; None for no cap.

    Example:
        >>> budget = Budget(tokens=100)
        >>> asyncio.run(budget.reserve(0.0, 60))
        >>> budget.settle(0.0, 60, 0.0, 40)
        >>> budget.tokens_spent
        40
    """

    def __init__(self, money: float | None = None, tokens: int | None = None) -> None:
        self.money, self.tokens = money, tokens
        self.money_spent, self.tokens_spent = 0.0, 0
        self.reached = False
        self._money_held, self._tokens_held = 0.0, 0
        self._waiting: list[asyncio.Future[None]] = []

    async def reserve(self, money: float, tokens: int) -> None:
        """Hold a call's worst case.

        Raises:
            BudgetReached: it would pass the cap, whatever comes of the calls in flight.
        """
        while not self._fits(money + self._money_held, tokens + self._tokens_held):
            if not self._fits(money, tokens):
                self.reached = True
                raise BudgetReached(self._message())
            turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.append(turn)
            await turn
        self._money_held += money
        self._tokens_held += tokens

    def settle(self, money_held: float, tokens_held: int, money: float, tokens: int) -> None:
        """Give back what `reserve` held, count what was billed, and let those who wait look again."""
        self._money_held -= money_held
        self._tokens_held -= tokens_held
        self.money_spent += money
        self.tokens_spent += tokens
        waiting, self._waiting = self._waiting, []
        for turn in waiting:
            if not turn.done():
                turn.set_result(None)

    def _fits(self, money: float, tokens: int) -> bool:
        """Sums of floats come back a hair beside zero: a billionth of money is none."""
        if self.money is not None and self.money_spent + money > self.money + 1e-9:
            return False
        return self.tokens is None or self.tokens_spent + tokens <= self.tokens

    def _message(self) -> str:
        caps = [] if self.money is None else [f"{self.money_spent:.4f} of {self.money:.4f} spent"]
        caps += [] if self.tokens is None else [f"{self.tokens_spent} of {self.tokens} tokens used"]
        return f"the budget is reached ({', '.join(caps)}): give the same command with a larger one to go on"
