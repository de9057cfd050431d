"""Faults under way: signals, clients that leave, damaged caches, workers that die."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fixtures.servers import Served

from docrerank.reranker import Reranker
from docrerank.retrieval import ENCODINGS
from docrerank.runs import Run
from docrerank.serving.errors import ApiError
from docrerank.serving.workers import Workers

httpx = pytest.importorskip("httpx")
BODY = {"query": "How many employees are there?", "documents": [f"page {index} " * 60 for index in range(150)]}


def wait_for(served: Any, name: str, least: float, seconds: float = 90) -> None:
    """Until a metric has reached a value."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = [line.split()[1] for line in served.get("/metrics").text.splitlines() if line.startswith(name + " ")]
        if found and float(found[0]) >= least:
            return
        time.sleep(0.05)
    raise AssertionError(f"{name} did not reach {least}")


def test_sigterm_lets_what_is_under_way_finish(start: Any) -> None:
    served = start("minilm", "--limit", "request_seconds=600", "--limit", "drain_seconds=600")
    answers: list[int] = []
    asking = threading.Thread(target=lambda: answers.append(served.post("/v1/rerank", BODY).status_code))
    asking.start()
    wait_for(served, "docrerank_queued_pairs", 1)
    served.process.send_signal(signal.SIGTERM)
    asking.join(timeout=600)
    assert answers == [200]
    assert served.process.wait(timeout=60) == 0
    with pytest.raises(httpx.TransportError):
        served.get("/health")


def test_a_client_that_leaves_is_counted_and_its_work_dropped(server: Any) -> None:
    host = int(server.url.rpartition(":")[2])
    import json

    data = json.dumps({**BODY, "documents": [f"leaving {index}" for index in range(9_000)]}).encode()
    head = "POST /v1/rerank HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
    head += f"content-length: {len(data)}\r\n\r\n"
    with socket.create_connection(("127.0.0.1", host)) as sock:
        sock.sendall(head.encode() + data)
        wait_for(server, "docrerank_queued_pairs", 1_000)
    wait_for(server, "docrerank_clients_left_total", 1)
    assert server.post("/v1/rerank", {"query": "a", "documents": ["b"]}).status_code == 200


@pytest.mark.parametrize(("harm", "noticed"), [("cut", False), ("flipped", True)])
def test_a_damaged_page_store_changes_no_score(
    server: Any, start: Any, served_run: Run, untrained: Reranker, tmp_path: Path, harm: str, noticed: bool
) -> None:
    """A file that is cut off is written anew at the start; flipped bytes are noticed when the pages are read."""
    run = Run.open(shutil.copytree(served_run.path, tmp_path / "run"))  # its store was filled by the server before
    files = list((run.path / ENCODINGS).rglob("*.safetensors"))
    assert files
    for file in files:
        data = bytearray(file.read_bytes())
        if harm == "flipped":
            data[len(data) // 2 :: 5] = b"\x7f" * len(data[len(data) // 2 :: 5])
        file.write_bytes(data if harm == "flipped" else data[: len(data) // 2])
    served = start("minilm", "--pages", str(run.path))
    pages = list(run.pages.read())[:8]
    body = {"query": BODY["query"], "documents": [{"page_id": page.id} for page in pages]}
    found = served.post("/v1/rerank", body).json()["results"]
    scores = untrained.predict([(str(BODY["query"]), page) for page in pages])
    served_scores = [hit["relevance_score"] for hit in found]
    np.testing.assert_allclose(served_scores, [scores[hit["index"]] for hit in found], atol=5e-3)
    assert ("page store unreadable" in served.log.read_text()) == noticed


def hang() -> None:
    time.sleep(60)


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def bloat() -> int:
    return len(bytearray(1 << 40))


def answer() -> int:
    return 42


def test_a_reader_that_hangs_dies_or_bloats_costs_only_its_own_task() -> None:
    import asyncio

    async def ask() -> Any:
        workers = Workers()
        try:
            failed = []
            for function in (hang, die, bloat):
                try:
                    await workers.run(function, seconds=3, field="file")
                except ApiError as error:
                    failed.append(error.body.code)
            return failed, await workers.run(answer, seconds=30)
        finally:
            workers.close()

    assert asyncio.run(ask()) == (["too_slow", "unreadable", "unreadable"], 42)


def find_workers(served: Served) -> list[int]:
    children = Path(f"/proc/{served.process.pid}/task/{served.process.pid}/children").read_text().split()
    return [int(pid) for pid in children if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()]


def test_a_worker_process_that_is_killed_is_replaced_and_none_outlives_the_command(start: Any) -> None:
    served = start("minilm", "--workers", "2")
    serving = find_workers(served)
    assert len(serving) == 2
    os.kill(serving[0], signal.SIGKILL)
    deadline, answered = time.monotonic() + 90, 0
    while answered < 20 and time.monotonic() < deadline:
        try:
            assert served.post("/v1/rerank", {"query": "a", "documents": ["b"]}).status_code == 200
            answered += 1
        except httpx.TransportError:
            time.sleep(0.2)
    assert answered == 20
    left = find_workers(served)  # the new one may not be there yet
    served.process.kill()
    served.process.wait()
    deadline = time.monotonic() + 90  # one that has just begun finds out once it has loaded its modules
    while any(is_running(pid) for pid in left) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert left
    assert not any(is_running(pid) for pid in left)


def is_running(pid: int) -> bool:
    """A process that has ended stays in /proc until who adopted it has looked."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
