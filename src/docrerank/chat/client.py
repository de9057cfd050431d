"""The client of one endpoint: asks, keeps what was paid for, and never lets one call stop the others."""

from __future__ import annotations

import asyncio
from types import TracebackType

from docrerank.chat.admission import Admission
from docrerank.chat.answers import Answer, Failure, Fault, Reason, Reply
from docrerank.chat.budget import Budget
from docrerank.chat.cache import Cache
from docrerank.chat.cache_writer import CacheWriter
from docrerank.chat.cost import Usage
from docrerank.chat.messages import ChatRequest
from docrerank.chat.sender import Patience, Sender
from docrerank.chat.structured import (
    MENDABLE,
    PROBE,
    Way,
    ask_again,
    describe,
    judge_reply,
    keeps_schema,
    response_format,
)
from docrerank.recipe.endpoints import Endpoint

_PROBE_TRIES = 3
_PROBE_TOKENS = 32
#: A server may answer a form that it does not know with any of these.
_UNKNOWN_FORM = (Reason.REJECTED, Reason.SERVER_ERROR, Reason.NO_COMPLETION)


class ChatClient:
    """Asks one endpoint. Give it all calls at once: it decides how many are in flight.

    Args:
        endpoint: where, which model, how it draws its answers.
        cache: replies already paid for; may be shared by clients.
        budget: the run's cap, shared by its clients; None for none.
        patience: retries and deadlines.

    Attributes:
        usage: what was billed and what failed.
        admission: how many calls are in flight.

    Raises:
        MissingExtra: the extra `chat` is not installed.
        UserError: the environment variable of the key is not set.

    Example:
        >>> async with ChatClient(endpoint, Cache("RUN/requests.sqlite")) as client:  # doctest: +SKIP
        ...     request = ChatRequest((image, "Which year is on this page?"), schema=Year, group="a/1")
        ...     answer = await client.ask(request)
    """

    def __init__(
        self, endpoint: Endpoint, cache: Cache, budget: Budget | None = None, patience: Patience | None = None
    ) -> None:
        self.endpoint = endpoint
        self._patience = patience or Patience()
        self._cache = cache
        self._sender = Sender(endpoint, budget or Budget(), self._patience)
        self._writer = CacheWriter(cache)
        self._way: asyncio.Task[Way] | None = None
        self._flights: dict[str, asyncio.Task[Answer | Failure]] = {}

    @property
    def usage(self) -> Usage:
        """What was billed and what failed."""
        return self._sender.usage

    @property
    def admission(self) -> Admission:
        """How many calls are in flight."""
        return self._sender.admission

    async def ask(self, request: ChatRequest) -> Answer | Failure:
        """One usable answer, or the reason why there is none.

        Raises:
            BudgetReached: the call could pass the cap; it was not sent.
            UserError: the key is wrong, the disk is full: nothing else would work either.
        """
        outcome = await self._ask_once(request)
        for serial in range(2, self._patience.asks + 1):
            if request.completion or isinstance(outcome, Answer) or outcome.reason not in MENDABLE:
                break
            outcome = await self._ask_once(ask_again(request, outcome, serial))
        if isinstance(outcome, Failure):
            self.usage.failures[outcome.reason] += 1
        return outcome

    async def __aenter__(self) -> ChatClient:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Begin no further call; those in flight have `farewell` seconds to come back, and are kept."""
        self._sender.closed = True
        flights = [*self._flights.values(), *([self._way] if self._way else [])]
        for flight in flights:
            if flight not in self._sender.sending:
                flight.cancel()
        if flights:
            await asyncio.wait(flights, timeout=self._patience.farewell)
        for flight in flights:
            flight.cancel()
        await asyncio.gather(*flights, return_exceptions=True)
        await self._sender.close()

    def __repr__(self) -> str:
        return f"ChatClient({self.endpoint.model!r} at {self.endpoint.base_url!r})"

    async def _ask_once(self, request: ChatRequest) -> Answer | Failure:
        """A call that is already under way is waited for, not sent again."""
        key = request.key(self.endpoint)
        flight = self._flights.get(key)
        if flight is None:
            if (reply := self._cache.get(key)) is not None:
                self.usage.cached += 1
                return judge_reply(reply, request.schema, key, cached=True)
            if self._sender.closed:
                raise asyncio.CancelledError
            flight = asyncio.create_task(self._fly(key, request))
            self._flights[key] = flight
            flight.add_done_callback(lambda _: self._land(key))
        return await asyncio.shield(flight)

    async def _fly(self, key: str, request: ChatRequest) -> Answer | Failure:
        try:
            way = await self._find_way() if request.schema and not request.completion else None
            reply = await self._sender.pay(request, _body(request, self.endpoint, way))
        except Fault as fault:
            return Failure(fault.reason, fault.detail, key=key)
        await self._writer.put(key, reply)
        return judge_reply(reply, request.schema, key, cached=False)

    def _land(self, key: str) -> None:
        flight = self._flights.pop(key)
        if not flight.cancelled():
            flight.exception()  # an asker that was cancelled does not fetch it

    async def _find_way(self) -> Way:
        """How this server takes a schema: found once for all callers; until then it is asked for in words."""
        if self._way is None or (self._way.done() and (self._way.cancelled() or self._way.exception())):
            self._way = asyncio.create_task(self._probe())
        try:
            return await asyncio.shield(self._way)
        except Fault:
            return Way.ASK

    async def _probe(self) -> Way:
        """Two calls of a few tokens at most; a third tells a server that knows no schemas from one that is down."""
        failed = False
        for way in (Way.JSON_SCHEMA, Way.JSON_OBJECT):
            try:
                if keeps_schema(await self._send_probe(way)):
                    return way
                failed = False
            except Fault as fault:
                if fault.reason not in _UNKNOWN_FORM:
                    raise
                failed = True
        if failed:
            await self._send_probe(Way.ASK)
        return Way.ASK

    async def _send_probe(self, way: Way) -> Reply:
        body = _body(PROBE, _with_max_tokens(self.endpoint, _PROBE_TOKENS), way)
        return await self._sender.pay(PROBE, body, _PROBE_TRIES)


def _body(request: ChatRequest, endpoint: Endpoint, way: Way | None) -> bytes:
    if way is None or request.schema is None:
        return request.body(endpoint)
    if way is Way.ASK:
        return request.with_remark("\n" + describe(request.schema)).body(endpoint)
    return request.body(endpoint, response_format(request.schema, way))


def _with_max_tokens(endpoint: Endpoint, tokens: int) -> Endpoint:
    if endpoint.sampling.max_tokens is None:
        return endpoint
    return endpoint.model_copy(update={"sampling": endpoint.sampling.model_copy(update={"max_tokens": tokens})})
