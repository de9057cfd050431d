"""Real model servers: llama.cpp with SmolLM2-135M, `transformers serve` and vLLM with tiny random vision models."""

from __future__ import annotations

import asyncio
import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
from fixtures.llama import serve_smollm2
from fixtures.tiny_vision import CHAT, make_model, make_tokenizer, save_base
from fixtures.vllm import StartVllm
from pydantic import BaseModel

from docrerank.chat import Answer, Cache, ChatClient, ChatRequest, Failure
from docrerank.generation import generate
from docrerank.pages import ingest
from docrerank.recipe import load_recipe
from docrerank.recipe.endpoints import Endpoint
from docrerank.runs import Run

pytestmark = pytest.mark.servers
SAMPLE = sorted((Path(__file__).parents[2] / "samples" / "benchmark" / "corpus").glob("brankholm-*.pdf"))


def read_sample(folder: Path, *overrides: str) -> Run:
    run = Run.create(folder, load_recipe("cpu", ["generate.positives_per_page=1", *overrides]))
    ingest(run, SAMPLE[:1])
    return run


def reasons(run: Run) -> Counter[str]:
    return Counter(row.reason for row in run.rejected("generate").read())


@pytest.fixture(scope="module")
def llama() -> Iterator[Endpoint]:
    with serve_smollm2() as endpoint:
        yield endpoint


class Rewrite(BaseModel):
    question: str
    year: int


def test_smollm2_answers_gives_probabilities_and_keeps_a_schema(llama: Endpoint) -> None:
    question = "Ask about another year: What were the net sales of the cloud segment in 2020?"
    requests = [
        ChatRequest(("Name one colour, in one word.",)),
        ChatRequest(("Is Paris in France?",), one_token=True),
        ChatRequest((question,), schema=Rewrite),
    ]

    async def ask() -> list[Answer | Failure]:
        async with ChatClient(llama, Cache(":memory:")) as client:
            return await asyncio.gather(*map(client.ask, requests))

    chat, token, rewrite = asyncio.run(ask())
    assert chat.text
    assert isinstance(token, Answer)
    assert 0 < sum(json.loads(token.text).values()) <= 1
    assert isinstance(rewrite, Answer)
    assert isinstance(rewrite.value, Rewrite)


def test_what_smollm2_writes_is_verified_by_the_rules(llama: Endpoint, tmp_path: Path) -> None:
    extra = "extra={repeat_penalty: 1.1}"  # small models run in circles without it
    keys = [
        f"generate.{role}.{key}"
        for role in ("negative_writer", "rephraser")
        for key in (
            *("by=model", "prompt=short", "sees=text", "sampling.max_tokens=600", "max_concurrency=2", extra),
            *(f"base_url={llama.base_url}", f"model={llama.model}"),
        )
    ]
    run = read_sample(tmp_path / "run", *keys, "generate.negative_writer.sampling.temperature=0.7")
    counts = generate(run)
    written = [query for query in run.queries.read() if query.writer.startswith("SmolLM2")]
    for query in written:
        print(f"{query.kind} {query.property}: {query.text}")
    print(counts)
    assert written, "so small a model writes few queries that the gates let through, but some"
    assert all(query.edited for query in written if query.kind == "hard_negative")
    assert all(verdict.judge.startswith("rules/") for verdict in run.verdicts.read())
    pages = {query.page_id for query in run.queries.read()} | {row.page_id for row in run.rejected("generate").read()}
    assert pages == {page.id for page in run.pages.read()}


@pytest.fixture(scope="module")
def llava(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    if not (find_spec("uvicorn") and find_spec("fastapi")):
        pytest.skip("transformers[serving] is not installed")
    from tiny_llava import save_tiny_llava

    folder = save_tiny_llava(tmp_path_factory.mktemp("llava"))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [Path(sys.executable).with_name("transformers"), "serve", folder, "--device", "cpu", "--port", str(port)]
    log = (folder / "log.txt").open("w")
    environment = {**os.environ, "HF_HUB_OFFLINE": "1"}
    server = subprocess.Popen(list(map(str, command)), stdout=log, stderr=log, env=environment)
    try:
        _wait(port, server, folder / "log.txt")
        yield f"http://127.0.0.1:{port}/v1|{folder}"
    finally:
        server.kill()
        server.wait()
        log.close()


def _wait(port: int, server: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(120):
        assert server.poll() is None, log.read_text()[-2000:]
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=2):
                return
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(1)
    raise AssertionError(log.read_text()[-2000:])


def test_a_vision_server_takes_page_images_and_what_it_babbles_is_counted(llava: str, tmp_path: Path) -> None:
    """Random weights write no JSON: the images must arrive, every page must be accounted for, the run must end."""
    url, _, model = llava.partition("|")
    keys = [
        f"generate.{role}.{key}"
        for role in ("positive_writer", "judge")
        for key in ("by=model", f"base_url={url}", f"model={model}", "image_pixels=40000", "max_concurrency=2")
    ]
    keys += ["generate.positive_writer.sampling.max_tokens=24", "generate.judge.sampling.max_tokens=24"]
    run = read_sample(tmp_path / "run", *keys)
    counts = generate(run)
    print(counts, run.manifest.read()["usage"])
    found = reasons(run)
    assert sum(found.values()) == run.pages.count(run.pages.names()[0])
    assert set(found) <= {"model: invalid JSON", "model: wrong schema", "model: cut off at max_tokens"}
    usage = run.manifest.read()["usage"][0]["positive_writer + judge"]
    assert usage["answered"] >= sum(found.values())
    assert usage["input_tokens"] > 400 * sum(found.values())


def test_vllm_keeps_the_schema_so_that_even_random_weights_judge(start_vllm: StartVllm, tmp_path: Path) -> None:
    """Guided JSON and page images: every judgement is read, every positive of the rules has one."""
    tokenizer = make_tokenizer()
    folder = save_base(tmp_path / "tiny", "qwen2_vl", make_model("qwen2_vl", tokenizer, width=128), tokenizer)
    (folder / "chat.jinja").write_text(CHAT)
    options = ["--chat-template", str(folder / "chat.jinja"), "--limit-mm-per-prompt", '{"image": 1}']
    # Random weights would write white space for ever.
    options += ["--structured-outputs-config", '{"backend": "xgrammar", "disable_any_whitespace": true}']
    with start_vllm(folder, "--served-model-name", "tiny", *options) as served:
        settings = ("by=model", f"base_url={served.url}/v1", "model=tiny", "image_pixels=40000", "max_concurrency=2")
        keys = [f"generate.judge.{key}" for key in (*settings, "sampling.max_tokens=2000")]
        run = read_sample(tmp_path / "run", *keys)
        print(generate(run))
        images = re.findall(r"^vllm:mm_cache_queries_total\S* (\S+)", served.get("/metrics").text, re.MULTILINE)
    usage = run.manifest.read()["usage"][0]["judge"]
    assert usage["answered"] > 100
    assert usage["failures"] == {}
    assert not any(reason.startswith("model:") for reason in reasons(run))
    assert sum(map(float, images)) >= usage["answered"] - 1, "each judgement but the probe has its page's image"
