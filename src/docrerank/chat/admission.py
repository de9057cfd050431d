"""How many calls an endpoint gets at once: more while it answers, half when it protests; a group's calls together."""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque

#: The first calls of an endpoint that nothing is known of.
START = 8


class Admission:
    """Adaptive concurrency of one endpoint (additive increase, multiplicative decrease, doubling at the start).

    Args:
        most: calls in flight, at most.

    Attributes:
        limit: calls in flight that are let in now.
        running: calls in flight.
        peak: most calls that were in flight at once.

    Example:
        >>> admission = Admission(64)
        >>> epoch = await admission.enter("a/1")  # doctest: +SKIP
        >>> admission.leave(epoch, answered=True)  # doctest: +SKIP
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self.limit = float(min(START, most))
        self.running = 0
        self.peak = 0
        self._epoch = 0
        self._paused_until = 0.0
        self._waiting: OrderedDict[str, deque[asyncio.Future[int]]] = OrderedDict()
        self._last_group = ""

    async def enter(self, group: str = "", urgent: bool = False) -> int:
        """Wait for a slot; give what it returns to `leave`. Calls of one group are let in one after the other.

        Args:
            group: which calls belong together.
            urgent: go before all others (a call that is tried again).
        """
        if not self._waiting and self._has_room():
            self._last_group = group
            return self._admit()
        ticket: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._queue(ticket, group, urgent)
        self._let_in()
        try:
            return await ticket
        except asyncio.CancelledError:
            if ticket.done() and not ticket.cancelled():
                self._free()
            raise

    def leave(self, epoch: int, answered: bool | None) -> None:
        """Give a slot back.

        Args:
            epoch: what `enter` returned.
            answered: True lets the limit grow; False (429, 5xx, no time left) halves it, once for all calls that were
                let in before; None says nothing of the endpoint's strength.
        """
        if answered:
            self._grow()
        elif answered is False and epoch == self._epoch:
            self.limit = max(1.0, self.limit / 2)
            self._epoch += 1
        self._free()

    def pause(self, seconds: float) -> None:
        """Let nobody in for so long: the server asked for it."""
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        if until > self._paused_until:
            self._paused_until = until
            loop.call_at(until, self._let_in)

    def _free(self) -> None:
        self.running -= 1
        self._let_in()

    def _grow(self) -> None:
        """Only a limit that is used says something; before the first protest it doubles every round trip."""
        if self.running >= int(self.limit):
            self.limit = min(float(self.most), self.limit + (1 / self.limit if self._epoch else 1))

    def _has_room(self) -> bool:
        return self.running < int(self.limit) and asyncio.get_running_loop().time() >= self._paused_until

    def _admit(self) -> int:
        self.running += 1
        self.peak = max(self.peak, self.running)
        return self._epoch

    def _queue(self, ticket: asyncio.Future[int], group: str, urgent: bool) -> None:
        tickets = self._waiting.setdefault(group, deque())
        if urgent:
            tickets.appendleft(ticket)
            self._waiting.move_to_end(group, last=False)
        else:
            tickets.append(ticket)

    def _let_in(self) -> None:
        while self._waiting and self._has_room():
            ticket = self._next()
            if not ticket.done():
                ticket.set_result(self._admit())

    def _next(self) -> asyncio.Future[int]:
        """The next of the group that was let in last, or the longest waiting group's first."""
        group = self._last_group if self._last_group in self._waiting else next(iter(self._waiting))
        tickets = self._waiting[group]
        ticket = tickets.popleft()
        if not tickets:
            del self._waiting[group]
        self._last_group = group
        return ticket
