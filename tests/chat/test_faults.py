"""Two thousand calls against a server at its worst, and runs that are killed: nothing lost, nothing paid twice."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import subprocess
import sys
import time
import zlib
from collections import Counter
from pathlib import Path

import pytest
from server import Call, Reaction, ScriptedServer

from docrerank.chat import Answer, Cache, ChatClient, ChatRequest, Failure, Patience
from docrerank.recipe.endpoints import Endpoint

CALLS = 2000
#: The share of calls that end in each of these for good.
FINAL = {
    "rejected": Reaction("no", status=400),
    "refused": Reaction(message={"refusal": "no"}),
    "empty": Reaction(" "),
}
FINAL |= {"cut": Reaction("the the " * 99, finish="length"), "filter": Reaction(finish="content_filter")}
FINAL |= {"large": Reaction("x" * 1_000_000)}
PASSING = [
    Reaction("slow down", status=429, headers={"retry-after": "0.05"}),
    Reaction("oops", status=500),
    Reaction("busy", status=503),
    Reaction(kind="drop"),
    Reaction(kind="half"),
    Reaction(raw=b"<html>bad gateway</html>"),
]
NAMES = {
    "rejected": "request rejected",
    "refused": "refused by the model",
    "empty": "empty answer",
    "cut": "cut off at max_tokens",
    "filter": "content filter",
    "large": "answer too large",
}


def fate(text: str) -> str:
    """What becomes of a call in the end, fixed by its text."""
    number = zlib.crc32(text.partition("\n")[0].encode()) % 1000
    return list(FINAL)[number] if number < 5 else ("large" if number == 5 else "fine")


def script(call: Call) -> Reaction:
    if call.nth == 1 and random.random() < 0.15:
        return random.choice(PASSING)
    reaction = FINAL.get(fate(call.text), Reaction("fine"))
    return reaction


async def ask_everything(endpoint: Endpoint, cache: Cache) -> tuple[list[Answer | Failure], ChatClient]:
    patience = Patience(tries=8, asks=2)
    async with ChatClient(endpoint, cache, patience=patience) as client:
        requests = [ChatRequest((f"call {n}",), group=str(n // 10)) for n in range(CALLS)]
        return await asyncio.gather(*(client.ask(request) for request in requests)), client


@pytest.mark.slow
def test_two_thousand_calls_survive_every_fault(tmp_path: Path) -> None:
    expected = Counter(NAMES[name] for n in range(CALLS) if (name := fate(f"call {n}")) != "fine")
    with ScriptedServer(script) as server, Cache(tmp_path / "r.sqlite") as cache:
        endpoint = Endpoint(base_url=server.base_url, model="m", timeout=5)
        first, client = asyncio.run(ask_everything(endpoint, cache))
        sent = len(server.calls)
        second, _ = asyncio.run(ask_everything(endpoint, cache))
    assert len(first) == CALLS
    assert Counter(str(o.reason) for o in first if isinstance(o, Failure)) == expected
    assert client.usage.failures == expected
    assert [type(outcome) for outcome in first] == [type(outcome) for outcome in second]
    assert max(server.paid.values()) == 1
    assert len(server.calls) - sent == sum(fate(f"call {n}") == "rejected" for n in range(CALLS))
    assert client.usage.answered == sum(server.paid.values())


CHILD = """
import asyncio, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job ignores it, and so would we
from docrerank.chat import Cache, ChatClient, ChatRequest
from docrerank.recipe.endpoints import Endpoint
async def main(url, path):
    endpoint = Endpoint(base_url=url, model="m", max_concurrency=16)
    with Cache(path) as cache:
        async with ChatClient(endpoint, cache) as client:
            await asyncio.gather(*(client.ask(ChatRequest((f"call {n}",))) for n in range(400)))
            print(client.usage.answered, client.usage.cached)
asyncio.run(main(*sys.argv[1:]))
"""


def start(server: ScriptedServer, path: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", CHILD, server.base_url, str(path)], stdout=subprocess.PIPE)


@pytest.mark.slow
def test_a_killed_run_goes_on_where_it_was(tmp_path: Path) -> None:
    """An answer on its way when the process dies is paid for again: at most those in flight, once for each death."""
    deaths, path = 5, tmp_path / "r.sqlite"
    with ScriptedServer(lambda call: Reaction(delay=0.05)) as server:
        for death in range(deaths):
            child, goal = start(server, path), len(server.calls) + 60 + death
            while len(server.calls) < goal and child.poll() is None:
                time.sleep(0.005)
            os.kill(child.pid, signal.SIGKILL)
            child.communicate()
            with Cache(path) as cache:
                stored = len(cache)
        output, _ = start(server, path).communicate(timeout=120)
    answered, cached = map(int, output.split())
    assert answered + cached == 400
    assert cached == stored
    assert len(server.paid) == 400
    assert sum(server.paid.values()) - 400 <= deaths * 16


def test_ctrl_c_keeps_what_arrives(tmp_path: Path) -> None:
    with ScriptedServer(lambda call: Reaction(delay=0.2)) as server:
        child = start(server, tmp_path / "r.sqlite")
        while len(server.calls) < 30 and child.poll() is None:
            time.sleep(0.01)
        child.send_signal(signal.SIGINT)
        child.communicate(timeout=120)
        with Cache(tmp_path / "r.sqlite") as cache:
            assert len(cache) == sum(server.paid.values()) == len(server.calls)
    assert len(server.calls) < 100
