from __future__ import annotations

import asyncio
import logging
import os
import time
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel
from server import Call, Reaction, ScriptedServer

from docrerank.chat import Answer, Budget, BudgetReached, Cache, ChatClient, ChatRequest, Failure, Patience, Reason
from docrerank.recipe.endpoints import Endpoint, Sampling
from docrerank.records import UserError

QUICK = Patience(tries=4, farewell=2.0)


class Year(BaseModel):
    year: int


def make_endpoint(server: ScriptedServer, **settings: object) -> Endpoint:
    return Endpoint.model_validate({"base_url": server.base_url, "model": "m", "timeout": 5.0, **settings})


async def ask_all(endpoint: Endpoint, cache: Cache, *requests: ChatRequest, patience: Patience = QUICK) -> list[Any]:
    async with ChatClient(endpoint, cache, patience=patience) as client:
        return await asyncio.gather(*(client.ask(request) for request in requests))


def ask_one(server: ScriptedServer, request: ChatRequest, **settings: object) -> Answer | Failure:
    return asyncio.run(ask_all(make_endpoint(server, **settings), Cache(":memory:"), request))[0]


def test_an_answer_comes_with_its_usage() -> None:
    with ScriptedServer(lambda call: Reaction("hello")) as server:
        answer = ask_one(server, ChatRequest(("hi",), system="be short"))
    assert isinstance(answer, Answer)
    assert (answer.text, answer.reply.input_tokens, answer.reply.output_tokens) == ("hello", 100, 10)
    assert server.calls[0].body["messages"][0] == {"role": "system", "content": "be short"}


def test_a_call_answered_once_is_not_sent_again_by_another_run(tmp_path: Path) -> None:
    request = ChatRequest(("hi",))
    with ScriptedServer() as server:
        for _ in range(2):
            with Cache(tmp_path / "requests.sqlite") as cache:
                answer = asyncio.run(ask_all(make_endpoint(server), cache, request))[0]
    assert server.paid == {"hi": 1}
    assert answer.cached


def test_the_same_call_asked_twice_at_once_is_sent_once() -> None:
    with ScriptedServer(lambda call: Reaction(delay=0.1)) as server:
        answers = asyncio.run(ask_all(make_endpoint(server), Cache(":memory:"), *[ChatRequest(("hi",))] * 50))
    assert server.paid == {"hi": 1}
    assert {answer.text for answer in answers} == {"fine"}


@pytest.mark.parametrize(
    ("reaction", "reason"),
    [
        (Reaction("slow", status=429), Reason.RATE_LIMITED),
        (Reaction("broken", status=503), Reason.SERVER_ERROR),
        (Reaction("no", status=400), Reason.REJECTED),
        (Reaction("no", status=400, code="content_filter"), Reason.CONTENT_FILTER),
        (Reaction(kind="drop"), Reason.DROPPED),
        (Reaction(kind="half"), Reason.DROPPED),
        (Reaction(kind="hang"), Reason.TIMED_OUT),
        (Reaction(kind="drip"), Reason.TIMED_OUT),
        (Reaction("x" * 1_000_000), Reason.TOO_LARGE),
        (Reaction(raw=b"<html>busy</html>"), Reason.NO_COMPLETION),
        (Reaction(raw=b'{"choices":[]}'), Reason.NO_COMPLETION),
        (Reaction(raw=b"[" * 100_000), Reason.NO_COMPLETION),
        (Reaction(""), Reason.EMPTY),
        (Reaction("the the the " * 300, finish="length"), Reason.CUT_OFF),
        (Reaction(finish="content_filter"), Reason.CONTENT_FILTER),
        (Reaction(message={"refusal": "I cannot"}), Reason.REFUSED),
    ],
)
def test_each_fault_has_its_reason(reaction: Reaction, reason: Reason) -> None:
    with ScriptedServer(lambda call: reaction) as server:
        failure = ask_one(server, ChatRequest(("hi",)), timeout=0.4)
    assert isinstance(failure, Failure)
    assert failure.reason is reason
    assert len(server.calls) <= QUICK.tries


def test_what_was_paid_for_is_kept_whatever_it_is_worth(tmp_path: Path) -> None:
    """An answer that is too large, cut off or refused is not paid for again."""
    reactions = {
        "a": Reaction("x" * 1_000_000),
        "b": Reaction("x", finish="length"),
        "c": Reaction(message={"refusal": "no"}),
    }
    requests = [ChatRequest((name,)) for name in reactions]
    with ScriptedServer(lambda call: reactions[call.text]) as server, Cache(tmp_path / "r.sqlite") as cache:
        first = asyncio.run(ask_all(make_endpoint(server), cache, *requests))
        second = asyncio.run(ask_all(make_endpoint(server), cache, *requests))
    assert server.paid == {"a": 1, "b": 1, "c": 1}
    assert (
        [f.reason for f in first] == [f.reason for f in second] == [Reason.TOO_LARGE, Reason.CUT_OFF, Reason.REFUSED]
    )


def test_a_call_waits_as_long_as_the_server_asks() -> None:
    def script(call: Call) -> Reaction:
        return Reaction("wait", status=429, headers={"retry-after": "1"}) if call.nth == 1 else Reaction()

    with ScriptedServer(script) as server:
        started = time.monotonic()
        answer = ask_one(server, ChatRequest(("hi",)))
    assert isinstance(answer, Answer)
    assert time.monotonic() - started >= 1.0


def test_a_server_that_asks_to_wait_too_long_is_not_waited_for() -> None:
    with ScriptedServer(lambda call: Reaction("wait", status=429, headers={"retry-after": "3600"})) as server:
        failure = ask_one(server, ChatRequest(("hi",)))
    assert failure.reason is Reason.RATE_LIMITED
    assert len(server.calls) == 1


def test_calls_of_a_page_bear_one_session_id_and_another_page_another() -> None:
    requests = [ChatRequest((text,), group=group) for text, group in (("a", "d/1"), ("b", "d/1"), ("c", "d/2"))]
    with ScriptedServer() as server:
        asyncio.run(ask_all(make_endpoint(server), Cache(":memory:"), *requests))
    ids = {call.text: call.headers["x-session-id"] for call in server.calls}
    assert ids["a"] == ids["b"] != ids["c"]


def test_no_more_calls_are_in_flight_than_the_endpoint_takes() -> None:
    requests = [ChatRequest((str(n),)) for n in range(40)]
    with ScriptedServer(lambda call: Reaction(delay=0.02)) as server:
        asyncio.run(ask_all(make_endpoint(server, max_concurrency=4), Cache(":memory:"), *requests))
    assert server.peak == 4


def test_a_budget_is_never_passed_and_the_rest_is_done_later(tmp_path: Path) -> None:
    requests = [ChatRequest((str(n),)) for n in range(30)]
    settings = {"price_input": 1000.0, "price_output": 1000.0, "sampling": Sampling(max_tokens=100)}

    async def spend(endpoint: Endpoint, cache: Cache, budget: Budget) -> list[Any]:
        async with ChatClient(endpoint, cache, budget, QUICK) as client:
            return await asyncio.gather(*(client.ask(r) for r in requests), return_exceptions=True)

    with ScriptedServer() as server, Cache(tmp_path / "r.sqlite") as cache:
        endpoint, budget = make_endpoint(server, **settings), Budget(money=1.1)
        first = asyncio.run(spend(endpoint, cache, budget))
        done = sum(isinstance(outcome, Answer) for outcome in first)
        second = asyncio.run(spend(endpoint, cache, Budget(money=10.0)))
    assert budget.spent <= 1.1
    assert 8 <= done <= 10
    assert sum(isinstance(outcome, BudgetReached) for outcome in first) == 30 - done
    assert all(isinstance(outcome, Answer) for outcome in second)
    assert set(server.paid.values()) == {1}


def test_a_wrong_key_stops_with_one_line_that_does_not_show_it(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("SOME_KEY", "sk-very-secret")
    caplog.set_level(logging.DEBUG)

    def script(call: Call) -> Reaction:
        return Reaction(f"bad key {call.headers['authorization']}", status=401)

    with ScriptedServer(script) as server, pytest.raises(UserError, match=r"check the key in \$SOME_KEY") as caught:
        ask_one(server, ChatRequest(("hi",)), api_key_env="SOME_KEY")
    assert server.calls[0].headers["authorization"] == "Bearer sk-very-secret"
    assert "sk-very-secret" not in str(caught.value)
    assert "sk-very-secret" not in caplog.text
    assert caught.value.__context__ is None


def test_the_key_is_in_no_file_and_no_repr(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SOME_KEY", "sk-very-secret")
    with ScriptedServer() as server, Cache(tmp_path / "r.sqlite") as cache:
        client = ChatClient(make_endpoint(server, api_key_env="SOME_KEY"), cache)
        assert "secret" not in f"{client!r}{client.endpoint!r}{vars(client)!r}"
        asyncio.run(ask_all(client.endpoint, cache, ChatRequest(("hi",))))
        assert all(b"very-secret" not in file.read_bytes() for file in Path(tmp_path).iterdir())


def test_a_missing_key_is_named_before_any_call(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SOME_KEY", raising=False)
    endpoint = Endpoint(base_url="http://127.0.0.1:1/v1", model="m", api_key_env="SOME_KEY")
    with pytest.raises(UserError, match="SOME_KEY is not set"):
        ChatClient(endpoint, Cache(":memory:"))


def test_answers_in_flight_when_the_run_is_interrupted_are_kept(tmp_path: Path) -> None:
    async def interrupt(endpoint: Endpoint, cache: Cache) -> None:
        async with ChatClient(endpoint, cache, patience=QUICK) as client:
            asking = asyncio.gather(*(client.ask(ChatRequest((str(n),))) for n in range(100)))
            await asyncio.sleep(0.15)
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)

    with ScriptedServer(lambda call: Reaction(delay=0.3)) as server, Cache(tmp_path / "r.sqlite") as cache:
        asyncio.run(interrupt(make_endpoint(server, max_concurrency=8), cache))
        assert len(cache) == len(server.calls) == 8


def test_proxies_are_not_used_for_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environ, "http_proxy", "http://127.0.0.1:1")
    with ScriptedServer() as server:
        assert isinstance(ask_one(server, ChatRequest(("hi",))), Answer)
