"""The client of one endpoint: asks, keeps what was paid for, and never lets one call stop the others."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from docrerank.chat.answers import Answer, Failure, Fault, Reason, Reply
from docrerank.chat.cache import Cache
from docrerank.chat.cost import UNBOUNDED_OUTPUT, Budget, Usage, estimate_input_tokens
from docrerank.chat.messages import ChatRequest
from docrerank.chat.structured import MENDABLE, PROBE, ask_again, build_body, judge_reply, keeps_schema
from docrerank.recipe import require
from docrerank.recipe.endpoints import Endpoint

_PROBE_TOKENS = 32
#: A server may answer a form that it does not know with any of these.
_UNKNOWN_FORM = (Reason.REJECTED, Reason.SERVER_ERROR, Reason.NO_COMPLETION)
#: After these it is not known whether the call was billed.
_UNANSWERED = (Reason.TIMED_OUT, Reason.DROPPED, Reason.NO_COMPLETION)


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a call is tried for.

    Attributes:
        tries: sendings of one call, at most.
        asks: answers of one call that may be paid for until one has the right shape.
        farewell: seconds that calls in flight get to come back when the client is closed.
    """

    tries: int = 6
    asks: int = 3
    farewell: float = 15.0


class ChatClient:
    """Asks one endpoint. Give it all calls at once: `endpoint.max_concurrency` of them are in flight.

    Args:
        endpoint: where, which model, how it draws its answers.
        cache: replies already paid for; may be shared by clients.
        budget: the run's cap, shared by its clients; None for none.
        patience: retries and deadlines.

    Attributes:
        usage: what was billed and what failed.

    Raises:
        MissingExtra: the extra `chat` is not installed.
        UserError: the environment variable of the key is not set.

    Examples:
        >>> async with ChatClient(endpoint, Cache("RUN/requests.sqlite")) as client:  # doctest: +SKIP
        ...     request = ChatRequest((image, "Which year is on this page?"), schema=Year, group="a/1")
        ...     answer = await client.ask(request)
    """

    def __init__(
        self, endpoint: Endpoint, cache: Cache, budget: Budget | None = None, patience: Patience | None = None
    ) -> None:
        for package in ("openai", "aiohttp"):
            require(package, extra="chat")
        from docrerank.chat.transport import Transport

        self.endpoint, self.usage = endpoint, Usage()
        self._patience = patience or Patience()
        self._cache, self._budget = cache, budget or Budget()
        self._transport = Transport(endpoint, self._patience.tries)
        self._room = asyncio.Semaphore(endpoint.max_concurrency)
        self._closed = False
        self._enforces: asyncio.Task[bool] | None = None
        self._flights: dict[str, asyncio.Task[Answer | Failure]] = {}

    async def ask(self, request: ChatRequest) -> Answer | Failure:
        """One usable answer, or the reason why there is none.

        Raises:
            BudgetReached: the call could pass the cap; it was not sent.
            UserError: the key is wrong, the disk is full: nothing else would work either.
        """
        outcome = await self._ask_once(request)
        for serial in range(2, self._patience.asks + 1):
            if isinstance(outcome, Answer) or outcome.reason not in MENDABLE:
                break
            outcome = await self._ask_once(ask_again(request, outcome, serial))
        if isinstance(outcome, Failure):
            self.usage.failures[outcome.reason] += 1
        return outcome

    async def __aenter__(self) -> ChatClient:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Begin no further call; those in flight have `farewell` seconds to come back, and are kept."""
        self._closed = True
        flights = [*self._flights.values(), *([self._enforces] if self._enforces else [])]
        if flights:
            await asyncio.wait(flights, timeout=self._patience.farewell)
        for flight in flights:
            flight.cancel()
        await asyncio.gather(*flights, return_exceptions=True)
        await self._transport.close()

    async def _ask_once(self, request: ChatRequest) -> Answer | Failure:
        """A call that is already under way is waited for, not sent again."""
        key = request.key(self.endpoint)
        flight = self._flights.get(key)
        if flight is None:
            if (reply := self._cache.get(key)) is not None:
                self.usage.cached += 1
                return judge_reply(reply, request.schema, key, cached=True)
            flight = asyncio.create_task(self._fly(key, request))
            self._flights[key] = flight
            flight.add_done_callback(lambda _: self._land(key))
        return await asyncio.shield(flight)

    async def _fly(self, key: str, request: ChatRequest) -> Answer | Failure:
        try:
            enforced = request.schema is not None and await self._enforces_schemas()
            reply = await self._pay(request, build_body(request, self.endpoint, enforced))
        except Fault as fault:
            return Failure(fault.reason, fault.detail, key=key)
        self._cache.put(key, reply)
        return judge_reply(reply, request.schema, key, cached=False)

    def _land(self, key: str) -> None:
        flight = self._flights.pop(key)
        if not flight.cancelled():
            flight.exception()  # an asker that was cancelled does not fetch it

    async def _pay(self, request: ChatRequest, body: bytes) -> Reply:
        """Send a call in its turn, within the budget; what it may cost at most is held until it is back."""
        estimate = estimate_input_tokens(request, self.endpoint)
        bound = self.endpoint.sampling.max_tokens or UNBOUNDED_OUTPUT
        held, spent = self.endpoint.price(estimate, bound), 0.0
        async with self._room:
            if self._closed:
                raise asyncio.CancelledError
            await self._budget.reserve(held)
            try:
                reply = await self._send(request, body, estimate)
                spent = self.endpoint.price(reply.input_tokens, reply.output_tokens)
            finally:
                self._budget.settle(held, spent)
        return reply

    async def _send(self, request: ChatRequest, body: bytes, estimate: int) -> Reply:
        from docrerank.chat.transport import read_reply

        try:
            reply = read_reply(await self._transport.send(body, request.group), estimate, request.one_token)
        except Fault as fault:
            self.usage.unanswered += fault.reason in _UNANSWERED
            raise
        self.usage.add(reply, self.endpoint)
        return reply

    async def _enforces_schemas(self) -> bool:
        """Whether this server keeps a schema: found once for all callers."""
        task = self._enforces
        if task is None or (task.done() and (task.cancelled() or task.exception())):
            task = self._enforces = asyncio.create_task(self._probe())
        try:
            return await asyncio.shield(task)
        except Fault:
            return False

    async def _probe(self) -> bool:
        """One call of a few tokens; a second tells a server that knows no schemas from one that is down."""
        try:
            return keeps_schema(await self._send_probe(enforced=True))
        except Fault as fault:
            if fault.reason not in _UNKNOWN_FORM:
                raise
        await self._send_probe(enforced=False)
        return False

    async def _send_probe(self, enforced: bool) -> Reply:
        sampling = self.endpoint.sampling
        if sampling.max_tokens is not None:
            sampling = sampling.model_copy(update={"max_tokens": _PROBE_TOKENS})
        endpoint = self.endpoint.model_copy(update={"sampling": sampling})
        return await self._pay(PROBE, build_body(PROBE, endpoint, enforced))
