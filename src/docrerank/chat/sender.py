"""Pays for one call: within the budget, in its turn, tried again where that may help, and counted."""

from __future__ import annotations

import asyncio
import logging
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

from docrerank.chat.admission import Admission
from docrerank.chat.answers import Fault, Reason, Reply
from docrerank.chat.budget import Budget
from docrerank.chat.cost import Usage, bound_output_tokens, estimate_input_tokens
from docrerank.chat.messages import ChatRequest
from docrerank.recipe import require
from docrerank.recipe.endpoints import Endpoint

if TYPE_CHECKING:
    from docrerank.chat.transport import Transport

#: These say that the endpoint is over its strength.
_OVERLOAD = (Reason.RATE_LIMITED, Reason.SERVER_ERROR, Reason.TIMED_OUT, Reason.DROPPED)
#: After these it is not known whether the call was billed.
_UNANSWERED = (Reason.TIMED_OUT, Reason.DROPPED, Reason.NO_COMPLETION)


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a call is tried for.

    Attributes:
        tries: sendings of one call, at most.
        deadline: seconds from a call's second sending after which no further one is begun.
        wait: seconds before the second sending; doubled for each further one, up to `longest_wait`, plus jitter.
        longest_wait: a server that asks to wait longer than this is not asked again.
        asks: answers of one call that may be paid for until one has the right shape.
        farewell: seconds that calls in flight get to come back when the client is closed.
    """

    tries: int = 6
    deadline: float = 600.0
    wait: float = 0.5
    longest_wait: float = 120.0
    asks: int = 3
    farewell: float = 15.0


class Sender:
    """Sends calls to one endpoint.

    Attributes:
        admission: how many calls are in flight.
        usage: what was billed.
        sending: tasks whose call is on the wire now.
        closed: no further try is begun.
    """

    def __init__(self, endpoint: Endpoint, budget: Budget, patience: Patience) -> None:
        for package in ("openai", "aiohttp", "stamina"):
            require(package, extra="chat")
        from docrerank.chat.transport import Transport

        logging.getLogger("stamina").addHandler(logging.NullHandler())
        self.endpoint, self.patience = endpoint, patience
        self.admission = Admission(endpoint.max_concurrency)
        self.usage = Usage()
        self.sending: set[asyncio.Task[object] | None] = set()
        self.closed = False
        self._budget = budget
        self._transport: Transport = Transport(endpoint)

    async def pay(self, request: ChatRequest, body: bytes, tries: int = 0) -> Reply:
        """Send a call within the budget.

        Args:
            request: what is asked, for its estimate and its group.
            body: what is sent for it.
            tries: instead of the patience's.

        Raises:
            Fault: no try brought a reply.
            BudgetReached: it could pass the cap.
            UserError: the key or the address is wrong.
        """
        estimate, bound = estimate_input_tokens(request, self.endpoint), bound_output_tokens(self.endpoint)
        held = self.endpoint.price(estimate, bound), estimate + bound
        await self._budget.reserve(*held)
        spent = 0.0, 0
        try:
            reply = await self._try_patiently(request, body, estimate, tries or self.patience.tries)
            self.usage.add(reply, self.endpoint)
            sent, written = reply.input_tokens, reply.output_tokens
            spent = self.endpoint.price(sent, written), sent + written
        finally:
            self._budget.settle(*held, *spent)
        return reply

    async def close(self) -> None:
        """Close all connections."""
        await self._transport.close()

    async def _try_patiently(self, request: ChatRequest, body: bytes, estimate: int, tries: int) -> Reply:
        """A call that waits to be tried again holds no slot. Retrying is set up after the first try: few need it."""
        epoch = await self.admission.enter(request.group)
        try:
            return await self._try(request, body, estimate, epoch)
        except Fault as fault:
            if tries == 1 or not self._may_try_again(fault):
                raise
            first = fault
        await asyncio.sleep(self._wait_after(first))
        return await self._retry(request, body, estimate, tries - 1)

    async def _retry(self, request: ChatRequest, body: bytes, estimate: int, tries: int) -> Reply:
        import stamina

        async for attempt in stamina.retry_context(
            on=self._decide,
            attempts=tries,
            timeout=self.patience.deadline,
            wait_initial=2 * self.patience.wait,
            wait_max=self.patience.longest_wait,
            wait_jitter=self.patience.wait,
        ):
            with attempt:
                epoch = await self.admission.enter(request.group, urgent=True)
                return await self._try(request, body, estimate, epoch)
        raise AssertionError("stamina ends with a result or an error")

    def _may_try_again(self, fault: Fault) -> bool:
        return fault.again and fault.after <= self.patience.longest_wait and not self.closed

    def _wait_after(self, fault: Fault) -> float:
        """At least as long as the server asked for, and not for all calls the same."""
        return (fault.after or self.patience.wait) + random.random() * max(self.patience.wait, fault.after / 4)

    def _decide(self, error: Exception) -> bool | float:
        if not isinstance(error, Fault) or not self._may_try_again(error):
            return False
        return self._wait_after(error) if error.after else True

    async def _try(self, request: ChatRequest, body: bytes, estimate: int, epoch: int) -> Reply:
        """One try in one slot."""
        from docrerank.chat.transport import read_reply

        task = asyncio.current_task()
        self.sending.add(task)
        answered: bool | None = None
        try:
            path = "/completions" if request.completion else "/chat/completions"
            content = await self._transport.send(path, body, request.group)
            reply = read_reply(content, estimate)
            answered = True
            return reply
        except Fault as fault:
            answered = False if fault.reason in _OVERLOAD else None
            self._note(fault)
            raise
        finally:
            self.sending.discard(task)
            self.admission.leave(epoch, answered)

    def _note(self, fault: Fault) -> None:
        self.usage.unanswered += fault.reason in _UNANSWERED
        if fault.after:
            self.admission.pause(min(fault.after, self.patience.longest_wait))
