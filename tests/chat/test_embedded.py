"""A real model behind a real server: SmolLM2-135M in llama.cpp."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import BaseModel

from docrerank.chat import Answer, Cache, ChatClient, ChatRequest, EmbeddedServer, Failure
from docrerank.recipe.endpoints import Endpoint, Sampling
from docrerank.records import MissingExtra, UserError

SETTINGS = Endpoint(sampling=Sampling(max_tokens=48), timeout=60)


class Rewrite(BaseModel):
    question: str
    year: int


@pytest.fixture(scope="module")
def server() -> Iterator[EmbeddedServer]:
    try:
        embedded = EmbeddedServer(threads=1, slots=2, context_tokens=1024)
    except MissingExtra as missing:
        pytest.skip(str(missing))
    with embedded:
        yield embedded


def ask(server: EmbeddedServer, *requests: ChatRequest) -> tuple[list[Answer | Failure], ChatClient]:
    async def work() -> tuple[list[Answer | Failure], ChatClient]:
        async with ChatClient(server.endpoint(SETTINGS), Cache(":memory:")) as client:
            return await asyncio.gather(*(client.ask(request) for request in requests)), client

    return asyncio.run(work())


def test_the_model_answers(server: EmbeddedServer) -> None:
    (chat, token), _ = ask(
        server, ChatRequest(("Name one colour, in one word.",)), ChatRequest(("Is Paris in France?",), one_token=True)
    )
    assert isinstance(chat, Answer | Failure)
    assert chat.text
    assert isinstance(token, Answer)
    assert 0 < sum(json.loads(token.text).values()) <= 1
    assert token.reply.input_tokens > 0
    assert token.reply.model == "SmolLM2-135M-Instruct.Q4_1"


def test_the_schema_is_enforced(server: EmbeddedServer) -> None:
    question = "Ask about another year: What were the net sales of the cloud segment in 2020?"
    (answer,), client = ask(server, ChatRequest((question,), schema=Rewrite))
    assert client._enforces.result()
    assert isinstance(answer, Answer), answer
    assert isinstance(answer.value, Rewrite)


def test_an_image_is_refused_by_a_text_model_with_a_reason(server: EmbeddedServer, picture: bytes) -> None:
    from docrerank.chat import Image, Patience

    async def work() -> Answer | Failure:
        patience = Patience(tries=2)
        async with ChatClient(server.endpoint(SETTINGS), Cache(":memory:"), patience=patience) as client:
            return await client.ask(ChatRequest((Image.encode(picture), "What is this?")))

    assert "image input is not supported" in asyncio.run(work()).detail


def test_it_is_gone_after_the_run(server: EmbeddedServer) -> None:
    with EmbeddedServer(threads=1, slots=1, context_tokens=256) as second:
        process = second.process
        assert second.base_url != server.base_url
    assert process.poll() is not None


def test_it_dies_with_a_killed_parent(server: EmbeddedServer) -> None:
    code = (
        "import time; from docrerank.chat import EmbeddedServer\n"
        "with EmbeddedServer(threads=1, slots=1, context_tokens=256) as server:\n"
        "    print(server.process.pid, flush=True); time.sleep(60)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    child = int(parent.stdout.readline())
    os.kill(parent.pid, signal.SIGKILL)
    parent.communicate()
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and is_alive(child):
        time.sleep(0.05)
    assert not is_alive(child)


def test_a_file_that_is_no_model_is_refused(tmp_path: Path, server: EmbeddedServer) -> None:
    (tmp_path / "a.gguf").write_bytes(b"hello")
    (tmp_path / "b.gguf").write_bytes(b"GGUF" + b"\x00" * 100)
    with pytest.raises(UserError, match="not a GGUF file"):
        EmbeddedServer(tmp_path / "a.gguf")
    with pytest.raises(UserError, match="cannot read the model"):
        EmbeddedServer(tmp_path / "none.gguf")
    with pytest.raises(UserError, match="stopped while it started"), EmbeddedServer(tmp_path / "b.gguf"):
        pass


def is_alive(pid: int) -> bool:
    """A zombie that nobody waits for is dead."""
    try:
        with open(f"/proc/{pid}/stat") as handle:
            return handle.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
