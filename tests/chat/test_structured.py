from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable

import pytest
from pydantic import BaseModel, Field
from server import Call, Reaction, ScriptedServer

from docrerank.chat import Answer, Cache, ChatClient, ChatRequest, Failure, Patience, Reason
from docrerank.chat.messages import schema_json
from docrerank.chat.structured import read_json, read_whole_items
from docrerank.recipe.endpoints import Endpoint


class Year(BaseModel):
    year: int
    note: str = ""


class Event(BaseModel):
    what: str = Field(max_length=20)
    year: int


class Events(BaseModel):
    events: list[Event] = Field(max_length=3)


REQUEST = ChatRequest(("Which year?",), schema=Year)
GOOD = '{"year": 2020, "note": ""}'


def ask(script: Callable[[Call], Reaction], times: int = 1) -> tuple[list[Answer | Failure], ScriptedServer]:
    async def work(endpoint: Endpoint) -> list[Answer | Failure]:
        patience = Patience(tries=3, farewell=1.0)
        async with ChatClient(endpoint, Cache(":memory:"), patience=patience) as client:
            requests = [ChatRequest((f"Which year? {n}",), schema=Year) for n in range(times)]
            return await asyncio.gather(*(client.ask(request) for request in requests))

    with ScriptedServer(script) as server:
        return asyncio.run(work(Endpoint(base_url=server.base_url, model="m", timeout=5))), server


def kind_of(call: Call) -> str:
    return call.body.get("response_format", {}).get("type", "none")


def enforce(call: Call) -> Reaction:
    return Reaction('{"ready": true}' if "hello" in call.text else GOOD)


def like_openai(call: Call) -> Reaction:
    return enforce(call) if kind_of(call) == "json_schema" else Reaction("hello")


def like_llama_cpp_python(call: Call) -> Reaction:
    """Knows no `json_schema`."""
    if kind_of(call) == "json_schema":
        return Reaction("validation error", status=500)
    return like_transformers_serve(call)


def like_transformers_serve(call: Call) -> Reaction:
    """Ignores `response_format`; the model behind it heeds the words of the prompt."""
    return Reaction(
        f"Sure:\n```json\n{GOOD}\n```" if "JSON schema" in call.text and "hello" not in call.text else "hello"
    )


@pytest.mark.parametrize(
    ("script", "used", "probes"),
    [(like_openai, "json_schema", 1), (like_llama_cpp_python, "none", 4), (like_transformers_serve, "none", 1)],
)
def test_each_server_is_asked_in_the_way_it_understands(
    script: Callable[[Call], Reaction], used: str, probes: int
) -> None:
    answers, server = ask(script, times=20)
    assert [answer.value for answer in answers] == [Year(year=2020)] * 20
    kinds = [kind_of(call) for call in server.calls]
    assert kinds[probes:] == [used] * 20


def test_a_server_that_is_down_is_not_taken_for_one_without_schemas() -> None:
    down = {"calls": 10}  # as many sendings as the first ask and its probes make, and one

    def script(call: Call) -> Reaction:
        down["calls"] -= 1
        return Reaction("starting", status=503) if down["calls"] > 0 else like_openai(call)

    async def work(endpoint: Endpoint) -> list[Answer | Failure]:
        async with ChatClient(endpoint, Cache(":memory:"), patience=Patience(tries=3)) as client:
            return [await client.ask(REQUEST), await client.ask(REQUEST)]

    with ScriptedServer(script) as server:
        first, second = asyncio.run(work(Endpoint(base_url=server.base_url, model="m")))
    assert first.reason is Reason.SERVER_ERROR
    assert isinstance(second, Answer)
    assert kind_of(server.calls[-1]) == "json_schema"


@pytest.mark.parametrize(
    ("text", "reason"),
    [("the year 2020", Reason.INVALID_JSON), ('{"year": "soon"}', Reason.WRONG_SCHEMA), ("", Reason.EMPTY)],
)
def test_a_bad_answer_is_asked_for_again_a_bounded_number_of_times(text: str, reason: Reason) -> None:
    (failure,), server = ask(lambda call: Reaction(text))
    assert failure.reason is reason
    assert len(server.calls) == 1 + 3
    assert [count for prompt, count in server.paid.items() if "hello" not in prompt] == [1, 1, 1]


def test_a_second_answer_of_the_right_shape_is_taken() -> None:
    (answer,), _ = ask(lambda call: Reaction(GOOD if "Try 2" in call.text else "2020, I think"))
    assert answer.value == Year(year=2020)


def test_a_schema_is_closed_and_asks_for_every_property() -> None:
    schema = json.loads(schema_json(Year))
    assert schema["required"] == ["year", "note"]
    assert schema["additionalProperties"] is False


@pytest.mark.parametrize(
    "text",
    [
        GOOD,
        f"```json\n{GOOD}\n```",
        f"```\n{GOOD}\n```",
        f"Here it is: {GOOD} I hope it helps.",
        f"<think>{{so}} many years</think>{GOOD}",
    ],
)
def test_words_around_the_json_are_forgiven(text: str) -> None:
    assert read_json(text, Year) == Year(year=2020)


def test_raw_control_characters_in_a_string_are_read_as_spaces() -> None:
    """vLLM lets them through where it keeps a schema."""
    assert read_json('{"year":\t2020, "note": "a\tb\x15c"}', Year) == Year(year=2020, note="a b c")


CUT = '{"events": [{"what": "founded", "year": 1990}, {"what": "sold", "year": 2001}, {"what": "renamed again and'


def test_the_whole_items_of_a_cut_off_reply_are_kept() -> None:
    async def work(endpoint: Endpoint) -> Answer | Failure:
        async with ChatClient(endpoint, Cache(":memory:")) as client:
            return await client.ask(ChatRequest(("Which events?",), schema=Events))

    def script(call: Call) -> Reaction:
        return like_openai(call) if "hello" in call.text else Reaction(CUT, finish="length")

    with ScriptedServer(script) as server:
        answer = asyncio.run(work(Endpoint(base_url=server.base_url, model="m")))
    assert isinstance(answer, Answer)
    assert answer.value == Events(events=[Event(what="founded", year=1990), Event(what="sold", year=2001)])


def test_an_item_of_the_wrong_shape_leaves_the_others() -> None:
    text = '{"events": [{"what": "founded", "year": "long ago"}, {"what": "sold", "year": 2001}, {"what": "renamed"}]}'
    assert read_whole_items(text, Events) == Events(events=[Event(what="sold", year=2001)])


def test_a_list_longer_than_asked_for_is_shortened() -> None:
    text = json.dumps({"events": [{"what": "sold", "year": year} for year in range(2000, 2010)]})
    found = read_whole_items(text, Events)
    assert found is not None
    assert [event.year for event in found.events] == [2000, 2001, 2002]


def test_properties_are_written_in_the_order_of_the_shape() -> None:
    """A judge must give its ground before it decides."""
    assert list(json.loads(schema_json(Event))["properties"]) == ["what", "year"]


@pytest.mark.parametrize("text", ["{" * 400_000, "```" * 150_000, "[" * 400_000, '{"year":' * 50_000, "}{" * 200_000])
def test_reading_takes_time_linear_in_the_answer(text: str) -> None:
    started = time.process_time()
    assert isinstance(read_json(text, Year), Failure)
    assert read_whole_items(text, Events) is None
    assert time.process_time() - started < 5
