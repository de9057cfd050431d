"""What models under some 4 billion parameters need: shorter prompts, less asked for, one token of a judge."""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest
from scripted import make_pages
from server import Call, Reaction, ScriptedServer

from docrerank.chat import Budget
from docrerank.generation.clients import CallFailed, RoleClient, open_clients
from docrerank.generation.judging import Judge
from docrerank.generation.model_answers import read_probability
from docrerank.generation.model_writers import write_negatives, write_positives
from docrerank.queries import Rules
from docrerank.recipe import Generate, load_recipe
from docrerank.records import Query

Result = TypeVar("Result")
PAGES = make_pages(1, 2)["volume-000"]
QUERY = Query(
    "a/1#1", PAGES[0].id, "How many litres did Graz treat in 1991 in all?", "positive", "question", answer="37 litres"
)
VIEW = ("<page>\ntext\n</page>\n",)


def ask(
    folder: Path,
    role: str,
    script: Callable[[Call], Reaction],
    work: Callable[[RoleClient, Generate], Result],
    *settings: str,
) -> tuple[Result, list[Call]]:
    async def run(url: str) -> Result:
        keys = ["by=model", f"base_url={url}", "model=small", "sees=text", *settings]
        recipe = load_recipe("cpu", [f"generate.{role}.{key}" for key in keys]).generate
        async with open_clients(recipe, folder / "requests.sqlite", Budget()) as clients:
            return await work(clients[role], recipe)  # type: ignore[misc]

    def answer(call: Call) -> Reaction:
        return Reaction('{"ready": true}') if "the word hello" in call.text else script(call)

    with ScriptedServer(answer) as server:
        found = asyncio.run(run(server.base_url))
    return found, [call for call in server.calls if "the word hello" not in call.text]


def say(*tokens: tuple[str, float]) -> Reaction:
    """A first token and the likeliest ones, as servers give them."""
    top = [{"token": token, "logprob": math.log(probability)} for token, probability in tokens]
    return Reaction(tokens[0][0], finish="length", choice={"logprobs": {"content": [{**top[0], "top_logprobs": top}]}})


async def _judge(client: RoleClient, recipe: Generate) -> list[tuple[bool, float | None]]:
    verdicts, _ = await Judge(client, Rules(PAGES, recipe, 13), VIEW).verify(QUERY, True)
    return [(verdict.answerable, verdict.probability) for verdict in verdicts]


def test_a_short_judge_is_asked_for_one_token_whose_probability_is_kept(tmp_path: Path) -> None:
    found, calls = ask(
        tmp_path, "judge", lambda call: say(("Yes", 0.6), ("No", 0.2), (" yes", 0.2)), _judge, "prompt=short"
    )
    assert found == [(True, 0.8), (True, 0.8)]
    assert {call.body["max_tokens"] for call in calls} == {1}
    assert all(call.body["logprobs"] and "response_format" not in call.body for call in calls)


def test_a_judge_whose_server_gives_no_probabilities_still_decides(tmp_path: Path) -> None:
    found, _ = ask(tmp_path, "judge", lambda call: Reaction("No", finish="length"), _judge, "prompt=short")
    assert found == [(False, 0.0)]


def test_a_judge_that_says_neither_yes_nor_no_gives_no_verdict(tmp_path: Path) -> None:
    with pytest.raises(CallFailed, match="neither yes nor no"):
        ask(tmp_path, "judge", lambda call: say(("The", 0.9), ("Maybe", 0.1)), _judge, "prompt=short")


@pytest.mark.parametrize("text", ["", "[1]", "{", '{"Maybe": 1.0}', "yes and no"])
def test_a_text_without_yes_or_no_has_no_probability(text: str) -> None:
    assert read_probability(text) is None


def _circle(call: Call) -> Reaction:
    """A model that runs in a circle when it is asked for many, to the token limit."""
    if "Write 8 different" in call.text:
        return Reaction('{"queries": [{"query": "What is it? What is it? What is it?', finish="length")
    queries = [{"query": f"How many litres did Graz treat in {year}?", "answer": "37"} for year in (1991, 1992)]
    return Reaction(json.dumps({"queries": queries}))


def test_a_writer_that_runs_in_a_circle_is_asked_once_more_for_a_third(tmp_path: Path) -> None:
    async def write(client: RoleClient, recipe: Generate) -> list[str]:
        written, _ = await write_positives(client, VIEW, PAGES[0], 8, "")
        return [query.text for query in written]

    found, calls = ask(tmp_path, "positive_writer", _circle, write, "prompt=short")
    assert found == ["How many litres did Graz treat in 1991?", "How many litres did Graz treat in 1992?"]
    schemas = [call.body["response_format"]["json_schema"]["schema"] for call in calls]
    assert [schema["properties"]["queries"]["maxItems"] for schema in schemas] == [8, 3]
    assert "maxLength" in json.dumps(schemas[0])


def test_short_edits_name_their_property_and_their_words_are_found(tmp_path: Path) -> None:
    async def write(client: RoleClient, recipe: Generate) -> list[tuple[str, str, str]]:
        return [(each.property, each.original, each.edited) for each in await write_negatives(client, QUERY, recipe)]

    row = {"property": "region", "query": QUERY.text.replace("1991", "1995")}  # as a small model names it
    found, _ = ask(
        tmp_path, "negative_writer", lambda call: Reaction(json.dumps({"queries": [row]})), write, "prompt=short"
    )
    assert found == [("year", "1991", "1995")]
