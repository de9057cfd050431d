"""The server against the same models in one process, and against plain CrossEncoder behind the same web framework.

Real server processes on this machine's loopback address, real HTTP; everything ends by itself. Compare ratios only:
both sides take turns within one run, on one thread each (OMP_NUM_THREADS=1). Beside wall time stands the CPU time of
the server's process, which other work on the machine changes little.

    python benchmarks/serving.py overhead RUN          # HTTP against in-process `rank` and `predict`, top 20
    python benchmarks/serving.py load                  # 1, 8, 64 clients, twice the capacity, hostile bodies, SIGTERM
    python benchmarks/serving.py throughput RUN        # one client against 32, the same pages again
    python benchmarks/serving.py memory RUN            # the server's memory over 20,000 requests
    python benchmarks/serving.py text                  # a text cross-encoder, repeated pages
    python benchmarks/serving.py vision                # a vision-language model of random weights, repeated pages
    python benchmarks/serving.py faults RUN            # under load: a damaged cache, clients that leave
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import random
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

os.environ.setdefault("OMP_NUM_THREADS", "1")
HERE = Path(__file__).parent
TOP = 20
HEADERS = {"content-type": "application/json"}


class Client:
    """One connection that is kept."""

    def __init__(self, port: int) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=300)

    def post(self, body: bytes, path: str = "/v1/rerank") -> dict[str, Any]:
        """An answer's body.

        Raises:
            RuntimeError: it is no success.
        """
        self.connection.request("POST", path, body, HEADERS)
        answer = self.connection.getresponse()
        data = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{answer.status}: {data[:300]!r}")
        found: dict[str, Any] = json.loads(data)
        return found


@contextmanager
def serve(*command: str) -> Iterator[tuple[int, int]]:
    """Start a server that prints its address; gives its port and process id."""
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        assert child.stdout is not None
        found = re.search(r":(\d+)/", child.stdout.readline())
        assert found is not None, "the server did not start"
        port = int(found[1])
        _await(port)
        yield port, child.pid
    finally:
        child.terminate()
        child.wait(timeout=120)


def _await(port: int) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
            connection.request("GET", "/ready")
            if connection.getresponse().status == 200:
                return
        except OSError:
            time.sleep(0.1)
    raise SystemExit("the server did not become ready")


def docrerank(*arguments: str) -> tuple[str, ...]:
    """The command of our server."""
    return (sys.executable, "-m", "docrerank.cli", "serve", *arguments, "--port", "0")


def measure_overhead(run: Path, rounds: int) -> None:
    """Latency over HTTP against the same call in this process, in turns."""
    from docrerank.reranker import Reranker

    pages, queries = read_run(run)
    texts = [page.text for page in pages[:TOP]]
    reranker: Any = Reranker.from_pretrained("minilm")
    works: dict[str, Callable[[str], Any]] = {
        "minilm": lambda query: reranker.predict([(query, text) for text in texts]),
        "minilm-fused": lambda query: reranker.rank(query, texts),
    }
    with serve(*docrerank("minilm")) as (port, pid):
        client = Client(port)
        for model, work in works.items():
            queries = queries[rounds + 3 :]  # new ones: the server remembers how a query was encoded
            bodies = [encode(model, query, texts) for query in queries[: rounds + 3]]
            inside, outside, used = [], [], 0.0
            started = cpu_seconds(pid)
            for query, body in zip(queries, bodies, strict=False):
                before = time.process_time()
                inside.append(clock(partial(work, query)))
                used += time.process_time() - before
                outside.append(clock(partial(client.post, body)))
            ratios = [b / a for a, b in zip(inside[3:], outside[3:], strict=True)]
            low, high = bootstrap(ratios)
            print(
                f"{model}: in process {1000 * statistics.median(inside[3:]):.1f} ms, over HTTP "
                f"{1000 * statistics.median(outside[3:]):.1f} ms; median ratio {statistics.median(ratios):.3f} "
                f"[{low:.3f} {high:.3f}] of {len(ratios)} pairs; CPU time {(cpu_seconds(pid) - started) / used:.3f}"
            )


def measure_throughput(run: Path, seconds: float) -> None:
    """One client, then 32, each with its own questions about the same twenty pages; then 80 % of the capacity."""
    pages, queries = read_run(run)
    documents = [{"page_id": page.id} for page in pages[:TOP]]
    for model in ("minilm", "minilm-fused"):
        with serve(*docrerank("minilm", "--pages", str(run))) as (port, pid):
            bodies = [encode(model, query, documents) for query in queries]
            press(port, bodies, 1, 3)
            rates, costs = [], []
            for clients in (1, 32):
                started = cpu_seconds(pid)
                rates.append(press(port, bodies, clients, seconds)[0])
                costs.append((cpu_seconds(pid) - started) / (rates[-1] * seconds))
            print(
                f"{model}: {rates[0]:.1f} requests/s with one client, {rates[1]:.1f} with 32: "
                f"{rates[1] / rates[0]:.2f} times; CPU time a request {1000 * costs[0]:.1f} and "
                f"{1000 * costs[1]:.1f} ms: {costs[0] / costs[1]:.2f} times"
            )


@dataclass
class Load:
    """What came of some requests: seconds of those answered, how many were refused or failed, the slowest /health."""

    times: list[float] = field(default_factory=list)
    refused: int = 0
    failed: int = 0
    slowest: float = 0.0
    elapsed: float = 0.0

    def ask(self, port: int, body: bytes) -> None:
        """Send one request on a connection of its own."""
        started = time.monotonic()
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
            connection.request("POST", "/v1/rerank", body, HEADERS)
            answer = connection.getresponse()
            status = answer.status if json.loads(answer.read()) else 0
        except (OSError, http.client.HTTPException, ValueError):
            status = 0
        if status == 200:
            self.times.append(time.monotonic() - started)
        elif status in (413, 422, 429, 503):
            self.refused += 1
        else:
            self.failed += 1

    def watch(self, port: int, until: threading.Event) -> None:
        """Ask /health again and again."""
        while not until.wait(0.05):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
            started = time.monotonic()
            connection.request("GET", "/health")
            connection.getresponse().read()
            self.slowest = max(self.slowest, time.monotonic() - started)

    def row(self, name: str, pid: int) -> str:
        """A row of the table."""
        p50, p99 = np.percentile(self.times, [50, 99]) if self.times else (0.0, 0.0)
        rate = len(self.times) / self.elapsed
        return (
            f"| {name} | {rate:.2f} | {p50:.2f} | {p99:.2f} | {self.refused} | {self.failed} "
            f"| {1000 * self.slowest:.0f} | {resident(pid)} |"
        )


def measure_load(seconds: float) -> None:
    """Requests of 20 texts that the model has never read: from closed loops, then at twice the best rate; then bodies
    that are made to stop a server."""
    print("| clients | answered/s | p50 s | p99 s | refused | failed | slowest /health ms | RSS MiB |")
    print("|---|---|---|---|---|---|---|---|")
    with serve(*docrerank("minilm")) as (port, pid):
        Load().ask(port, draw_body(random.Random(0)))
        rate = 0.0
        for clients in (1, 8, 64):
            load = run_load(port, seconds, [partial(ask_again, load_seed=seed) for seed in range(clients)])
            rate = max(rate, len(load.times) / load.elapsed)
            print(load.row(str(clients), pid), flush=True)
        load = run_load(port, seconds, [partial(ask_at, rate=2 * rate)])
        print(load.row(f"twice the capacity ({2 * rate:.1f}/s)", pid), flush=True)
        load = run_load(port, seconds, [partial(ask_hostile, part=part) for part in HOSTILE])
        print(load.row(f"{len(HOSTILE)} that send 4 MB of values", pid), flush=True)
        measure_stop(port, pid)


def measure_stop(port: int, pid: int) -> None:
    """SIGTERM with eight requests in flight."""
    load = Load()
    threads = [threading.Thread(target=load.ask, args=(port, draw_body(random.Random(seed)))) for seed in range(8)]
    for thread in threads:
        thread.start()
    time.sleep(1.0)
    started = time.monotonic()
    os.kill(pid, signal.SIGTERM)
    for thread in threads:
        thread.join()
    while Path(f"/proc/{pid}/stat").exists() and " Z " not in Path(f"/proc/{pid}/stat").read_text():
        time.sleep(0.05)
    print(
        f"SIGTERM with 8 in flight: {len(load.times)} answered, {load.refused} told 503, {load.failed} lost; "
        f"ended after {time.monotonic() - started:.1f} s"
    )


def run_load(port: int, seconds: float, works: Sequence[Callable[[Load, int, float], None]]) -> Load:
    """Some clients at once, while /health is watched."""
    load, until = Load(), threading.Event()
    watching = threading.Thread(target=load.watch, args=(port, until))
    watching.start()
    load.elapsed = clock(
        lambda: run_threads([threading.Thread(target=work, args=(load, port, seconds)) for work in works])
    )
    until.set()
    watching.join()
    return load


def ask_again(load: Load, port: int, seconds: float, load_seed: int) -> None:
    """A client that asks again at once, or a second after it was refused."""
    ends, chance = time.monotonic() + seconds, random.Random(load_seed)
    while time.monotonic() < ends:
        refused = load.refused
        load.ask(port, draw_body(chance))
        time.sleep(1.0 if load.refused > refused else 0.0)


def ask_at(load: Load, port: int, seconds: float, rate: float) -> None:
    """Requests at random times, earlier ones answered or not."""
    ends, chance, threads = time.monotonic() + seconds, random.Random(11), []
    while time.monotonic() < ends:
        time.sleep(chance.expovariate(rate))
        threads.append(threading.Thread(target=load.ask, args=(port, draw_body(chance))))
        threads[-1].start()
    for thread in threads:
        thread.join()


def ask_hostile(load: Load, port: int, seconds: float, part: bytes) -> None:
    """A client that sends 4 MB of small values, again and again."""
    ends, body = time.monotonic() + seconds, b'{"query":"q","documents":[' + part * (4_000_000 // len(part)) + b'"a"]}'
    while time.monotonic() < ends:
        load.ask(port, body)


def draw_body(chance: random.Random) -> bytes:
    """A request with 20 new texts of 200 words."""
    texts = [" ".join(chance.choices(WORDS, k=199)) + f" {chance.random()}" for _ in range(TOP)]
    return encode("minilm", f"net sales {chance.random()}", texts)


def measure_memory(run: Path, requests: int) -> None:
    """Resident memory of the server while small requests with ever new texts go by."""
    with serve(*docrerank("minilm", "--pages", str(run))) as (port, pid):
        client = Client(port)
        for number in range(requests):
            client.post(encode("minilm", f"question {number % 97}", [f"text {number}", "another text"]))
            if (number + 1) % max(1, requests // 10) == 0:
                print(f"after {number + 1} requests: {resident(pid)} MiB", flush=True)


def compare_text(rounds: int) -> None:
    """A cross-encoder of MiniLM's geometry with a random head: ours and plain CrossEncoder, the same pages again."""
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    from docrerank.retrieval import minilm_folder

    torch.manual_seed(13)
    texts = [" ".join(random.Random(seed).choices(WORDS, k=110)) for seed in range(TOP)]
    with tempfile.TemporaryDirectory() as folder:
        model = AutoModelForSequenceClassification.from_pretrained(minilm_folder(), num_labels=1)
        model.save_pretrained(folder)
        AutoTokenizer.from_pretrained(minilm_folder()).save_pretrained(folder)
        compare(folder, [{"text": text} for text in texts], rounds, "text cross-encoder, 110 words a page")


def compare_vision(rounds: int) -> None:
    """The geometry of vision_scoring.py, random weights: ours and plain CrossEncoder, the same pages again."""
    sys.path.insert(0, str(HERE))
    import base64
    import io

    import vision_scoring as tiny

    with tempfile.TemporaryDirectory() as folder:
        tiny.load_both(Path(folder))
        images = []
        for seed in range(8):
            buffer = io.BytesIO()
            tiny.draw_page(seed, *tiny.SIDE).save(buffer, "PNG")
            images.append({"image": base64.b64encode(buffer.getvalue()).decode()})
        compare(str(Path(folder) / "saved"), images, rounds, f"vision, {tiny.GEOMETRY}, {tiny.SIDE} pixels, 8 pages")


def compare(folder: str, documents: Sequence[dict[str, str]], rounds: int, title: str) -> None:
    """Both servers on one folder and the same requests, in turns; every query is new, the pages repeat."""
    plain = (sys.executable, str(HERE / "plain_server.py"), folder)
    with serve(*docrerank(folder)) as (ours, own), serve(*plain) as (theirs, other):
        clients, used = {"ours": Client(ours), "plain": Client(theirs)}, {}
        times: dict[str, list[float]] = {"ours": [], "plain": []}
        for number in range(rounds + 1):
            body = json.dumps({"query": f"net sales of year {1990 + number}", "documents": documents}).encode()
            for name, client in clients.items():
                times[name].append(clock(partial(client.post, body)))
            if number == 0:
                used = {"ours": cpu_seconds(own), "plain": cpu_seconds(other)}
        cpu = (cpu_seconds(other) - used["plain"]) / (cpu_seconds(own) - used["ours"])
        ratios = [p / o for o, p in zip(times["ours"][1:], times["plain"][1:], strict=True)]
        low, high = bootstrap(ratios)
        medians = {name: 1000 * statistics.median(values[1:]) for name, values in times.items()}
        print(
            f"{title}: ours {medians['ours']:.0f} ms, plain {medians['plain']:.0f} ms; median ratio "
            f"{statistics.median(ratios):.2f} [{low:.2f} {high:.2f}] of {rounds}; CPU time {cpu:.2f}; first request "
            f"{times['plain'][0] / times['ours'][0]:.2f}"
        )


def survive(run: Path, seconds: float) -> None:
    """Load on a damaged page store while clients leave: every answer must hold the scores of a quiet server."""
    pages, queries = read_run(run)
    documents = [{"page_id": page.id} for page in pages[:TOP]]
    bodies = [encode("minilm", query, documents) for query in queries[:40]]
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(shutil.copytree(run, Path(folder) / "run"))
        with serve(*docrerank("minilm", "--pages", str(run))) as (port, _):
            client = Client(port)
            expected = {
                body: {hit["index"]: hit["relevance_score"] for hit in client.post(body)["results"]} for body in bodies
            }
        for file in copy.glob("encodings/**/*.safetensors"):
            data = bytearray(file.read_bytes())
            data[len(data) // 2 :: 7] = b"\x55" * len(data[len(data) // 2 :: 7])
            file.write_bytes(data)
        with serve(*docrerank("minilm", "--pages", str(copy))) as (port, _):
            leavers = threading.Thread(target=leave, args=(port, bodies, seconds))
            leavers.start()
            answers: list[tuple[bytes, dict[str, Any]]] = []
            rate, failed = press(port, bodies, 8, seconds, answers)
            leavers.join()
        worst = max(
            abs(hit["relevance_score"] - expected[body][hit["index"]])
            for body, answer in answers
            for hit in answer["results"]
        )
        print(
            f"{len(answers)} answers, {rate:.0f} a second; {failed} failed; largest difference of a score {worst:.1e}"
        )


def leave(port: int, bodies: Sequence[bytes], seconds: float) -> None:
    """Clients that send a request and go."""
    ends, chance = time.monotonic() + seconds, random.Random(5)
    while time.monotonic() < ends:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        connection.request("POST", "/v1/rerank", chance.choice(bodies), HEADERS)
        connection.close()
        time.sleep(0.05)


def press(
    port: int, bodies: Sequence[bytes], clients: int, seconds: float, answers: list[Any] | None = None
) -> tuple[float, int]:
    """Closed loop: every client asks again at once; gives requests a second, and how many failed."""
    ends, counts = time.monotonic() + seconds, [0, 0]

    def ask(seed: int) -> None:
        client, chance = Client(port), random.Random(seed)
        while time.monotonic() < ends:
            body = chance.choice(bodies)
            try:
                found = client.post(body)
            except (RuntimeError, OSError):
                counts[1] += 1
                continue
            counts[0] += 1
            if answers is not None:
                answers.append((body, found))

    run_threads([threading.Thread(target=ask, args=(seed,)) for seed in range(clients)])
    return counts[0] / seconds, counts[1]


def run_threads(threads: Sequence[threading.Thread]) -> None:
    """Start all, wait for all."""
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def read_run(path: Path) -> tuple[list[Any], list[str]]:
    """A run's pages, and the texts of its queries in an order drawn by a seed."""
    from docrerank.runs import Run

    run = Run.open(path)
    queries = sorted({query.text for query in run.queries.read()})
    random.Random(13).shuffle(queries)
    return list(run.pages.read()), queries


def encode(model: str, query: str, documents: Sequence[Any]) -> bytes:
    """A request's body."""
    return json.dumps({"model": model, "query": query, "documents": list(documents)}).encode()


def clock(work: Callable[[], Any]) -> float:
    """Seconds that something takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def cpu_seconds(pid: int) -> float:
    """CPU time of a process, all its threads counted."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident(pid: int) -> int:
    """MiB in memory."""
    found = re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
    return int(found[1]) // 1024 if found else 0


def bootstrap(values: Sequence[float]) -> tuple[float, float]:
    """The 95 % interval of a median, seed 13."""
    drawn = np.random.default_rng(13).choice(np.asarray(values), (2_000, len(values)))
    low, high = np.percentile(np.median(drawn, axis=1), [2.5, 97.5])
    return float(low), float(high)


HOSTILE = (b"1,", b'"a",', b"{},", b'{"text":"a"},')
WORDS = "net sales rose in the year as new stores opened and costs of goods fell while the board met".split()


def main() -> None:
    """Measure one part."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=["load", "overhead", "throughput", "memory", "text", "vision", "faults"])
    parser.add_argument("run", type=Path, nargs="?")
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--requests", type=int, default=20_000)
    options = parser.parse_args()
    if options.part in ("text", "vision"):
        {"text": compare_text, "vision": compare_vision}[options.part](min(options.rounds, 15))
        return
    if options.part == "load":
        measure_load(options.seconds)
        return
    if options.run is None:
        parser.error("this part needs a run")
    if options.part == "overhead":
        measure_overhead(options.run, options.rounds)
    elif options.part == "throughput":
        measure_throughput(options.run, options.seconds)
    elif options.part == "memory":
        measure_memory(options.run, options.requests)
    else:
        survive(options.run, options.seconds)


if __name__ == "__main__":
    main()
