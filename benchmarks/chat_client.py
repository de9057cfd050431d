"""What the chat client costs: requests a second against a server of known latency, and memory over calls.

    python benchmarks/chat_client.py [--calls 10000] [--concurrency 256] [--latency 0.05] [--image-kib 200]

The server is a separate process. The ideal rate is concurrency / latency; how much of it is reached depends on free
cores.
"""

from __future__ import annotations

import argparse
import asyncio
import io
import json
import multiprocessing
import os
import resource
import tempfile
import time
from collections.abc import Iterator
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
from PIL import Image as Pictures

from docrerank.chat import Answer, Cache, ChatClient, ChatRequest, Image
from docrerank.recipe.endpoints import Endpoint

CALLS_PER_PAGE = 10
_BODY = json.dumps(
    {
        "model": "m",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": "fine"}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 100, "completion_tokens": 5, "total_tokens": 105},
    }
).encode()
_RESPONSE = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(_BODY) + _BODY


class Responder(asyncio.Protocol):
    """Answers each request after the latency; reads no more of it than its length."""

    def __init__(self, latency: float) -> None:
        self.missing, self.latency = -1, latency

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport, self.head = transport, b""

    def data_received(self, data: bytes) -> None:
        if self.missing < 0:
            self.head += data
            end = self.head.find(b"\r\n\r\n")
            if end < 0:
                return
            length = self.head[:end].lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
            self.missing, data, self.head = int(length), self.head[end + 4 :], b""
        self.missing -= len(data)
        if self.missing <= 0:
            self.missing = -1
            asyncio.get_running_loop().call_later(self.latency, self.transport.write, _RESPONSE)


def serve(pipe: Connection, latency: float) -> None:
    """Serve until killed; the address goes through the pipe."""

    async def main() -> None:
        server = await asyncio.get_running_loop().create_server(
            lambda: Responder(latency), "127.0.0.1", 0, backlog=1024
        )
        pipe.send(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1")
        await server.serve_forever()

    asyncio.run(main())


def make_picture(kib: int) -> bytes:
    """A JPEG of noise of about this many KiB."""
    side = int((kib * 1024 * 1.1) ** 0.5)
    pixels = np.random.default_rng(0).integers(0, 256, (side, side, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Pictures.fromarray(pixels).save(buffer, "JPEG", quality=60)
    return buffer.getvalue()


def requests(first: int, calls: int, picture: bytes | None) -> Iterator[ChatRequest]:
    """Ten calls a page; a page's image is encoded once."""
    for page in range(first // CALLS_PER_PAGE, (first + calls) // CALLS_PER_PAGE):
        image = [Image.encode(picture + page.to_bytes(4, "big"))] if picture else []
        for number in range(CALLS_PER_PAGE):
            yield ChatRequest((*image, f"question {number} of page {page}"), group=str(page))


async def drive(url: str, path: Path, first: int, args: argparse.Namespace, picture: bytes | None) -> dict[str, float]:
    """Ask all calls with as many askers as the concurrency; pages are made as they are needed."""
    concurrency, calls = args.concurrency // args.processes, args.calls // args.processes
    endpoint = Endpoint(base_url=url, model="m", max_concurrency=concurrency)
    todo = requests(first, calls, picture)
    marks: list[int] = []

    async def work(client: ChatClient) -> None:
        for request in todo:
            assert isinstance(await client.ask(request), Answer)
            marks.append(resident_mib() if len(marks) % 100 == 0 else marks[-1])

    with Cache(path) as cache:
        async with ChatClient(endpoint, cache) as client:
            warm = (ChatRequest((f"warm {first} {n}",)) for n in range(4 * concurrency))
            await asyncio.gather(*(client.ask(request) for request in warm))
            started, cpu = time.perf_counter(), time.process_time()
            await asyncio.gather(*(work(client) for _ in range(concurrency)))
            seconds, spent = time.perf_counter() - started, time.process_time() - cpu
    return {
        "seconds": seconds,
        "cpu_us": spent / calls * 1e6,
        "early_mib": marks[len(marks) // 5],
        "late_mib": marks[-1],
    }


def resident_mib() -> int:
    """Resident memory of this process now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() >> 20


def client_process(url: str, path: Path, first: int, args: argparse.Namespace, kib: int, pipe: Connection) -> None:
    """One client process; its figures go through the pipe."""
    pipe.send(asyncio.run(drive(url, path, first, args, make_picture(kib) if kib else None)))


def measure(url: str, args: argparse.Namespace, kib: int) -> None:
    """Run the client processes over one cache file and print a line."""
    context = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory() as folder:
        pipes = []
        for number in range(args.processes):
            ours, theirs = context.Pipe()
            first = number * args.calls
            context.Process(
                target=client_process, args=(url, Path(folder, "r.sqlite"), first, args, kib, theirs), daemon=True
            ).start()
            pipes.append(ours)
        figures = [pipe.recv() for pipe in pipes]
    rate = sum(args.calls // args.processes / figure["seconds"] for figure in figures)
    ideal = args.concurrency / args.latency
    cpu = sum(figure["cpu_us"] for figure in figures) / len(figures)
    memory = ", ".join(f"{figure['early_mib']:.0f} -> {figure['late_mib']:.0f} MiB" for figure in figures)
    kind = f"{kib} KiB image" if kib else "text only"
    print(
        f"{args.processes} process(es), {kind}: {rate:.0f} of {ideal:.0f} requests/s "
        f"({rate / ideal:.0%}), {cpu:.0f} us of CPU a call, memory after a fifth of the calls -> at the end {memory}",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=10_000)
    parser.add_argument("--concurrency", type=int, default=256)
    parser.add_argument("--image-kib", type=int, default=200)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--latency", type=float, default=0.05)
    args = parser.parse_args()
    ours, theirs = multiprocessing.get_context("spawn").Pipe()
    server = multiprocessing.get_context("spawn").Process(target=serve, args=(theirs, args.latency), daemon=True)
    server.start()
    url = ours.recv()
    print(f"{len(os.sched_getaffinity(0))} cores, load {os.getloadavg()[0]:.1f}")
    for kib in (0, args.image_kib):
        measure(url, args, kib)
    server.kill()


if __name__ == "__main__":
    main()
