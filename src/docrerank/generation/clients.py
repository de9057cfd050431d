"""The clients of a run: one for each role that a chat model does; rules need none."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel

from docrerank.chat import (
    Answer,
    Budget,
    Cache,
    ChatClient,
    ChatRequest,
    Failure,
    Image,
    Reason,
    Usage,
)
from docrerank.generation.model_answers import at_most, read_probability
from docrerank.generation.prompt_files import load_prompt
from docrerank.recipe import Generate, Role
from docrerank.records import UserError

ROLES = ("positive_writer", "negative_writer", "rephraser", "judge")
Value = TypeVar("Value", bound=BaseModel)
#: These say nothing of the call: the same one may be answered another time.
PASSING = (Reason.RATE_LIMITED, Reason.SERVER_ERROR, Reason.TIMED_OUT, Reason.DROPPED)
TOO_MUCH = (Reason.CUT_OFF, Reason.INVALID_JSON, Reason.WRONG_SCHEMA)
#: Calls in a row that may go unanswered before the endpoint counts as gone.
MAX_UNANSWERED = 24
#: A page as a model is shown it; empty for roles that see no page.
View = tuple[str | Image, ...]


class CallFailed(Exception):
    """A model gave no usable answer; what it was asked for is left out, and the run goes on.

    Attributes:
        reason: a fixed phrase.
        passing: another run may bring an answer.
        too_much: a model that is asked for less may bring one.
    """

    def __init__(self, failure: Failure) -> None:
        super().__init__(f"{failure.reason}: {failure.detail}")
        self.reason, self.detail = f"model: {failure.reason}", failure.detail
        self.passing = failure.reason in PASSING
        self.too_much = failure.reason in TOO_MUCH


@dataclass(slots=True)
class RoleClient:
    """Asks the model that does one role.

    Attributes:
        role: as in the recipe.
        client: of its endpoint.
        unanswered: calls in a row that brought no reply.
    """

    role: Role
    client: ChatClient
    unanswered: int = 0

    async def ask(self, view: View, instruction: str, schema: type[Value], group: str) -> tuple[Value, str]:
        """A usable answer, and its text as it came.

        Page first, instruction last, one system text for all roles: servers cache the beginning that calls share.

        Raises:
            CallFailed: there is none.
            UserError: the endpoint is gone, the key is wrong, the budget is reached.
        """
        request = ChatRequest((*view, instruction), load_prompt("system").text, schema, group)
        answer = await self._send(request)
        assert isinstance(answer.value, schema)
        return answer.value, answer.text

    async def ask_for(
        self, view: View, prompt: Callable[[int], str], shape: type[Value], count: int, group: str
    ) -> Value:
        """At most `count` queries; a model whose answer is unusable is asked once more, for a third of them.

        `prompt` writes the instruction for a number of queries; the shape has a list `queries`. Raises as `ask`.
        """
        try:
            value, _ = await self.ask(view, prompt(count), at_most(shape, count), group)
            return value
        except CallFailed as failed:
            if count == 1 or not failed.too_much:
                raise
        fewer = -(-count // 3)
        value, _ = await self.ask(view, prompt(fewer), at_most(shape, fewer), group)
        return value

    async def ask_probability(self, view: View, question: str, group: str) -> tuple[float, str]:
        """How likely the model's first token is `yes` and not `no`, and the answer as it came; raises as `ask`."""
        system = load_prompt("system").text
        answer = await self._send(ChatRequest((*view, question), system, group=group, one_token=True))
        if (probability := read_probability(answer.text)) is None:
            raise CallFailed(Failure(Reason.WRONG_SCHEMA, f"neither yes nor no: {answer.text[:80]}"))
        return probability, answer.text

    def sign(self, prompt_id: str) -> str:
        """What stands as the writer in a row: model and prompt."""
        return f"{self.role.model} {prompt_id}"

    async def _send(self, request: ChatRequest) -> Answer:
        answer = await self.client.ask(request)
        if isinstance(answer, Answer):
            self.unanswered = 0
            return answer
        self.unanswered = self.unanswered + 1 if answer.reason in PASSING else 0
        usage = self.client.usage
        if self.unanswered >= MAX_UNANSWERED or (self.unanswered and not usage.answered + usage.cached):
            raise UserError(
                f"{self.role.model} at {self.role.base_url} does not answer ({answer.reason}: {answer.detail}): "
                "see that its server runs, then give the same command again; what was paid for is kept"
            )
        raise CallFailed(answer)


def model_roles(recipe: Generate) -> dict[str, Role]:
    """The roles that a chat model does."""
    roles = {name: getattr(recipe, name) for name in ROLES}
    return {name: role for name, role in roles.items() if role.is_model}


@contextlib.asynccontextmanager
async def open_clients(recipe: Generate, cache_path: Path, budget: Budget) -> AsyncIterator[dict[str, RoleClient]]:
    """Open a client for each role of `model_roles`; roles with equal settings share a connection.

    Raises:
        UserError: a key is not set, the cache cannot be written.
    """
    roles = model_roles(recipe)
    async with contextlib.AsyncExitStack() as stack:
        cache = Cache(cache_path) if roles else None
        clients: dict[str, ChatClient] = {}
        for role in roles.values():
            if _address(role) not in clients and cache is not None:
                clients[_address(role)] = await stack.enter_async_context(ChatClient(role, cache, budget))
        yield {name: RoleClient(role, clients[_address(role)]) for name, role in roles.items()}


def sum_usage(clients: Mapping[str, RoleClient]) -> dict[str, Any]:
    """What every model was asked and billed, for `run.json`."""
    usages: dict[int, tuple[list[str], Usage]] = {}
    for name, own in clients.items():
        usages.setdefault(id(own.client), ([], own.client.usage))[0].append(name)
    return {" + ".join(names): usage.summary() for names, usage in usages.values()}


def _address(role: Role) -> str:
    """What a client needs to know of a role: roles that agree in it share one."""
    return role.model_dump_json(exclude={"sees", "prompt", "by"})
