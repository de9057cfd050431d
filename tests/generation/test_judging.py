"""Two wordings that must agree, and the gate that compares answers."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scripted import make_pages
from server import Call, Reaction, ScriptedServer

from docrerank.chat import Budget
from docrerank.generation.clients import open_clients
from docrerank.generation.judging import Judge, same_answer
from docrerank.queries import Rules
from docrerank.recipe import load_recipe
from docrerank.records import Query, Verdict

PAGES = make_pages(1, 2)["volume-000"]
QUERY = Query("", PAGES[0].id, "How many litres did Graz treat in 1991?", "positive", "question", answer="37 litres")


def ask(folder: Path, answers: dict[str, str], answerable: bool) -> tuple[list[Verdict], bool, str, list[Call]]:
    """Verdicts, whether they pass, and the third gate, of a judge that answers each wording as given."""

    def script(call: Call) -> Reaction:
        kind = "answer" if "`found`" in call.text else "stated" if "Search query" in call.text else ""
        kind = kind or ("derivable" if "A reader who has nothing" in call.text else "stated")
        return Reaction(answers.get(kind, "{}"))

    async def run(url: str) -> tuple[list[Verdict], bool, str]:
        keys = ["by=model", f"base_url={url}", "model=judge-model", "sees=text"]
        recipe = load_recipe("cpu", [f"generate.judge.{key}" for key in keys]).generate
        async with open_clients(recipe, folder / "requests.sqlite", Budget()) as clients:
            judge = Judge(clients["judge"], Rules(PAGES, recipe, 13), ("<page>\ntext\n</page>\n",))
            verdicts, passed = await judge.verify(QUERY, answerable)
            return verdicts, passed, await judge.answers_alike(QUERY) if "answer" in answers else ""

    with ScriptedServer(script) as server:
        verdicts, passed, gate = asyncio.run(run(server.base_url))
        calls = [call for call in server.calls if "the word hello" not in call.text]
    return verdicts, passed, gate, calls


def say(answerable: bool) -> str:
    return json.dumps({"ground": "it stands there", "answerable": answerable})


@pytest.mark.parametrize(
    ("stated", "derivable", "answerable", "passes", "asked"),
    [
        (True, True, True, True, 2),
        (True, False, True, False, 2),
        (False, True, True, False, 1),
        (False, False, False, True, 2),
        (False, True, False, False, 2),
        (True, False, False, False, 1),
    ],
)
def test_both_wordings_must_say_so_and_the_second_is_asked_only_if_needed(
    stated: bool, derivable: bool, answerable: bool, passes: bool, asked: int, tmp_path: Path
) -> None:
    answers = {"stated": say(stated), "derivable": say(derivable)}
    verdicts, passed, _, calls = ask(tmp_path, answers, answerable)
    assert (passed, len(verdicts), len(calls)) == (passes, asked, asked)
    assert [verdict.wording for verdict in verdicts] == ["stated", "derivable"][:asked]
    assert verdicts[0].raw == answers["stated"]
    assert verdicts[0].prompt == "judge-stated/2"


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ('{"found": true, "answer": "37"}', ""),
        ('{"found": true, "answer": "38"}', "'37 litres' against '38'"),
        ('{"found": false, "answer": ""}', "the judge finds no answer"),
    ],
)
def test_the_third_gate_says_why(answer: str, why: str, tmp_path: Path) -> None:
    *_, gate, _ = ask(tmp_path, {"stated": say(True), "derivable": say(True), "answer": answer}, True)
    assert gate == why


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("$1,234.5 million", "1,234 million dollars", True),
        ("12 %", "12.5%", False),
        ("2019 and 2020", "2019", False),
        ("Board of Directors", "the board of directors of Acme", True),
        ("Germany", "France", False),
        ("", "", False),
        ("yes", "", False),
        ("0", "0.0", True),
    ],
)
def test_answers_are_the_same_by_numbers_else_by_words(one: str, other: str, same: bool) -> None:
    assert same_answer(one, other) is same


@given(st.text(max_size=80), st.text(max_size=80))
def test_comparing_answers_is_the_same_both_ways(one: str, other: str) -> None:
    assert same_answer(one, other) is same_answer(other, one)
