"""Faults under way: signals, clients that leave, damaged caches, workers that die."""

from __future__ import annotations

import fcntl
import os
import re
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
from docrerank.serving import Limits
from docrerank.serving.errors import ApiError
from docrerank.serving.server import FORCE_SECONDS
from docrerank.serving.uploads import clear_abandoned
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
    wait_for(served, "docrerank_queued_seconds", 0.1)
    served.process.send_signal(signal.SIGTERM)
    asking.join(timeout=600)
    assert answers == [200]
    assert served.process.wait(timeout=60) == 0
    with pytest.raises(httpx.TransportError):
        served.get("/health")


def test_sigterm_answers_what_cannot_finish_with_503_and_ends_in_time(start: Any) -> None:
    """All in flight once got 500 in plain text, and the process ended after its unit files' time."""
    served = start("minilm", "--limit", "request_seconds=600", "--limit", "drain_seconds=1")
    body = {"query": "a", "documents": [f"word {index} " * 900 for index in range(400)]}
    answers: list[Any] = []
    asking = [threading.Thread(target=lambda: answers.append(served.post("/v1/rerank", body))) for _ in range(3)]
    for thread in asking:
        thread.start()
    wait_for(served, "docrerank_queued_seconds", 1)
    stopped = time.monotonic()
    served.process.send_signal(signal.SIGTERM)
    for thread in asking:
        thread.join(timeout=60)
    assert [answer.status_code for answer in answers] == [503] * 3
    assert {answer.json()["code"] for answer in answers} <= {"stopping"}
    assert served.process.wait(timeout=60) == 0
    assert time.monotonic() - stopped < 1 + FORCE_SECONDS + 5


def test_unit_files_give_the_server_the_time_that_it_takes_to_stop() -> None:
    longest = Limits().drain_seconds + FORCE_SECONDS
    deploy = Path(__file__).parents[2] / "deploy"
    systemd = re.search(r"TimeoutStopSec=(\d+)", (deploy / "docrerank.service").read_text())
    kubernetes = re.search(r"terminationGracePeriodSeconds: (\d+)", (deploy / "kubernetes.yaml").read_text())
    assert all(found and int(found[1]) > longest for found in (systemd, kubernetes))


def test_the_folder_of_a_server_that_was_killed_is_deleted_by_the_next_one(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    dead, alive = (tmp_path / f"docrerank-uploads-{name}" for name in ("dead", "alive"))
    for folder in (dead, alive):
        folder.mkdir()
        (folder / ".lock").write_text("")
    with (alive / ".lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        clear_abandoned()
    assert (dead.exists(), alive.exists()) == (False, True)


def test_a_client_that_leaves_is_counted_and_its_work_dropped(server: Any) -> None:
    host = int(server.url.rpartition(":")[2])
    import json

    data = json.dumps({**BODY, "documents": [f"leaving {index}" for index in range(2_000)]}).encode()
    head = "POST /v1/rerank HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
    head += f"content-length: {len(data)}\r\n\r\n"
    with socket.create_connection(("127.0.0.1", host)) as sock:
        sock.sendall(head.encode() + data)
        wait_for(server, "docrerank_queued_seconds", 0.2)
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
    """Children of the process that workers are forked from."""
    return [worker for child in list_children(served.process.pid) for worker in list_children(child)]


def list_children(pid: int) -> list[int]:
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except FileNotFoundError:
        return []


def wait_for_workers(served: Served, count: int, seconds: float = 60, without: int = 0) -> list[int]:
    deadline = time.monotonic() + seconds
    while len(found := [worker for worker in find_workers(served) if worker != without]) < count:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return found


def test_a_worker_process_that_is_killed_is_replaced_and_none_outlives_the_command(start: Any) -> None:
    served = start("minilm", "--workers", "2")
    serving = wait_for_workers(served, 2)
    os.kill(serving[0], signal.SIGKILL)
    assert served.process.poll() is None
    wait_for_workers(served, 2, 20, without=serving[0])
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
